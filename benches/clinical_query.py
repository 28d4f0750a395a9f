"""Executing clinical queries of six criteria over a synthetic hospital: ``python benches/clinical_query.py``.

Each query is executed on a cold cache of criteria (a hospital asks new questions) and searched whole: reading,
execution, counts, chips, evidence of the first page. Then each of its criteria is dropped in turn, as a chip's
cross does, and the whole page made again; then the page with those who miss one criterion only; then why, or why
not, for one patient. Goals: execution p95 300 ms, a toggled criterion 200 ms, on 10,000 patients.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from galien.app.workspace import Workspace

HERE = Path(__file__).parent
CRITERIA = {
    "who": ["femme", "homme", "plus de 60 ans", "entre 50 et 80 ans", "femme de plus de 70 ans", "moins de 75 ans"],
    "has": ["HTA", "diabète", "FA", "BPCO", "dyslipidémie", "insuffisance rénale", "coxarthrose", "cancer", "AVC"],
    "not": ["sans asthme", "sans goutte", "sans dépression", "sans hypothyroïdie", "sans embolie pulmonaire"],
    "drug": ["sous paracétamol ou tramadol", "sous anticoagulant", "sous statine", "sous bêtabloquant ou IEC"],
    "value": ["créatinine > 80 µmol/L", "hémoglobine < 13 g/dL", "CRP > 10 mg/L", "kaliémie > 4", "leucocytes > 6"],
    "time": [
        "fièvre ou douleur dans les 6 mois après une chirurgie",
        "hémoglobine < 12 dans les 10 jours après arthroplastie",
        "CRP > 20 dans les 30 jours après intervention",
        "radiographie avant arthroplastie",
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--queries", type=int, default=120)
    parser.add_argument("--keep", type=Path, help="reuse or keep the workspace here")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = chosen.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        command = [
            sys.executable,
            "-m",
            "galien",
            "demo",
            "generate",
            f"{folder}/h",
            "--patients",
            str(chosen.patients),
        ]
        made = not (folder / "w").is_dir()
        if made:
            subprocess.run([*command, "--seed", str(chosen.seed)], check=True, capture_output=True)
        with Workspace(folder / "w") as workspace:
            report = workspace.ingest([folder / "h/files"]) if made else None
            rows = workspace.status().omop
            result = {
                "patients": chosen.patients,
                "seed": chosen.seed,
                "ingest s": round(report.seconds, 1) if report else "kept from before",
                "rows": {name: rows[name] for name in ("note", "note_nlp", "measurement", "condition_occurrence")},
                **_measure(workspace, chosen.queries, random.Random(chosen.seed)),
            }
    print(json.dumps(result, ensure_ascii=False, indent=1))
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results/clinical_query.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _measure(workspace: Workspace, queries: int, chance: random.Random) -> dict[str, object]:
    clinical, engine = workspace._clinical, workspace._engine
    workspace.search("HTA", kind="patients")
    executed, searched, found, toggled, near, why = [], [], [], [], [], []
    for _ in range(queries):
        query = ", ".join(chance.choice(choices) for choices in CRITERIA.values())
        understood = clinical.understand(query)
        assert understood is not None
        clinical._known = {}
        began = time.perf_counter()
        execution = clinical.execution(engine._snapshot(None))
        outcome = execution.run(understood.query)
        executed.append((time.perf_counter() - began) * 1000)
        clinical._known = {}
        began = time.perf_counter()
        answer = workspace.search(query, kind="patients").value
        searched.append((time.perf_counter() - began) * 1000)
        for criterion in answer.understood:
            toggled.append(_timed(partial(workspace.search, criterion.without, kind="patients")))
        near.append(_timed(partial(workspace.search, query, kind="patients", near=True)))
        someone = f"p{chance.choice(execution.everyone.tolist())}"
        why.append(_timed(partial(workspace.why, someone, query)))
        found.append(len(outcome.patients))
    return {
        "queries": queries,
        "with an answer": sum(1 for n in found if n),
        "execution": _told(executed),
        "whole search": _told(searched),
        "one criterion dropped": _told(toggled),
        "with near misses": _told(near),
        "why, or why not": _told(why),
    }


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _told(times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=100)
    return {"p50 ms": round(cuts[49], 1), "p95 ms": round(cuts[94], 1), "max ms": round(max(times), 1)}


if __name__ == "__main__":
    main()
