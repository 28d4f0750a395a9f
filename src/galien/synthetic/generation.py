"""Writes the hospital: files in the real formats, and the truth beside them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from galien.synthetic.course import Course, course
from galien.synthetic.formats import cda, dicom, fhir, hl7v2, jats
from galien.synthetic.formats.pdf import pdf
from galien.synthetic.formats.plain import plain
from galien.synthetic.lexicon import HOSPITAL, SERVICES, Language, scenarios, table
from galien.synthetic.people import INS_OID, IPP_OID, Person, person
from galien.synthetic.text import Mention, codes
from galien.synthetic.writing import Report

_MERGED_EVERY = 40
"""One patient in so many was first registered twice; an ADT^A40 says so later."""


class GenerationReport(msgspec.Struct, frozen=True):
    """What was written."""

    patients: int
    documents: int
    seconds: float
    files: dict[str, int]


def generate(
    out: Path,
    *,
    patients: int = 200,
    seed: int = 1,
    language: Language = "fr",
    progress: Callable[[int, int], None] | None = None,
) -> GenerationReport:
    """Write a coherent hospital under ``out``: ``files/`` to ingest, ``truth/`` to test against.

    Parameters
    ----------
    out : Path
        Folder, made when absent. Files of an earlier run with the same arguments are rewritten alike.
    patients, seed : int
        The same pair writes the same bytes.
    language : {"fr", "en"}
    progress : callable
        Called with patients done and patients in all.
    """
    began = time.perf_counter()
    hospital = _Hospital(out, language, seed)
    for number in range(patients):
        hospital.admit(person(number, seed))
        if progress is not None:
            progress(number + 1, patients)
    for number, (name, scenario) in enumerate(scenarios().items()):
        hospital.write("articles", f"{name}.xml", jats.article(name, scenario, number, language, seed))
    hospital.finish()
    return GenerationReport(patients, hospital.documents, round(time.perf_counter() - began, 2), dict(hospital.files))


class _Hospital:
    """The folder being written."""

    def __init__(self, out: Path, language: Language, seed: int) -> None:
        self._out = out
        self._language = language
        self._seed = seed
        self._made: set[Path] = set()
        self._manifests: dict[str, list[bytes]] = {"pdf": [], "text": []}
        self._truth: dict[str, list[bytes]] = {"patients": [], "events": [], "mentions": []}
        self.files: Counter[str] = Counter()
        self.documents = 0

    def admit(self, who: Person) -> None:
        """Write everything about one patient."""
        what = course(who, self._language)
        random = Random(f"{who.seed}/formats")
        by_fhir = []
        coded: set[tuple[date, int]] = set()
        for i, (at, found, inside) in enumerate(what.panels):
            draw = random.random()
            if draw < 0.3:
                coded.add((at, len(found)))  # the values travel in the CDA itself
            elif draw < 0.65:
                self.write("hl7v2", f"{who.ipp}_R{i}.hl7", hl7v2.results(who, at, found, inside, i))
            else:
                by_fhir.append((at, found, inside))
        for stay in what.stays:
            reason = scenarios()[stay.scenario]["diagnosis"][self._language]
            self.write("hl7v2", f"{who.ipp}_{stay.number}_A01.hl7", hl7v2.admission(who, stay, reason, out=False))
            self.write("hl7v2", f"{who.ipp}_{stay.number}_A03.hl7", hl7v2.admission(who, stay, reason, out=True))
        self.write("fhir", f"{who.ipp}.json", fhir.bundle(who, what, by_fhir, self._language))
        for number, report in enumerate(what.reports):
            self._report(report, number, random, (report.at, len(report.results)) in coded)
        for study in what.studies:
            for i, data in enumerate(dicom.series(who, study, self._language), 1):
                self.write("dicom", f"{who.ipp}/{study.uid}.{i}.dcm", data)
            self.documents += 1
        if who.number % _MERGED_EVERY == _MERGED_EVERY - 1:
            self._merged(who, what)
        self._true(who, what)

    def write(self, folder: str, name: str, data: bytes) -> None:
        path = self._out / "files" / folder / name
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        path.write_bytes(data)
        self.files[folder] += 1

    def finish(self) -> None:
        """Manifests and truth."""
        for folder, lines in self._manifests.items():
            if lines:
                (self._out / "files" / folder / "manifest.jsonl").write_bytes(b"\n".join(lines) + b"\n")
        truth = self._out / "truth"
        truth.mkdir(parents=True, exist_ok=True)
        for name, lines in self._truth.items():
            (truth / f"{name}.jsonl").write_bytes(b"\n".join(lines) + b"\n")

    def _report(self, report: Report, number: int, random: Random, coded: bool) -> None:
        """One report, in the format that such reports usually come in."""
        self.documents += 1
        stem = f"{report.person.ipp}_{number:02d}_{report.kind}"
        draw = random.random()
        exact = False
        if report.kind == "laboratory-report":
            data, mentions = cda.cda(report, number, level=3, coded=coded)
            folder, name = "cda", f"{stem}.xml"
        elif report.kind in ("discharge-letter", "consultation") and draw < 0.28:
            data, mentions = cda.cda(report, number, level=1 if draw < 0.1 else 3)
            folder, name = "cda", f"{stem}.xml"
        elif report.kind in ("imaging-report", "operative-report", "progress-note", "nursing-note") and draw < 0.45:
            data, mentions = hl7v2.note(report, number)
            folder, name = "hl7v2", f"{stem}.hl7"
        elif draw < 0.62:
            data, mentions = pdf(report)
            folder, name = "pdf", f"{stem}.pdf"
        else:
            text, mentions = plain(report)
            # Old applications still write Windows-1252; what it lacks forces UTF-8.
            narrow = random.random() < 0.35 and _fits(text)
            data, folder, name, exact = text.encode("cp1252" if narrow else "utf-8"), "text", f"{stem}.txt", True
        self.write(folder, name, data)
        if folder in self._manifests:
            self._manifests[folder].append(self._manifest(report, name))
        for mention in mentions:
            self._truth["mentions"].append(_mention(f"{folder}/{name}", report, mention, exact))

    def _manifest(self, report: Report, name: str) -> bytes:
        who = report.person
        return msgspec.json.encode(
            {
                "file": name,
                "patient": [
                    {"system": f"urn:oid:{IPP_OID}", "value": who.ipp, "use": "PI"},
                    {"system": f"urn:oid:{INS_OID}", "value": who.ins, "use": "NI"},
                ],
                "kind": report.kind,
                "title": report.title,
                "date": str(report.at),
                "service": SERVICES[report.service][0 if self._language == "fr" else 1],
                "hospital": f"{HOSPITAL} - {report.site}",
                "author": f"Dr {report.author.given} {report.author.name}",
                "stay": f"stay:urn:oid:{IPP_OID}.2|{report.stay}" if report.stay else "",
            }
        )

    def _merged(self, who: Person, what: Course) -> None:
        """A visit under a second number, then the merge that repairs it."""
        other = msgspec.structs.replace(who, ipp=f"89{who.number:06d}", ins="")
        if not what.stays:
            return
        stay = msgspec.structs.replace(what.stays[0], number=f"99{who.number:06d}")
        day = stay.start - timedelta(days=400)
        stay = msgspec.structs.replace(stay, start=day, end=day, kind="AMB")
        self.write(
            "hl7v2",
            f"{other.ipp}_A01.hl7",
            hl7v2.admission(other, stay, "consultation", out=False).replace(
                b"~^^^INS&" + INS_OID.encode() + b"&ISO^INS", b""
            ),
        )
        self.write("hl7v2", f"{who.ipp}_A40.hl7", hl7v2.merge(who, other.ipp, stay.end + timedelta(days=30)))

    def _true(self, who: Person, what: Course) -> None:
        index = table("scenarios")["comorbidities"]
        self._truth["patients"].append(
            msgspec.json.encode(
                {
                    "ipp": who.ipp,
                    "ins": who.ins,
                    "sex": who.sex,
                    "birth": str(who.birth),
                    "family": who.family,
                    "given": who.given,
                    "scenarios": [e.scenario for e in who.episodes],
                    "present": sorted(
                        {c.code for c in who.comorbidities}
                        | {scenarios()[e.scenario]["diagnosis"]["code"] for e in who.episodes}
                    ),
                    "absent": sorted(
                        item["code"]
                        for name, item in index.items()
                        if not who.has(name) and item["code"][:3] not in who.codes()
                    ),
                    "allergic": who.allergic,
                    "allergy": _allergy(who, self._language) if who.allergic else "",
                }
            )
        )
        events: list[dict[str, Any]] = [
            {"kind": "condition", "code": c.code, "at": str(c.since)} for c in who.comorbidities
        ]
        events += [
            {"kind": "condition", "code": scenarios()[e.scenario]["diagnosis"]["code"], "at": str(e.day)}
            for e in who.episodes
        ]
        drugs = [(drug, e.day) for e in who.episodes for drug in scenarios()[e.scenario]["drugs"]]
        drugs += [(c.drug, c.since) for c in who.comorbidities if c.drug]
        atc = table("scenarios")["drugs"]
        events += [{"kind": "drug", "code": atc[drug]["atc"], "name": drug, "at": str(at)} for drug, at in drugs]
        events += [{"kind": "act", "code": a.code, "at": str(a.at), "stay": a.stay} for a in what.acts]
        events += [{"kind": "stay", "code": s.number, "at": str(s.start), "end": str(s.end)} for s in what.stays]
        events += [
            {"kind": "lab", "code": r.loinc, "at": str(at), "value": r.value, "unit": r.unit}
            for at, found, _ in what.panels
            for r in found
        ]
        events += [{"kind": "image", "code": s.uid, "at": str(s.at)} for s in what.studies]
        self._truth["events"] += [msgspec.json.encode({"ipp": who.ipp, **event}) for event in events]


def _allergy(who: Person, language: Language) -> str:
    """ICD-10 code of the allergy that the documents of an allergic patient write."""
    words = table(language)["generic"]["allergy"]
    return codes(words[who.number % len(words)])[0][1]


def _mention(file: str, report: Report, mention: Mention, exact: bool) -> bytes:
    """Offsets are given where a reader sees the very same text: plain text files."""
    return msgspec.json.encode(
        {
            "file": file,
            "ipp": report.person.ipp,
            "kind": report.kind,
            "at": str(report.at),
            "quote": mention.quote,
            "start": mention.start if exact else None,
            "end": mention.end if exact else None,
            "vocabulary": mention.vocabulary,
            "code": mention.code,
            "context": mention.context,
        }
    )


def _fits(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
