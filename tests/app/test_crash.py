"""Killed at any moment, an ingest loses nothing acknowledged, doubles nothing, and resumes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import galien
from galien.model.answers import SearchRequest

KILLS = int(os.environ.get("GALIEN_KILLS", "50"))
DOCUMENTS = 120


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small FHIR bundles: a patient, two measures and a note each."""
    folder = tmp_path_factory.mktemp("letters")
    for n in range(DOCUMENTS):
        (folder / f"{n:03d}.json").write_text(json.dumps(_bundle(n)), "utf-8")
    return folder


def _bundle(n: int) -> dict[str, object]:
    reference = {"reference": f"Patient/p{n // 3}"}
    note = f"Compte rendu {n}. Coxarthrose droite évoluée, mot unique lettre{n}."
    resources: list[dict[str, object]] = [
        {
            "resourceType": "Patient",
            "id": f"p{n // 3}",
            "identifier": [{"system": "urn:oid:1.2.3", "value": str(n // 3)}],
            "gender": "female",
            "birthDate": "1950-06-15",
        },
        *(
            {
                "resourceType": "Observation",
                "id": f"o{n}-{k}",
                "status": "final",
                "subject": reference,
                "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "HbA1c"}]},
                "effectiveDateTime": f"2024-0{k + 1}-12",
                "valueQuantity": {"value": 7.1 + k, "unit": "%"},
            }
            for k in range(2)
        ),
        {
            "resourceType": "DocumentReference",
            "id": f"d{n}",
            "status": "current",
            "subject": reference,
            "date": "2024-03-12T08:00:00+01:00",
            "type": {"coding": [{"system": "http://loinc.org", "code": "11504-8"}]},
            "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": _base64(note)}}],
        },
    ]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": f"urn:x:{r['id']}", "resource": r} for r in resources],
    }


def _base64(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


def _start(workspace: Path, folder: Path) -> subprocess.Popen[bytes]:
    program = (
        "import sys, galien.app.ingest as i; i.GROUP_RECORDS = 25\n"  # many small commits: many moments to die
        "from galien.app.workspace import Workspace; from pathlib import Path\n"
        "w = Workspace(Path(sys.argv[1]), wait=30); w.ingest([Path(sys.argv[2])], workers=0); w.close()\n"
    )
    return subprocess.Popen([sys.executable, "-c", program, str(workspace), str(folder)])


def test_fifty_kills_at_random_moments_lose_and_double_nothing(letters: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    chance = random.Random(7)
    began = time.monotonic()
    whole = tmp_path / "whole"
    process = _start(whole, letters)
    assert process.wait() == 0
    length = time.monotonic() - began
    killed = 0
    acknowledged = 0
    while killed < KILLS:
        process = _start(workspace, letters)
        try:
            process.wait(timeout=chance.uniform(0.25, 1.0) * length)
            if process.returncode != 0:
                pytest.fail("an ingest failed by itself")
            # It ran to its end before the kill: begin again on a fresh workspace.
            workspace = workspace.with_name(f"workspace{killed}")
            acknowledged = 0
            killed += 1
            continue
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
        if (workspace / "ledger.sqlite").exists() and killed % 5 == 0:
            now = _files(workspace)
            assert now >= acknowledged, "an acknowledged file was lost"
            acknowledged = now
    assert _start(workspace, letters).wait() == 0
    with galien.open(workspace) as opened, galien.open(whole) as reference:
        assert opened.verify() == []
        assert opened.status().kinds == reference.status().kinds
        assert opened.status().omop == reference.status().omop
        assert opened.status().files == DOCUMENTS
        for n in (0, 57, DOCUMENTS - 1):
            answer = opened.search(SearchRequest(query=f"lettre{n}", kind="documents")).value
            assert answer.total == 1


def _files(workspace: Path) -> int:
    with galien.open(workspace) as opened:
        assert opened.verify(bytes_too=False) == []
        return opened.status().files
