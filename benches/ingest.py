"""Ingest bench: real FHIR bundles, then mixed documents of the synthetic hospital.

    python benches/ingest.py [--patients 1300] [--out benches/results/ingest.json]

Data sets: ``records/fhir_synthea_r4`` under ``GALIEN_DATA`` (218 FHIR R4 bundles, gzipped; unpacked size is
printed), and the generator's files (about 15 documents a patient, seed 5). Peer, in the same run: the
same bundles merely decoded by the standard library's ``json`` in one process, a floor that no reader that
uses it can beat. Memory is the largest resident size of the owner plus its parsing processes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

import galien
from galien.app.demonstration import generate

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Memory:
    """Samples the resident size of this process and its descendants."""

    def __init__(self) -> None:
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self.peak = max(self.peak, sum(_resident(pid) for pid in _family(os.getpid())))


def _family(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rsplit(")", 1)[1].split()[1])
    found = [root]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def measure(name: str, paths: list[Path]) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder, Memory() as memory:
        with galien.open(folder) as workspace:
            report = workspace.ingest(paths)
            status = workspace.status()
        index = sum(f.stat().st_size for f in (Path(folder) / "index").rglob("*") if f.is_file())
    records = sum(report.records.values())
    parsing = report.stages.get("parsing (all processes)", 0.0)
    stages = {k: round(v / report.seconds, 3) for k, v in report.stages.items()}
    result: dict[str, object] = {
        "data": name,
        "files": report.files,
        "MB": round(report.bytes / 1e6, 1),
        "records": records,
        "quarantined": len(report.quarantined),
        "seconds": round(report.seconds, 1),
        "MB/s": round(report.bytes / 1e6 / report.seconds, 1),
        "records/s": round(records / report.seconds),
        "peak MB": round(memory.peak / 1e6),
        "parsing core-seconds": round(parsing, 1),
        "stages, share of wall time": stages,
        "index MB": round(index / 1e6, 1),
        "stored MB": round(status.bytes_stored / 1e6, 1),
        "kinds": status.kinds,
    }
    print(json.dumps(result, indent=2, ensure_ascii=False), flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=1300)
    parser.add_argument("--out", type=Path, default=Path("benches/results/ingest.json"))
    options = parser.parse_args()
    data = Path(os.environ.get("GALIEN_DATA", "../shared/data"))
    results: list[dict[str, object]] = []
    bundles = data / "records" / "fhir_synthea_r4"
    if bundles.is_dir():
        results.append(measure("fhir_synthea_r4", [bundles]))
        clock = time.perf_counter()
        for file in sorted(bundles.glob("*.gz")):
            json.loads(gzip.decompress(file.read_bytes()))
        floor = time.perf_counter() - clock
        results[0]["peer: json.loads alone, s"] = round(floor, 1)
        results[0]["ratio to peer"] = round(float(str(results[0]["seconds"])) / floor, 2)
        print(f"peer (gzip + json.loads, one process): {floor:.1f} s", flush=True)
    else:
        print(f"{bundles} is not here: skipped")
    hospital = Path(tempfile.mkdtemp())
    try:
        generate(hospital, options.patients, 5, "fr")
        results.append(measure(f"synthetic hospital, {options.patients} patients, seed 5", [hospital / "files"]))
    finally:
        shutil.rmtree(hospital)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=2, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
