"""Questions on one patient over a synthetic hospital: ``python benches/questions.py``.

The expected answers are made from the truth files alone, in plain Python. The wordings (``benches/questions/*.tsv``)
were written before the first run; a third, by a hash of the wording, is held out: rules were worked on with the rest.
Every quote shown is compared with the document's stored text.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from galien.app.workspace import Workspace
from galien.model.replies import Ask, Reply

HERE = Path(__file__).parent
TODAY = date(2026, 1, 15)
ANALYTES = {
    "4548-4": ("HbA1c", "HbA1c"),
    "14749-6": ("glycémie", "glucose"),
    "14682-9": ("créatinine", "creatinine"),
    "2823-3": ("kaliémie", "potassium"),
    "2951-2": ("natrémie", "sodium"),
    "718-7": ("hémoglobine", "haemoglobin"),
    "6690-2": ("leucocytes", "white cell count"),
    "777-3": ("plaquettes", "platelets"),
    "1988-5": ("CRP", "CRP"),
    "33762-6": ("NT-proBNP", "NT-proBNP"),
    "3016-3": ("TSH", "TSH"),
    "22664-7": ("urée", "urea"),
}
ACTS = {
    "NEKA020": ("PTH", "total hip replacement"),
    "NFKA007": ("PTG", "total knee replacement"),
    "HHFA016": ("appendicectomie", "appendicectomy"),
    "HHFA002": ("colectomie", "colectomy"),
    "QEFA004": ("tumorectomie", "lumpectomy"),
    "JQGA003": ("césarienne", "caesarean section"),
    "AAQP007": ("EEG", "EEG"),
    "AFHB002": ("ponction lombaire", "lumbar puncture"),
    "BFGA004": ("chirurgie de la cataracte", "cataract surgery"),
}
CONDITIONS = {
    "I10": ("HTA", "hypertension"),
    "E11.9": ("diabète", "diabetes"),
    "I48.9": ("fibrillation atriale", "atrial fibrillation"),
    "E78.5": ("dyslipidémie", "dyslipidaemia"),
    "J44.9": ("BPCO", "COPD"),
    "E03.9": ("hypothyroïdie", "hypothyroidism"),
    "J45.9": ("asthme", "asthma"),
    "M10.9": ("goutte", "gout"),
}
WIDER = {"I48.9": ("I49.9",)}
"""Codes that are wider: denying them denies the condition (no arrhythmia: no atrial fibrillation)."""
DRUGS = {
    "A10BA02": ("metformine", "metformin"),
    "A10BB09": ("gliclazide", "gliclazide"),
    "H03AA01": ("lévothyroxine", "levothyroxine"),
    "N06AB06": ("sertraline", "sertraline"),
    "M04AA01": ("allopurinol", "allopurinol"),
    "C09CA01": ("losartan", "losartan"),
    "C08CA01": ("amlodipine", "amlodipine"),
}
"""Drugs that documents name of those alone who take them."""
CLASSES = {"C10AA": ("statine", "statin"), "H03A": ("hormone thyroïdienne", "thyroid hormone")}
SUBSTANCES = {
    "Z88.0": ("pénicilline", "penicillin"),
    "Z88.5": ("codéine", "codeine"),
    "Z91.0": ("latex", "latex"),
    "Z88.8": ("produits de contraste", "contrast media"),
}
DOCUMENTS = {
    "operative-report": ("compte rendu opératoire", "operative report"),
    "discharge-letter": ("compte rendu d'hospitalisation", "discharge letter"),
    "consultation": ("courrier de consultation", "clinic letter"),
}
SLOTS = ("analyte", "act", "condition", "drug", "class", "substance", "document", "year")


@dataclass
class Truth:
    """What is really the case of one patient, and what documents deny, as the truth files say it."""

    ipp: str
    person: dict[str, Any]
    labs: dict[str, list[tuple[str, float, str]]] = field(default_factory=lambda: defaultdict(list))
    acts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    drugs: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    conditions: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    stays: list[tuple[str, str]] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    documents: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True)
class Case:
    """One question with its slots filled, and the check of its answer."""

    form: str
    slots: dict[str, str]
    right: Callable[[Reply], bool]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=300, help="patients of each hospital")
    parser.add_argument("--asked", type=int, default=40, help="questions for each wording")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--made", type=Path, help="folder with hospitals and workspaces made before (bfr, bwfr...)")
    parser.add_argument("--show", type=int, default=0, help="wrong answers of dev wordings to print")
    parser.add_argument("--split", choices=["dev", "all"], default="all")
    chosen = parser.parse_args()
    result: dict[str, Any] = {"seed": chosen.seed, "questions for each wording": chosen.asked}
    result["load average, processors"] = [round(os.getloadavg()[0], 1), os.cpu_count()]
    with tempfile.TemporaryDirectory() as folder:
        for language in ("fr", "en"):
            base = chosen.made or Path(folder)
            if chosen.made is None:
                _make(base, language, chosen.patients, chosen.seed)
            result[language] = measure(base, language, chosen)
    print(json.dumps(result, ensure_ascii=False, indent=1))
    if chosen.split == "all":
        (HERE / "results").mkdir(exist_ok=True)
        (HERE / "results/questions.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _make(base: Path, language: str, patients: int, seed: int) -> None:
    command = [sys.executable, "-m", "galien", "demo", "generate", str(base / f"b{language}"), "--language", language]
    subprocess.run([*command, "--patients", str(patients), "--seed", str(seed)], check=True, capture_output=True)
    with Workspace(base / f"bw{language}") as workspace:
        workspace.ingest([base / f"b{language}/files"])


def held_out(wording: str) -> bool:
    """Whether a wording is in the third that was never looked at."""
    return hashlib.sha256(f"question:{wording}".encode()).digest()[0] % 3 == 0


def measure(base: Path, language: str, chosen: argparse.Namespace) -> dict[str, Any]:
    truths = [t for t in read_truth(base / f"b{language}/truth") if not _merged(t)]
    wordings = [line.split("\t") for line in (HERE / f"questions/{language}.tsv").read_text("utf-8").splitlines()[1:]]
    chance = random.Random(chosen.seed)
    score: dict[str, dict[str, list[int]]] = {
        "dev": defaultdict(lambda: [0, 0]),
        "held out": defaultdict(lambda: [0, 0]),
    }
    words: Counter[str] = Counter()
    times: list[float] = []
    processor: list[float] = []
    quotes = faithful = 0
    shown = chosen.show
    with Workspace(base / f"bw{language}") as workspace:
        workspace._asking._today = lambda: TODAY
        for form, wording in wordings:
            split = "held out" if held_out(wording) else "dev"
            words[split] += 1
            if chosen.split == "dev" and split != "dev":
                continue
            for truth, case in _cases(truths, form, language, chosen.asked, chance):
                question = wording.format(**case.slots)
                began = time.process_time()
                reply = workspace.ask(Ask(patient=truth.ipp, question=question, language=language)).value
                processor.append((time.process_time() - began) * 1000)
                times.append(reply.took_ms)
                right = case.right(reply)
                score[split][form][0] += right
                score[split][form][1] += 1
                for fact in reply.facts:
                    if fact.evidence.kind == "quote":
                        e = fact.evidence
                        quotes += 1
                        faithful += workspace._corpus.text(e.document)[e.start : e.end] == e.quote
                if not right and split == "dev" and shown > 0:
                    shown -= 1
                    print(
                        "WRONG",
                        form,
                        truth.ipp,
                        question,
                        "->",
                        reply.verdict,
                        reply.value,
                        reply.sentence,
                        file=sys.stderr,
                    )
        patients = workspace.status().kinds["patients"]
        documents = workspace.status().kinds["documents"]
    return {
        "patients": patients,
        "documents": documents,
        "wordings": dict(words),
        **{
            split: {
                "exact": round(sum(r for r, _ in forms.values()) / max(1, sum(n for _, n in forms.values())), 4),
                "questions": sum(n for _, n in forms.values()),
                "by form": {form: f"{r}/{n}" for form, (r, n) in sorted(forms.items())},
            }
            for split, forms in score.items()
        },
        "quotes": quotes,
        "quotes equal to the stored text": faithful,
        "p50 ms": round(statistics.median(times), 1),
        "p95 ms": round(statistics.quantiles(times, n=100)[94], 1),
        "p50 processor ms": round(statistics.median(processor), 1),
        "p95 processor ms": round(statistics.quantiles(processor, n=100)[94], 1),
    }


# -- the truth


def read_truth(folder: Path) -> list[Truth]:
    """One `Truth` for each patient."""
    truths = {}
    for line in (folder / "patients.jsonl").read_text("utf-8").splitlines():
        person = json.loads(line)
        truths[person["ipp"]] = Truth(person["ipp"], person)
    for line in (folder / "events.jsonl").read_text("utf-8").splitlines():
        event = json.loads(line)
        truth = truths[event["ipp"]]
        match event["kind"]:
            case "lab":
                truth.labs[event["code"]].append((event["at"], event["value"], event["unit"]))
            case "act":
                truth.acts[event["code"]].append(event["at"])
            case "drug":
                truth.drugs[event["code"]].append(event["at"])
            case "condition":
                truth.conditions[event["code"]].append(event["at"])
            case "stay":
                truth.stays.append((event["at"], event["end"]))
    for line in (folder / "mentions.jsonl").read_text("utf-8").splitlines():
        mention = json.loads(line)
        truth = truths[mention["ipp"]]
        truth.documents[mention["kind"]].add(mention["at"])
        if mention["context"] == "negated":
            truth.denied.add(mention["code"])
    for truth in truths.values():
        for values in truth.labs.values():
            values.sort()
    return list(truths.values())


def _merged(truth: Truth) -> bool:
    """One patient in forty has a visit under a second number, which the truth of events does not list."""
    return (int(truth.ipp[2:]) - 100_000) // 37 % 40 == 39


def _cases(
    truths: list[Truth], form: str, language: str, asked: int, chance: random.Random
) -> Iterator[tuple[Truth, Case]]:
    """So many questions of a form, on patients of whom it can be asked."""
    made = 0
    for truth in chance.sample(truths, len(truths)):
        options = list(_of(truth, form, language))
        if options:
            yield truth, chance.choice(options)
            made += 1
        if made >= asked:
            return


def _of(truth: Truth, form: str, language: str) -> Iterator[Case]:
    index = 0 if language == "fr" else 1
    match form:
        case "last" | "first" | "highest" | "lowest" | "trend" | "year" | "values":
            yield from _of_labs(truth, form, index)
        case "act-date":
            for code, names in ACTS.items():
                if truth.acts.get(code):
                    yield Case(form, {"act": names[index]}, _valued(max(truth.acts[code])))
        case "has":
            present, absent = [], []
            for code, names in CONDITIONS.items():
                slots = {"condition": names[index]}
                if code in truth.person["present"]:
                    present.append(Case(form, slots, _verdict("yes")))
                elif code in truth.person["absent"]:
                    written = truth.denied & {code, *WIDER.get(code, ())}
                    absent.append(Case(form, slots, _verdict("no") if written else _verdict("nothing")))
            yield from present
            yield from absent[: max(1, len(present))]
        case "since":
            for code, names in CONDITIONS.items():
                if len(truth.conditions.get(code, ())) == 1:
                    yield Case(form, {"condition": names[index]}, _valued(truth.conditions[code][0]))
        case "drug":
            taken = [code for code in DRUGS if code in truth.drugs]
            others = [code for code in DRUGS if code not in truth.drugs]
            for code in [*taken, *others[: max(1, len(taken))]]:
                right = _verdict("yes") if code in truth.drugs else _verdict("nothing")
                yield Case(form, {"drug": DRUGS[code][index]}, right)
        case "class":
            for prefix, names in CLASSES.items():
                on = any(code.startswith(prefix) for code in truth.drugs)
                yield Case(form, {"class": names[index]}, _verdict("yes") if on else _verdict("nothing"))
        case "allergy":
            yield from _of_allergy(truth, index)
        case "allergies":
            allowed = ("found", "yes") if truth.person["allergic"] else ("no",) if _denies(truth) else ("no", "nothing")
            yield Case(form, {}, _verdict(*allowed))
        case "stays":
            if truth.stays:
                yield Case(form, {}, _valued(str(len(truth.stays))))
        case "last-stay":
            if truth.stays:
                yield Case(form, {}, _first_fact(max(truth.stays)[0]))
        case "document":
            for kind, names in DOCUMENTS.items():
                if truth.documents.get(kind):
                    yield Case(form, {"document": names[index]}, _first_fact(max(truth.documents[kind])))
        case "treatments":
            if truth.drugs:
                codes = {f"ATC:{code}" for code in truth.drugs}
                yield Case(form, {}, lambda r: r.verdict == "found" and codes <= {f.evidence.code for f in r.facts})
        case "nonsense":
            yield Case(form, {}, _verdict("unknown"))


def _of_labs(truth: Truth, form: str, index: int) -> Iterator[Case]:
    for code, names in ANALYTES.items():
        values = truth.labs.get(code)
        if not values or len({at for at, _, _ in values}) < len(values):
            continue  # two panels of one day: which is the last is not in the truth
        slots = {"analyte": names[index]}
        numbers = [value for _, value, _ in values]
        chosen = {
            "last": values[-1],
            "first": values[0],
            "highest": max(values, key=lambda v: v[1]),
            "lowest": min(values, key=lambda v: v[1]),
        }
        if form in ("highest", "lowest"):
            yield Case(form, slots, _shown(chosen[form]))
        elif form in chosen:
            at = chosen[form][0]
            yield Case(form, slots, lambda r, v=chosen[form], at=at: _shown(v)(r) and r.facts[0].at[:10] == at)  # type: ignore[misc]
        elif form == "trend" and len(values) > 1:
            yield Case(form, slots, lambda r, n=numbers: _series(r) == n)  # type: ignore[misc]
        elif form == "values":
            yield Case(form, slots, _valued(str(len(values))))
        elif form == "year":
            year = values[0][0][:4]
            last = [v for v in values if v[0].startswith(year)][-1]
            yield Case(form, {**slots, "year": year}, _shown(last))


def _series(reply: Reply) -> list[float | None]:
    return [point.number for point in reply.series.points] if reply.series is not None else []


def _of_allergy(truth: Truth, index: int) -> Iterator[Case]:
    mine = truth.person["allergy"]
    for code, names in SUBSTANCES.items():
        slots = {"substance": names[index]}
        if code == mine:
            yield Case("allergy", slots, _verdict("yes"))
        elif mine:
            yield Case("allergy", slots, _verdict("nothing"))
        else:
            yield Case("allergy", slots, _verdict("no") if _denies(truth) else _verdict("no", "nothing"))


def _denies(truth: Truth) -> bool:
    """Whether a document writes that there is no allergy ("Allergies : néant" is no mention of the truth)."""
    return bool(truth.denied & {"T78.4", "Z88.9"})


def _verdict(*allowed: str) -> Callable[[Reply], bool]:
    return lambda reply: reply.verdict in allowed


def _valued(value: str) -> Callable[[Reply], bool]:
    return lambda reply: reply.verdict == "found" and reply.value == value


def _shown(value: tuple[str, float, str]) -> Callable[[Reply], bool]:
    expected = f"{value[1]:.10g} {value[2]}".strip()
    return lambda reply: reply.verdict == "found" and reply.value == expected


def _first_fact(day: str) -> Callable[[Reply], bool]:
    return lambda reply: bool(reply.facts) and reply.facts[0].at[:10] == day


if __name__ == "__main__":
    main()
