"""What installed terminologies cost and bring: ``make bench-language``.

Memory and time are those of fresh processes. Speed and harm compare the shipped lexicon alone with the same and
CIM-10, HPO, BDPM and CCAM installed, on the *dev* halves only (by a hash of the id, as `benches/language.py` does):
the words that are no names (``naming.toml``) were listed by looking at them: these are no figures of a held-out test.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from galien.app import terminologies
from galien.app.understanding import Understanding, compile_terminologies, shipped_understanding, understanding_of
from galien.model.readings import Mention
from language import part, queries, synthetic

HERE = Path(__file__).parent
FOUR = ("cim10", "hpo", "bdpm", "ccam")
ALL = ("cim10", "icd10", "hpo", "orphanet", "mondo", "mesh", "icd10cm", "atc", "bdpm", "ccam", "nabm")
GOALS = {"memory MB": 300, "load s": 2}
_CLINICAL = ("condition", "finding")
_LOADING = """
import sys, time
from pathlib import Path
from galien.app.understanding import understanding_of
def size(): return int(open('/proc/self/statm').read().split()[1]) * 4 / 1024
before, start = size(), time.perf_counter()
known = understanding_of(Path(sys.argv[1]))
took = time.perf_counter() - start
for language in ('fr', 'en'):
    known.reader.read('HTA, infarctus, fever.', language)
print(took, size() - before, len(known.lexicon))
"""


def loading(workspace: Path) -> dict[str, Any]:
    """A process that has just begun opens what was compiled: the best of three."""
    runs = []
    for _ in range(3):
        command = [sys.executable, "-c", _LOADING, str(workspace)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        runs.append((float(out[0]), float(out[1]), int(out[2])))
    took, memory, concepts = min(runs)
    return {"concepts": concepts, "load s": round(took, 2), "memory MB": round(memory)}


def install(workspace: Path, names: Iterable[str], data: Path) -> dict[str, Any]:
    """Install and compile, as the command does."""
    began = time.perf_counter()
    terms = 0
    for name in names:
        card, _ = terminologies.install(workspace, name, data / "terminologies", datetime.now(UTC).date())
        terms += card.terms
    read, cpu = time.perf_counter() - began, time.process_time()
    compile_terminologies(workspace)
    size = sum(file.stat().st_size for file in (workspace / "terminologies").rglob("*") if file.is_file())
    return {
        "terms": terms,
        "read s": round(read, 1),
        "compile s": round(time.perf_counter() - began - read, 1),
        "compile CPU s": round(time.process_time() - cpu, 1),
        "on disk MB": round(size / 1e6),
    }


def cost(data: Path, names: Sequence[str]) -> dict[str, Any]:
    """First compilation, then loading what was compiled."""
    with tempfile.TemporaryDirectory() as folder:
        return {**install(Path(folder), names, data), **loading(Path(folder)), "goals": GOALS}


def speed(data: Path, plain: Understanding, whole: Understanding, documents: int) -> dict[str, Any]:
    """Real French cases (E3C, dev half) read with and without, in turns; process time, one core."""
    cases = map(json.loads, (data / "texts/e3c_cases_fr.jsonl").read_text("utf-8").splitlines())
    some = [case["text"] for case in cases if part(str(case["id"])) == "dev"][:documents]
    took, found = [0.0, 0.0], [0, 0]
    for text in some[:50]:
        plain.reader.read(text, "fr")
        whole.reader.read(text, "fr")
    for text in some:
        for which, known in enumerate((plain, whole)):
            began = time.process_time()
            mentions = known.reader.read(text, "fr", at="2024-01-01").mentions
            took[which] += time.process_time() - began
            found[which] += len(mentions)
    return {
        "documents": len(some),
        "shipped documents/s": round(len(some) / took[0]),
        "installed documents/s": round(len(some) / took[1]),
        "shipped mentions": found[0],
        "installed mentions": found[1],
        "more mentions %": round(100 * (found[1] / found[0] - 1), 1),
    }


def entities(data: Path, plain: Understanding, whole: Understanding, language: str) -> dict[str, Any]:
    """Conditions and findings against the clinical entities and events that E3C's annotators marked (dev half).

    Precision is the share of our mentions that overlap one of theirs, recall the share of their entities that
    one of ours overlaps; *new* are the mentions that only the installed terminologies give.
    """
    counts = {name: [0, 0, 0] for name in ("shipped", "installed")}
    new = [0, 0]
    gold_entities = documents = 0
    for line in (data / f"language/e3c_assertion/{language}.jsonl").read_text("utf-8").splitlines():
        item = json.loads(line)
        if part(item["id"]) != "dev":
            continue
        documents += 1
        entities = [(e["b"], e["e"]) for e in item["ents"]]
        marked = entities + [(e["b"], e["e"]) for e in item["events"]]
        gold_entities += len(entities)
        read = {
            name: [m for m in known.reader.read(item["text"], language).mentions if m.kind in _CLINICAL]
            for name, known in (("shipped", plain), ("installed", whole))
        }
        for name, mentions in read.items():
            counts[name][0] += len(mentions)
            counts[name][1] += sum(_over(mention, marked) for mention in mentions)
            counts[name][2] += sum(any(m.start < end and start < m.end for m in mentions) for start, end in entities)
        before = {(m.start, m.end) for m in read["shipped"]}
        added = [m for m in read["installed"] if (m.start, m.end) not in before]
        new[0] += len(added)
        new[1] += sum(_over(mention, marked) for mention in added)
    told: dict[str, Any] = {"documents": documents, "gold entities": gold_entities}
    for name, (every, right, reached) in counts.items():
        told[f"{name} mentions"] = every
        told[f"{name} precision"] = round(right / max(every, 1), 3)
        told[f"{name} recall"] = round(reached / max(gold_entities, 1), 3)
    return told | {"new mentions": new[0], "new precision": round(new[1] / max(new[0], 1), 3)}


def _over(mention: Mention, spans: list[tuple[int, int]]) -> bool:
    return any(mention.start < end and start < mention.end for start, end in spans)


def harm(data: Path, plain: Understanding, whole: Understanding, patients: int) -> dict[str, Any]:
    """Synthetic reports (seed 11, dev wordings) and written queries (dev), with and without."""
    told: dict[str, Any] = {}
    for language in ("fr", "en"):
        for name, known in (("shipped", plain), ("installed", whole)):
            found = synthetic(known, language, patients, 11, "dev")
            asked = queries(known, language)
            told[f"{language} {name}"] = {
                **{key: found[key] for key in ("mentions", "concept recall", "context accuracy", "F1")},
                "queries": asked["dev queries"],
                "queries exact": asked["dev exact"],
            }
    return told


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared/data", help="public data sets")
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--only", default="", help="a comma-separated choice of the lines")
    chosen = parser.parse_args(arguments)
    if not (chosen.data / "terminologies").is_dir():
        print(f"skipped: {chosen.data / 'terminologies'} is absent (--data)")
        return
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        kept: list[Understanding] = []

        def four() -> Understanding:
            if not kept:
                install(workspace, FOUR, chosen.data)
                kept.append(understanding_of(workspace))
            return kept[0]

        plain = shipped_understanding()
        lines: dict[str, Callable[[], dict[str, Any]]] = {
            "shipped": lambda: loading(workspace / "none"),
            "CIM-10 + HPO + BDPM + CCAM": lambda: cost(chosen.data, FOUR),
            "all that is in the data": lambda: cost(chosen.data, ALL),
            "speed": lambda: speed(chosen.data, plain, four(), chosen.documents),
            "E3C fr (dev)": lambda: entities(chosen.data, plain, four(), "fr"),
            "E3C en (dev)": lambda: entities(chosen.data, plain, four(), "en"),
            "harm (dev)": lambda: harm(chosen.data, plain, four(), chosen.patients),
        }
        results: dict[str, Any] = {}
        for name, measure in lines.items():
            if not chosen.only or any(name.startswith(only) for only in chosen.only.split(",")):
                results[name] = measure()
                print(json.dumps({name: results[name]}, ensure_ascii=False, indent=1), flush=True)
    if not chosen.only:
        (HERE / "results").mkdir(exist_ok=True)
        path = HERE / "results/terminologies.json"
        path.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
