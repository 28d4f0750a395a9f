"""Query bench: 300,000 documents, in process and over HTTP while an ingest runs.

    python benches/query_latency.py [--documents 300000] [--keep FOLDER]

Data: the sentences of E3C French clinical cases, MTSamples and IU X-ray reports (under ``GALIEN_DATA``) are
shuffled within each set (seed 11) and dealt into new documents of 8 to 16 sentences (3 to 6 for X-ray reports)
with distinct ids, 30,000 patients, dates, services and types; where the data are absent, the sentences of the
synthetic hospital are used, and the report says so. Documents go in through the ordinary ingest.

Queries: 1 to 4 words that stand together in one sentence of one document (seed 12), never tuned on. Each answer
is what a page shows: twenty hits with quotes and marks, totals of the four kinds, facets. Peer, in the same run,
on the same texts: SQLite FTS5 (bm25, snippet, twenty hits) without any facet.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import galien
from galien.app.demonstration import generate
from galien.index.embedded import TantivyIndex
from galien.language import is_stop_word, tokens
from galien.query.planning import plan
from galien.query.syntax import parse

SERVICES = ("Cardiologie", "Orthopédie", "Neurologie", "Médecine interne", "Urgences", "Pneumologie", "Chirurgie")
KINDS = ("operative-report", "discharge-letter", "consultation", "imaging-report", "progress-note")
MAPPING = """
[[table]]
files = "documents-*.jsonl"
record = "document"
name = "bench"
[table.columns]
id = "id"
patient = "ipp"
title = "title"
text = "text"
at = "date"
service = "service"
kind = "kind"

[[table]]
files = "patients.csv"
record = "patient"
[table.columns]
id = "ipp"
patient = "ipp"
family = "family"
birth_date = "birth"
sex = "sex"
"""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ý])")


def pools(data: Path) -> tuple[list[tuple[list[str], int, int]], str]:
    """Sentences of each set with the shortest and longest document to make of them, and where they come from."""
    csv.field_size_limit(1 << 26)
    texts = data / "texts"
    if not texts.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder), 300, 3, "fr")
            found = [f.read_bytes().decode("utf-8", "replace") for f in Path(folder, "files/text").glob("*.txt")]
        return [(_sentences(found), 8, 16)], "sentences of the synthetic hospital (the public texts are absent)"
    cases = [json.loads(line)["text"] for line in (texts / "e3c_cases_fr.jsonl").open(encoding="utf-8")]
    with (texts / "mtsamples_en/mtsamples.csv").open(encoding="utf-8") as file:
        samples = [row["text"] for row in csv.DictReader(file)]
    reports = [r["report"] for r in json.loads((texts / "iu_xray_reports_en/annotation.json").read_text())["train"]]
    made = [(_sentences(cases), 8, 16), (_sentences(samples), 8, 16), (_sentences(reports), 3, 6)]
    return made, "E3C cases fr, MTSamples en, IU X-ray en, sentences shuffled"


def _sentences(texts: list[str]) -> list[str]:
    return [s.strip() for text in texts for s in _SENTENCE.split(" ".join(text.split())) if 20 < len(s) < 400]


def documents(sets: list[tuple[list[str], int, int]], count: int) -> Iterator[dict[str, str]]:
    deal = random.Random(11)
    for number in range(count):
        sentences, low, high = sets[deal.choices((0, 1, 2)[: len(sets)], (5, 3, 2)[: len(sets)])[0]]
        chosen = deal.sample(sentences, deal.randint(low, high))
        yield {
            "id": f"b{number}",
            "ipp": str(deal.randrange(30_000)),
            "title": chosen[0][:60].rsplit(" ", 1)[0],
            "text": "\n".join(chosen),
            "date": f"{deal.randint(2012, 2025)}-{deal.randint(1, 12):02d}-{deal.randint(1, 28):02d}",
            "service": deal.choice(SERVICES),
            "kind": deal.choice(KINDS),
        }


def queries(sample: list[str], count: int) -> list[str]:
    """Words that stand in one sentence, in order; stop words and numbers left out."""
    pick = random.Random(12)
    found: list[str] = []
    while len(found) < count:
        line = pick.choice(pick.choice(sample).split("\n"))
        words = [t.exact for t in tokens(line) if len(t.exact) > 3 and t.exact.isalpha() and not is_stop_word(t.exact)]
        size = 1 + len(found) % 4
        if len(words) >= size:
            start = pick.randrange(len(words) - size + 1)
            found.append(" ".join(words[start : start + size]))
    return found


def summary(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50 ms": round(1000 * statistics.median(ordered), 1),
        "p95 ms": round(1000 * ordered[int(len(ordered) * 0.95)], 1),
        "p99 ms": round(1000 * ordered[int(len(ordered) * 0.99)], 1),
        "max ms": round(1000 * ordered[-1], 1),
    }


def words_alone(folder: Path, asked: list[str]) -> dict[str, float]:
    """What the peer does, and no more: twenty ids by score and the total, from the index of the workspace."""
    index = TantivyIndex(folder / "index")
    snapshot = index.snapshot()
    times = []
    for query in asked:
        clock = time.perf_counter()
        snapshot.search(plan(parse(query)).clause, limit=20)
        times.append(time.perf_counter() - clock)
    index.close()
    return summary(times)


def in_process(folder: Path, asked: list[str]) -> dict[str, object]:
    result: dict[str, object] = {}
    with galien.open(folder) as workspace:
        for kind in ("documents", "patients"):
            for query in asked[:40]:
                workspace.search(query, kind=kind)
            by_size: dict[int, list[float]] = {1: [], 2: [], 3: [], 4: []}
            for query in asked:
                clock = time.perf_counter()
                workspace.search(query, kind=kind)
                by_size[len(query.split())].append(time.perf_counter() - clock)
            result[kind] = summary([t for times in by_size.values() for t in times])
            result[f"{kind} by words"] = {size: summary(times)["p50 ms"] for size, times in by_size.items()}
        prefixes = [word[:3] for query in asked for word in query.split()][:400]
        times = []
        for prefix in prefixes:
            clock = time.perf_counter()
            workspace.suggest(prefix, 8)
            times.append(time.perf_counter() - clock)
        result["suggestions"] = summary(times)
    return result


def peer(texts: Iterator[dict[str, str]], asked: list[str], folder: Path) -> dict[str, float]:
    """SQLite FTS5 over the same texts: twenty hits by bm25 with a snippet, and the total."""
    db = sqlite3.connect(folder / "peer.sqlite")
    db.execute('CREATE VIRTUAL TABLE d USING fts5(title, body, tokenize="unicode61 remove_diacritics 2")')
    db.executemany("INSERT INTO d VALUES (?, ?)", ((d["title"], d["text"]) for d in texts))
    db.commit()
    times = []
    for query in asked:
        words = " ".join(f'"{w}"' for w in query.split())
        clock = time.perf_counter()
        db.execute(
            "SELECT rowid, snippet(d, 1, '<', '>', '…', 24) FROM d WHERE d MATCH ? ORDER BY bm25(d) LIMIT 20", (words,)
        ).fetchall()
        db.execute("SELECT count(*) FROM d WHERE d MATCH ?", (words,)).fetchone()
        times.append(time.perf_counter() - clock)
    db.close()
    return summary(times)


def over_http(folder: Path, asked: list[str], port: int) -> dict[str, object]:
    """Start, idle memory, then 8 users while the server ingests a synthetic hospital."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    clock = time.perf_counter()
    server = subprocess.Popen(
        [str(Path(sys.executable).with_name("galien")), "--workspace", str(folder), "serve", "--port", str(port)],
        env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                urlopen(f"{base}/", timeout=5).read()
                break
            except OSError:
                if server.poll() is not None:
                    raise RuntimeError("the server did not start") from None
                time.sleep(0.02)
        started = time.perf_counter() - clock
        for query in asked[:50]:
            urlopen(f"{base}/api/v1/search?q={quote(query)}").read()
        time.sleep(2)
        idle, own = _memory(server.pid)
        calm = _users(base, asked, 8, 10)
        with tempfile.TemporaryDirectory() as hospital:
            # Another hospital each time, so that a kept workspace does not know it yet.
            batches = json.loads(urlopen(f"{base}/api/v1/status").read())["batches"]
            generate(Path(hospital), 400, 9 + batches, "fr")
            body = json.dumps({"paths": [f"{hospital}/files"], "feed": "bench"}).encode()
            order = Request(f"{base}/api/v1/ingest", body, {"Content-Type": "application/json", "Origin": base})
            job = json.loads(urlopen(order).read())
            busy = _users(base, asked, 8, 0, until=lambda: _state(base, job["id"]) != "running")
            ended = json.loads(urlopen(f"{base}/api/v1/jobs/{job['id']}").read())
            if ended["state"] != "done":
                raise RuntimeError(f"the ingest ended as {ended}")
            report = ended["report"]
        return {
            "start to first page, s": round(started, 2),
            "idle server, MB": idle,
            "idle server without mapped files, MB": own,
            "8 users, no ingest": calm,
            "8 users while ingesting": busy,
            "that ingest": {"files": report["files"], "seconds": report["seconds"]},
        }
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def _state(base: str, job: str) -> str:
    return str(json.loads(urlopen(f"{base}/api/v1/jobs/{job}").read())["state"])


def _users(base: str, asked: list[str], users: int, seconds: float, until: object = None) -> dict[str, object]:
    """Each user asks, reads for a moment (100 to 300 ms), and asks again."""
    times: list[float] = []
    stop = threading.Event()

    def user(number: int) -> None:
        pick = random.Random(number)
        while not stop.is_set():
            query = pick.choice(asked)
            kind = pick.choice(("documents", "patients"))
            clock = time.perf_counter()
            urlopen(f"{base}/api/v1/search?q={quote(query)}&kind={kind}").read()
            times.append(time.perf_counter() - clock)
            time.sleep(pick.uniform(0.1, 0.3))

    threads = [threading.Thread(target=user, args=(n,)) for n in range(users)]
    for thread in threads:
        thread.start()
    if callable(until):
        while not until():
            time.sleep(0.5)
    else:
        time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    return {"queries": len(times), **summary(times)}


def _memory(pid: int) -> tuple[int, int]:
    """Resident memory of a process and the part that is not pages of mapped files, in MB."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return tuple(round(int(lines[name].split()[0]) / 1000) for name in ("VmRSS", "RssAnon"))  # type: ignore[return-value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=300_000)
    parser.add_argument("--queries", type=int, default=800)
    parser.add_argument("--keep", type=Path, help="reuse or keep the workspace here")
    parser.add_argument("--port", type=int, default=8499)
    parser.add_argument("--out", type=Path, default=Path("benches/results/query_latency.json"))
    options = parser.parse_args()
    sets, origin = pools(Path(os.environ.get("GALIEN_DATA", "../shared/data")))
    folder = options.keep or Path(tempfile.mkdtemp())
    workspace = folder / "workspace"
    result: dict[str, object] = {"data": origin, "documents": options.documents, "queries": options.queries}
    try:
        if not workspace.is_dir():
            result["ingest"] = fill(folder, workspace, sets, options.documents)
        sample = [d["text"] for d in documents(sets, 2000)]
        asked = queries(sample, options.queries)
        index = sum(f.stat().st_size for f in (workspace / "index").rglob("*") if f.is_file())
        text = sum(len(d["text"].encode()) for d in documents(sets, options.documents))
        result["text MB"] = round(text / 1e6)
        result["index MB"] = round(index / 1e6)
        result["index / text"] = round(index / text, 2)
        result["in process"] = in_process(workspace, asked)
        result["words alone"] = words_alone(workspace, asked)
        result["peer: SQLite FTS5"] = peer(documents(sets, options.documents), asked, folder)
        mine, theirs = result["words alone"]["p50 ms"], result["peer: SQLite FTS5"]["p50 ms"]  # type: ignore[index]
        result["peer p50 / words alone p50"] = round(theirs / mine, 1)
        result["over HTTP"] = over_http(workspace, asked, options.port)
    finally:
        if options.keep is None:
            shutil.rmtree(folder)
        else:
            (folder / "peer.sqlite").unlink(missing_ok=True)
    print(json.dumps(result, indent=2, ensure_ascii=False))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2, ensure_ascii=False), "utf-8")


def fill(folder: Path, workspace: Path, sets: list[tuple[list[str], int, int]], count: int) -> dict[str, object]:
    """Write the documents as JSON lines and ingest them like anything else."""
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    shard = None
    for number, document in enumerate(documents(sets, count)):
        if number % 5000 == 0:
            if shard is not None:
                shard.close()
            shard = (files / f"documents-{number // 5000:04d}.jsonl").open("w", encoding="utf-8")
        assert shard is not None
        shard.write(json.dumps(document, ensure_ascii=False) + "\n")
    if shard is not None:
        shard.close()
    deal = random.Random(13)
    rows = [f"{n},Patient {n},{deal.randint(1930, 2010)}-06-15,{deal.choice('FM')}" for n in range(30_000)]
    (files / "patients.csv").write_text("\n".join(["ipp,family,birth,sex", *rows]), "utf-8")
    mapping = folder / "mapping.toml"
    mapping.write_text(MAPPING, "utf-8")
    with galien.open(workspace) as opened:
        report = opened.ingest([files], mapping=mapping)
    shutil.rmtree(files)
    assert not report.quarantined, report.quarantined[:3]
    return {"seconds": report.seconds, "records": dict(report.records), "stages": report.stages}


if __name__ == "__main__":
    main()
