"""How well texts and queries are understood, and how fast: ``make bench-language``.

Each line says its data, its split and its size. Splits are by document (or sentence, or query), by a hash of its
id: rules and lexicon were worked on with the *dev* part only; *test* is what the README quotes. Public data are
read from ``--data`` (see the README); a set that is absent is skipped, and said. A peer, EDS-NLP, is
measured in the same run when its interpreter is given: ``--peer PYTHON``.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from galien.app.understanding import Understanding, letters
from galien.knowledge import shipped
from galien.language.reading import Reader
from galien.model.readings import TimeExpression
from galien.query import compact
from galien.query.medical import Interpreter
from galien.store.reading import affirmed

HERE = Path(__file__).parent
SPANS = list[tuple[int, int]]


def part(key: str) -> str:
    """``dev`` or ``test``, by a hash of the id."""
    return "dev" if hashlib.sha256(f"galien:{key}".encode()).digest()[0] % 2 == 0 else "test"


def held_out(query: str) -> bool:
    """Whether a query is in the third that was never looked at."""
    return hashlib.sha256(f"query:{query}".encode()).digest()[0] % 3 == 0


class Score:
    """True and false, found and missed."""

    def __init__(self) -> None:
        self.hits = self.false = self.missed = 0

    def add(self, gold: bool, found: bool) -> None:
        self.hits += gold and found
        self.false += found and not gold
        self.missed += gold and not found

    @property
    def f1(self) -> float:
        return 2 * self.hits / (2 * self.hits + self.false + self.missed) if self.hits else 0.0


def e3c(data: Path, reader: Reader, language: str, which: str) -> dict[str, Any]:
    """Polarity and modality of the events of published cases (E3C layer 1)."""
    denied, hedged, documents = Score(), Score(), 0
    for line in (data / f"language/e3c_assertion/{language}.jsonl").read_text("utf-8").splitlines():
        item = json.loads(line)
        if part(item["id"]) != which:
            continue
        documents += 1
        spans = [(event["b"], event["e"]) for event in item["events"]]
        for event, context in zip(item["events"], reader.contexts(item["text"], spans, language), strict=True):
            denied.add(event["polarity"] == "NEG", context.negated)
            hedged.add(event["modality"] == "HEDGED", context.hedged)
    return {
        "documents": documents,
        "negation F1": round(denied.f1, 3),
        "negated events": denied.hits + denied.missed,
        "hedged F1": round(hedged.f1, 3),
        "hedged events": hedged.hits + hedged.missed,
    }


def negex(data: Path, reader: Reader, which: str) -> dict[str, Any]:
    """Negation of the concepts of the NegEx test sentences; broken lines of the original are skipped."""
    score, sentences = Score(), 0
    for line in (data / "language/negex_en/rsAnnotations.tsv").read_text("latin-1").splitlines():
        cells = line.split("\t")
        if len(cells) != 6 or cells[0] == "line number" or part(cells[2]) != which:
            continue
        concept, sentence, status = cells[1:4]
        start = sentence.find(concept.upper())
        if start < 0:
            start = sentence.upper().find(concept.upper())
        if start < 0:
            continue
        sentences += 1
        (context,) = reader.contexts(sentence, [(start, start + len(concept))], "en")
        score.add(status == "Negated", context.negated)
    return {"sentences": sentences, "negation F1": round(score.f1, 3)}


def tagged(data: Path, reader: Reader) -> dict[str, Any]:
    """Qualifiers that the authors of EDS-NLP expect on their own test sentences."""
    asked = right = 0
    for line in (data / "language/tagged_sentences_fr/sentences.jsonl").read_text("utf-8").splitlines():
        item = json.loads(line)
        if "qualifiers" not in item["file"]:
            continue
        text, spans = _untagged(item["text"])
        contexts = reader.contexts(text, [(start, end) for start, end, _ in spans], "fr")
        for (_, _, attributes), context in zip(spans, contexts, strict=True):
            for name, value in _expected(attributes.lower()).items():
                asked += 1
                right += getattr(context, name) == value
    return {"expectations": asked, "exact": round(right / max(asked, 1), 3)}


def tagged_values(data: Path, reader: Reader) -> dict[str, Any]:
    """Dates, scores and TNM stages that the authors of EDS-NLP expect on their own test sentences.

    A date is *found* when one of ours overlaps it, *exact* when it means the same day, month, year or distance from
    the day of the text (two days of slack for what is counted in weeks, a month for months and years). Times of day
    are left out: Galien keeps days. TNM stages are not read, and said so.
    """
    at = date(2024, 3, 20)
    dates, found, exact, scores, valued, stages = 0, 0, 0, 0, 0, 0
    wrong = []
    for line in (data / "language/tagged_sentences_fr/sentences.jsonl").read_text("utf-8").splitlines():
        item = json.loads(line)
        name = Path(item["file"]).name
        if name not in ("test_dates.py", "test_score.py", "test_tnm.py"):
            continue
        text, spans = _untagged(item["text"])
        reading = reader.read(text, "fr", at=at.isoformat())
        for start, end, attributes in spans:
            if name == "test_tnm.py":
                stages += 1
            elif name == "test_score.py" and (told := re.search(r"score_value=(\d+)", attributes)):
                scores += 1
                over = [q for q in reading.quantities if q.start < end and start < q.end]
                valued += any(q.concept and q.value == float(told.group(1)) for q in over)
            elif name == "test_dates.py":
                dates += 1
                times = [time for time in reading.times if time.start < end and start < time.end]
                found += bool(times)
                norm = re.search(r"norm=(?:'([^']*)'|(\S+))", attributes)
                right = any(_same_date(time, (norm.group(1) or norm.group(2)) if norm else "", at) for time in times)
                exact += right
                if not right:
                    wrong.append(text[start:end])
    return {
        "dates": dates,
        "found": round(found / max(dates, 1), 3),
        "exact": round(exact / max(dates, 1), 3),
        "scores": scores,
        "scores valued": valued,
        "TNM stages": stages,
        "TNM stages read": 0,
        "worst": wrong,
    }


def _same_date(time: TimeExpression, norm: str, at: date) -> bool:
    """Whether an expression means what EDS-NLP's normal form says; without one, being found is enough."""
    if not norm:
        return True
    if told := re.match(r"during (\d+) days", norm):
        return time.days is not None and abs(time.days - int(told.group(1))) <= 1
    if told := re.match(r"[~]?(-?\d+) days?", norm):
        away = int(told.group(1))
        slack = 0 if abs(away) < 7 else 2 if abs(away) < 30 else 31
        meant = at + timedelta(days=away)
        if not time.first:
            return False
        first, last = date.fromisoformat(time.first), date.fromisoformat(time.last)
        return first - timedelta(days=slack) <= meant <= last + timedelta(days=slack)
    parts = norm.partition(" ")[0].split("-")
    if not time.first or len(parts) != 3:
        return False
    for day in (time.first, time.last):
        if any(part.isdigit() and part != said for part, said in zip(parts, day.split("-"), strict=True)):
            return False
    return parts[2] == "??" or time.first == time.last


def _untagged(raw: str) -> tuple[str, list[tuple[int, int, str]]]:
    text, spans, opened, at = "", [], [], 0
    for match in re.finditer(r"<ent([^>]*)>|</ent>", raw):
        text += raw[at : match.start()]
        at = match.end()
        if match.group().startswith("</"):
            start, attributes = opened.pop()
            spans.append((start, len(text), attributes))
        else:
            opened.append((len(text), match.group(1)))
    text += raw[at:]
    spans += [(start, len(text), attributes) for start, attributes in opened]
    return text, spans


def _expected(attributes: str) -> dict[str, object]:
    asked: dict[str, object] = {}
    for pattern, name, value in (
        (r"polarity_=neg|nega\w+=true", "negated", True),
        (r"polarity_=aff|nega\w+=false", "negated", False),
        (r"hypothesis_=hyp|hypothesis=true", "hedged", True),
        (r"hypothesis_=cert|hypothesis=false", "hedged", False),
        (r"family=true|family_=family", "subject", "family"),
        (r"family_=patient", "subject", "patient"),
        (r"reported_speech=true|reported_speech_=rep", "reported", True),
        (r"reported_speech=false", "reported", False),
    ):
        if re.search(pattern, attributes):
            asked[name] = value
    return asked


def synthetic(understanding: Understanding, language: str, patients: int, seed: int, which: str) -> dict[str, Any]:
    """Concept and context of the mentions that the generator wrote, in its text files.

    A mention is right when one of ours overlaps it, means its code (exactly, as a broader or a narrower
    concept of the same category) and says the same of it. What the generator did not mark is not counted.
    Wordings are split as documents are: the lexicon was worked on with those of *dev* only.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "galien", "demo", "generate", folder, "--patients", str(patients)]
        subprocess.run([*command, "--seed", str(seed), "--language", language], check=True, capture_output=True)
        truth: dict[str, list[dict[str, Any]]] = {}
        for line in (Path(folder) / "truth/mentions.jsonl").read_text("utf-8").splitlines():
            item = json.loads(line)
            if item["start"] is not None and part(item["quote"].lower()) == which:
                truth.setdefault(item["file"], []).append(item)
        total = found = right = 0
        wrong: dict[str, int] = {}
        for name, items in sorted(truth.items()):
            text = _decoded((Path(folder) / "files" / name).read_bytes())
            mentions = understanding.reader.read(text, language).mentions
            for item in items:
                total += 1
                over = [m for m in mentions if m.start < item["end"] and item["start"] < m.end]
                meant = [m for m in over if _means(understanding, m.concept, item["vocabulary"], item["code"])]
                found += bool(meant)
                said = any(_said(m.context) == _SAID[item["context"]] for m in meant)
                right += said
                if not said:
                    why = "context" if meant else "concept" if over else "not found"
                    key = f"{why}: {item['quote']} ({item['context']}, {item['code']})"
                    wrong[key] = wrong.get(key, 0) + 1
    precision, recall = right / max(found, 1), right / max(total, 1)
    return {
        "mentions": total,
        "seed": seed,
        "concept recall": round(found / max(total, 1), 3),
        "context accuracy": round(precision, 3),
        "F1": round(2 * precision * recall / max(precision + recall, 1e-9), 3),
        "worst": dict(sorted(wrong.items(), key=lambda pair: -pair[1])[:25]),
    }


_SAID = {
    "present": "has",
    "history": "has",
    "negated": "no",
    "absent": "no",
    "hypothesis": "maybe",
    "family": "family",
    "planned": "planned",
}


def _said(context: Any) -> str:
    if context.subject != "patient":
        return "family"
    if context.negated:
        return "no"
    if context.planned:
        return "planned"
    return "has" if affirmed(letters(context)) else "maybe"


def _means(understanding: Understanding, concept: str, vocabulary: str, code: str) -> bool:
    lexicon = understanding.lexicon
    known = set(lexicon.coded(vocabulary, code))
    known |= {above for id in known for above in lexicon.ancestors(id)} | {
        b for id in known for b in lexicon.descendants(id)
    }
    if concept in known:
        return True
    category = f"{vocabulary}:{code[:3]}"
    found = lexicon.get(concept)
    return found is not None and any(c.rstrip("*").startswith(category) for c in found.codes)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def queries(understanding: Understanding, language: str) -> dict[str, Any]:
    """Exact readings of queries written before the parser was run on them; a third is held out."""
    interpreter = Interpreter(understanding.reader, understanding.lexicon)
    counts = {True: [0, 0], False: [0, 0]}
    wrong = []
    for line in (HERE / f"queries/{language}.tsv").read_text("utf-8").splitlines()[1:]:
        query, reading, *_ = line.split("\t")
        out = held_out(query)
        got = compact.render(interpreter.understand(query).query)
        counts[out][0] += 1
        counts[out][1] += got == reading
        if got != reading and not out:
            wrong.append((query, reading, got))
    return {
        "dev queries": counts[False][0],
        "dev exact": round(counts[False][1] / max(counts[False][0], 1), 3),
        "held-out queries": counts[True][0],
        "held-out exact": round(counts[True][1] / max(counts[True][0], 1), 3),
        "wrong (dev)": wrong,
    }


def texts(data: Path) -> Iterator[str]:
    """Real French cases, to time reading on."""
    with (data / "texts/e3c_cases_fr.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def speed(data: Path, reader: Reader, documents: int) -> dict[str, Any]:
    """Documents a second on one core: sections, mentions, context, quantities, dates."""
    some = [text for text, _ in zip(texts(data), range(documents), strict=False)]
    for text in some[:50]:
        reader.read(text, "fr", at="2024-01-01")
    gc.freeze()  # as the parsing processes do (galien.app.worker.warm_up)
    gc.set_threshold(100_000, 20, 20)
    began = time.process_time()
    for text in some:
        reader.read(text, "fr", at="2024-01-01")
    took = time.process_time() - began
    return {"documents": len(some), "characters": sum(map(len, some)), "documents/s": round(len(some) / took)}


def peer(data: Path, interpreter: str, documents: int) -> dict[str, Any]:
    """EDS-NLP on the same texts, in the same run, by its own interpreter."""
    some = [text for text, _ in zip(texts(data), range(documents), strict=False)]
    lines = (data / "language/e3c_assertion/fr.jsonl").read_text("utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if part(case["id"]) == "test"]
    asked = {
        "speed": some,
        "cases": [{"text": c["text"], "spans": [(e["b"], e["e"]) for e in c["events"]]} for c in cases],
    }
    command = [interpreter, str(HERE / "peer_edsnlp.py")]
    out = subprocess.run(command, input=json.dumps(asked), check=True, capture_output=True, text=True).stdout
    told = json.loads(out)
    denied, hedged = Score(), Score()
    for case, answers in zip(cases, told["answers"], strict=True):
        for event, (negated, doubtful) in zip(case["events"], answers, strict=True):
            denied.add(event["polarity"] == "NEG", negated)
            hedged.add(event["modality"] == "HEDGED", doubtful)
    return {
        "EDS-NLP": told["version"],
        "documents/s": told["documents/s"],
        "negation F1 (test)": round(denied.f1, 3),
        "hedged F1 (test)": round(hedged.f1, 3),
    }


def loading() -> dict[str, Any]:
    """Time and memory of a process that loads everything known, compiled before."""
    script = (
        "import time; size = lambda: int(open('/proc/self/statm').read().split()[1]) * 4;"
        "from galien.app.understanding import shipped_understanding as known;"
        "before = size(); start = time.perf_counter(); u = known(); took = time.perf_counter() - start;"
        "u.reader.read('HTA', 'fr'); print(took, size() - before, len(u.lexicon))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    out = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    return {"concepts": int(out[2]), "load s": round(float(out[0]), 2), "memory MB": round(int(out[1]) / 1024)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared/data", help="public data sets")
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--seed", type=int, default=907, help="of the synthetic hospital; 11 was developed on")
    parser.add_argument("--patients", type=int, default=150)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--peer", default="", help="a Python that has EDS-NLP, to measure it in the same run")
    parser.add_argument("--only", default="", help="a comma-separated choice of the lines")
    chosen = parser.parse_args(arguments)
    understanding = Understanding(shipped())
    reader = understanding.reader
    lines = {
        "e3c fr": lambda: e3c(chosen.data, reader, "fr", chosen.split),
        "e3c en": lambda: e3c(chosen.data, reader, "en", chosen.split),
        "negex en": lambda: negex(chosen.data, reader, chosen.split),
        "tagged fr": lambda: tagged(chosen.data, reader),
        "tagged values fr": lambda: tagged_values(chosen.data, reader),
        "synthetic fr": lambda: synthetic(understanding, "fr", chosen.patients, chosen.seed, chosen.split),
        "synthetic en": lambda: synthetic(understanding, "en", chosen.patients, chosen.seed, chosen.split),
        "queries fr": lambda: queries(understanding, "fr"),
        "queries en": lambda: queries(understanding, "en"),
        "speed": lambda: speed(chosen.data, reader, chosen.documents),
        "loading": loading,
        **({"peer": lambda: peer(chosen.data, chosen.peer, 60)} if chosen.peer else {}),
    }
    results: dict[str, Any] = {"split": chosen.split, "split by": "a hash of the id of the document or sentence"}
    for name, measure in lines.items():
        if chosen.only and name not in chosen.only.split(","):
            continue
        try:
            results[name] = measure()
        except FileNotFoundError as error:
            results[name] = {"skipped": f"{Path(str(error.filename)).name} is absent"}
        print(json.dumps({name: results[name]}, ensure_ascii=False, indent=1), flush=True)
    results["peak MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if not chosen.only:
        for value in results.values():
            if isinstance(value, dict):
                value.pop("worst", None)
                value.pop("wrong (dev)", None)
        (HERE / "results").mkdir(exist_ok=True)
        (HERE / "results/language.json").write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
