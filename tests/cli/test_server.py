"""One owner at a time: while a server runs, the other commands talk to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

GALIEN = str(Path(sys.executable).with_name("galien"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    workspace = tmp_path / "ws"
    process = subprocess.Popen(
        [GALIEN, "--workspace", str(workspace), "serve", "--port", str(port)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urlopen(url, timeout=5).read()
            break
        except OSError:
            assert process.poll() is None, "the server did not start"
            time.sleep(0.05)
    yield workspace, url
    process.send_signal(signal.SIGINT)
    assert process.wait(30) in (0, 1)
    assert process.stdout is not None
    process.stdout.close()


def run(workspace: Path, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [GALIEN, "--workspace", str(workspace), *arguments, "--json"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_ingest_search_and_status_go_through_the_server(server: tuple[Path, str], hospital: Path) -> None:
    workspace, url = server
    report = run(workspace, "ingest", str(hospital))
    assert report["records"]["document"] == 4  # type: ignore[index]
    found = run(workspace, "search", "hanche droite", "--kind", "documents")
    over_http = json.loads(urlopen(f"{url}/api/v1/search?q=hanche+droite&kind=documents&limit=10").read())
    assert [h["id"] for h in found["hits"]] == [h["id"] for h in over_http["hits"]]  # type: ignore[index]
    assert run(workspace, "status")["kinds"] == {"patients": 3, "documents": 4, "images": 0, "articles": 1}


def test_a_question_goes_through_the_server(server: tuple[Path, str], hospital: Path) -> None:
    workspace, _ = server
    run(workspace, "ingest", str(hospital))
    reply = run(workspace, "ask", "1", "date de la pose de la PTH")
    assert (reply["verdict"], reply["value"], reply["patient"]) == ("found", "2024-03-12", "p1")
