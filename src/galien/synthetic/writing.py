"""The writer of reports: picks sentences, fills them with what is the case, and lays the document out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any

import msgspec

from galien.synthetic.laboratory import Result
from galien.synthetic.lexicon import PLACES, SERVICES, SITES, Language, scenarios, table
from galien.synthetic.people import Doctor, Episode, Person, doctor
from galien.synthetic.text import codes, unmark


class Block(msgspec.Struct, frozen=True):
    """A titled part; its lines still hold their mention marks."""

    title: str
    lines: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One document to be written in one format."""

    person: Person
    kind: str
    title: str
    at: date
    service: str
    site: str
    author: Doctor
    language: Language
    blocks: tuple[Block, ...]
    results: tuple[Result, ...] = ()
    stay: str = ""
    scenario: str = ""
    loinc: str = ""


class Writer:
    """Writes the documents of one patient.

    Parameters
    ----------
    person : Person
    language : {"fr", "en"}
    """

    def __init__(self, person: Person, language: Language) -> None:
        self._person = person
        self._language = language
        self._data = table(language)
        self._random = Random(person.seed)
        self._present = person.codes()
        self._used: set[str] = set()
        self._earlier: tuple[date, tuple[str, ...]] | None = None

    def report(
        self,
        step: dict[str, Any],
        episode: Episode,
        at: date,
        results: Sequence[Result],
        stay: str,
        dates: tuple[date, date] | None,
    ) -> Report:
        """One document of a scenario."""
        kind = step["doc"]
        own = scenarios()[episode.scenario]
        service = str(
            {
                "anaesthesia": "anaesthesia",
                "imaging-report": "radiology",
                "pathology-report": "pathology",
                "emergency": "emergency",
            }.get(kind, own["service"])
        )
        slots = self._slots(episode, at, results, dates)
        author = self._author(service)
        blocks = getattr(self, f"_{kind.replace('-', '_')}")(step, episode, slots, results)
        title = self._fill(
            self._random.choice(self._data["titles"][kind]),
            {
                **slots,
                "service": SERVICES[service][self._index],
                "acte_court": self._scenario(episode)["short"].format(**slots),
                "examen": self._exam_name(step, episode, slots),
            },
        )
        return Report(
            person=self._person,
            kind=kind,
            title=_headline(title),
            at=at,
            service=service,
            site=_site(service),
            author=author,
            language=self._language,
            blocks=tuple(block for block in blocks if block.lines),
            stay=stay,
            scenario=episode.scenario,
            results=tuple(results) if kind == "discharge-letter" else (),
        )

    def laboratory(self, episode: Episode, at: date, results: Sequence[Result], stay: str) -> Report:
        """A laboratory report: a table, and sometimes a comment."""
        words = self._data
        lines = [f"{r.label} : {r.text(self._language)} {r.unit} {'*' if r.flag else ''}".rstrip() for r in results]
        return Report(
            person=self._person,
            kind="laboratory-report",
            title=self._random.choice(words["titles"]["laboratory-report"]),
            at=at,
            service="laboratory",
            site=_site("laboratory"),
            author=self._author("laboratory"),
            language=self._language,
            blocks=(Block(words["words"]["results"], tuple(lines)),),
            results=tuple(results),
            stay=stay,
            scenario=episode.scenario,
        )

    # -- kinds of documents

    def _consultation(self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any) -> list[Block]:
        return [
            Block("", (self._one(["to_colleague"], "words"), self._sentence("seen", slots))),
            self._history(slots),
            self._block("family", slots, "family", 1, 0.5),
            self._block("life", slots, "life", 1, 0.5),
            self._allergies(slots),
            self._treatment(slots),
            self._bank("story", step["bank"], episode, slots, 3),
            self._exam(slots),
            self._laboratory(slots, results),
            Block(self._title("plan"), tuple(self._some("plan", episode, slots, 2) + self._doubt(slots))),
            Block("", (self._one(["closing"], "words"), f"Dr {slots['signature']}")),
        ]

    def _operative_report(
        self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any
    ) -> list[Block]:
        steps = [self._fill(self._random.choice(variants), slots) for variants in self._scenario(episode)["op"]]
        return [
            Block("", (self._sentence("team", slots),)),
            Block(self._title("indication"), (_capital(self._motif(episode, slots)) + ".",)),
            Block(self._title("operation"), (*steps, self._sentence("bloodloss", slots))),
            Block(self._title("after"), tuple(self._sentences("after", slots, 3))),
        ]

    def _anaesthesia(self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any) -> list[Block]:
        return [
            Block(self._title("reason"), (_capital(self._motif(episode, slots)) + ".",)),
            self._history(slots),
            self._allergies(slots),
            self._treatment(slots),
            Block(self._title("exam"), (self._sentence("vitals", slots), *self._sentences("anaesthesia", slots, 4))),
            self._laboratory(slots, results),
        ]

    def _imaging_report(
        self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any
    ) -> list[Block]:
        bank = self._scenario(episode)[step["bank"]]
        found = [self._fill(s, slots) for s in bank]
        return [
            Block(self._title("indication"), (_capital(self._motif(episode, slots)) + ".",)),
            Block(self._title("technique"), (found[0],)),
            Block(self._title("findings"), tuple(found[1:] or found)),
            Block(self._title("conclusion"), (found[min(1, len(found) - 1)],) if self._random.random() < 0.5 else ()),
        ]

    def _pathology_report(
        self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any
    ) -> list[Block]:
        bank = [self._fill(s, slots) for s in self._scenario(episode)[step.get("bank", "path")]]
        return [Block(self._title("macroscopy"), (bank[0],)), Block(self._title("microscopy"), tuple(bank[1:]))]

    def _discharge_letter(
        self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any
    ) -> list[Block]:
        return [
            Block("", (self._one(["to_colleague"], "words"), self._sentence("letter", slots))),
            self._history(slots),
            self._allergies(slots),
            self._bank("story", "story", episode, slots, 3),
            self._exam(slots),
            self._bank("course", "course", episode, slots, 3),
            Block(self._title("plan"), tuple(self._some("plan", episode, slots, 2) + self._doubt(slots))),
            self._out(episode, slots),
            Block(
                "", (*self._sentences("advice", slots, 2), self._one(["closing"], "words"), f"Dr {slots['signature']}")
            ),
        ]

    def _emergency(self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any) -> list[Block]:
        return [
            Block(
                self._title("reason"), (self._sentence("emergency", slots), _capital(self._motif(episode, slots)) + ".")
            ),
            self._history(slots),
            self._treatment(slots),
            self._bank("story", "story", episode, slots, 4),
            Block(
                self._title("exam"),
                (
                    self._sentence("vitals", slots),
                    *self._sentences("exam", slots, 2),
                    *self._sentences("excluded", slots, 1),
                ),
            ),
            self._laboratory(slots, results),
            Block(self._title("conclusion"), tuple(self._doubt(slots, 0.7) + self._some("plan", episode, slots, 1))),
        ]

    def _nursing_note(self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any) -> list[Block]:
        hours = sorted(self._random.sample(range(7, 22), 4))
        said = self._sentences("nursing", slots, 4)
        return [
            Block(
                "",
                tuple(
                    f"{hour:02d}h{self._random.choice((0, 15, 30)):02d} : {line}"
                    for hour, line in zip(hours, said, strict=False)
                ),
            )
        ]

    def _progress_note(
        self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any
    ) -> list[Block]:
        copied: tuple[str, ...] = ()
        if self._earlier is not None and self._random.random() < 0.35:
            # Copy and paste: yesterday's lines come back, with their date when the author is careful.
            when = self._data["words"]["unchanged"].format(date=self._date(self._earlier[0]))
            copied = (*self._earlier[1], when) if self._random.random() < 0.5 else self._earlier[1]
        lines = tuple(self._sentences("progress", slots, 3) + self._some("course", episode, slots, 1))
        self._earlier = (episode.day, lines)
        return [
            Block("", (self._sentence("vitals", slots), *lines, *copied)),
            self._laboratory(slots, results),
            Block("", tuple(self._sentences("excluded", slots, 1))),
        ]

    def _prescription(self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any) -> list[Block]:
        return [self._out(episode, slots), Block("", tuple(self._sentences("advice", slots, 1)))]

    def _tumour_board(self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any) -> list[Block]:
        lines = [self._fill(s, slots) for s in self._scenario(episode)[step["bank"]]]
        return [
            self._history(slots),
            Block(self._title("reason"), tuple(lines[:1])),
            Block(self._title("conclusion"), tuple(lines[1:] or lines)),
        ]

    def _procedure_report(
        self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any
    ) -> list[Block]:
        lines = [self._fill(s, slots) for s in self._scenario(episode)[step["bank"]]]
        return [
            Block(self._title("indication"), (_capital(self._motif(episode, slots)) + ".",)),
            Block(self._title("findings"), tuple(lines)),
        ]

    def _referral(self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any) -> list[Block]:
        lines = [self._fill(s, slots) for s in self._scenario(episode)[step["bank"]]]
        return [
            Block("", (self._one(["to_colleague"], "words"), *lines)),
            self._history(slots),
            self._treatment(slots),
            Block("", (self._one(["closing"], "words"), f"Dr {slots['signature']}")),
        ]

    def _care_plan(self, step: dict[str, Any], episode: Episode, slots: dict[str, str], results: Any) -> list[Block]:
        lines = [self._fill(s, slots) for s in self._scenario(episode)[step["bank"]]]
        return [Block(self._title("plan"), (*lines, *self._sentences("advice", slots, 2)))]

    # -- parts

    def _history(self, slots: dict[str, str]) -> Block:
        lines = []
        for item in self._person.comorbidities:
            med = table("scenarios")["drugs"][item.drug][self._language] if item.drug else ""
            variants = self._data["comorbidity"][item.name]
            lines.append(
                self._fill(self._random.choice(variants), {**slots, "depuis": str(item.since.year), "med": med})
            )
        lines += self._sentences("past", slots, self._random.randint(0, 2))
        absent = [n for n in self._data["absent"] if not self._person.has(n) and self._missing(n)]
        for name in self._random.sample(absent, min(len(absent), self._random.randint(0, 2))):
            lines.append(self._random.choice(self._data["absent"][name]))
        return Block(self._title("history"), tuple(lines))

    def _missing(self, comorbidity: str) -> bool:
        return table("scenarios")["comorbidities"][comorbidity]["code"][:3] not in self._present

    def _allergies(self, slots: dict[str, str]) -> Block:
        if self._random.random() < 0.3:
            return Block("", ())
        bank = self._data["generic"]["allergy" if self._person.allergic else "no_allergy"]
        line = bank[self._person.number % len(bank)] if self._person.allergic else self._random.choice(bank)
        return Block(self._title("allergy"), (line,))

    def _treatment(self, slots: dict[str, str]) -> Block:
        drugs = [c.drug for c in self._person.comorbidities if c.drug]
        return Block(self._title("treatment"), tuple(self._line(d, slots) for d in dict.fromkeys(drugs)))

    def _out(self, episode: Episode, slots: dict[str, str]) -> Block:
        drugs = [*scenarios()[episode.scenario]["drugs"], *(c.drug for c in self._person.comorbidities if c.drug)]
        return Block(self._title("out"), tuple(self._line(d, slots) for d in dict.fromkeys(drugs)))

    def _line(self, drug: str, slots: dict[str, str]) -> str:
        item = table("scenarios")["drugs"][drug]
        dose = item["dose"] if self._language == "fr" else item["dose_en"]
        bank = self._data["generic"]["prescription"]
        return self._fill(bank[self._person.number % len(bank)], {**slots, "med": item[self._language], "dose": dose})

    def _exam(self, slots: dict[str, str]) -> Block:
        lines = [self._sentence("vitals", slots), *self._sentences("exam", slots, self._random.randint(2, 4))]
        if self._random.random() < 0.4:
            lines += self._sentences("excluded", slots, 1)
        return Block(self._title("exam"), tuple(lines))

    def _laboratory(self, slots: dict[str, str], results: Sequence[Result]) -> Block:
        known = {r.analyte for r in results}
        fit = [
            s for s in self._data["generic"]["labcomment"] if all(f"{{{a}}}" not in s or a in known for a in _ANALYTES)
        ]
        return Block(self._title("labs"), (self._fill(self._random.choice(fit), slots),) if fit and results else ())

    def _doubt(self, slots: dict[str, str], share: float = 0.3) -> list[str]:
        return self._sentences("hypothesis", slots, 1) if self._random.random() < share else []

    def _bank(self, title: str, bank: str, episode: Episode, slots: dict[str, str], count: int) -> Block:
        own = self._scenario(episode)
        if bank not in own:
            return Block("", ())
        return Block(self._title(title), tuple(self._some(bank, episode, slots, count)))

    def _some(self, bank: str, episode: Episode, slots: dict[str, str], count: int) -> list[str]:
        found = self._scenario(episode).get(bank, [])
        kept = sorted(self._random.sample(range(len(found)), min(count, len(found))))
        return [self._fill(found[i], slots) for i in kept]

    def _block(self, title: str, slots: dict[str, str], bank: str, count: int, share: float) -> Block:
        return Block(
            self._title(title), tuple(self._sentences(bank, slots, count)) if self._random.random() < share else ()
        )

    # -- sentences

    def _sentence(self, bank: str, slots: dict[str, str]) -> str:
        return self._sentences(bank, slots, 1)[0]

    def _sentences(self, bank: str, slots: dict[str, str], count: int) -> list[str]:
        """Generic sentences that do not contradict what is the case, the least used first."""
        fit = [s for s in self._data["generic"][bank] if not self._contradicts(s)]
        self._random.shuffle(fit)
        fit.sort(key=lambda s: s in self._used)
        self._used.update(fit[:count])
        return [self._fill(s, slots) for s in fit[:count]]

    def _contradicts(self, sentence: str) -> bool:
        return any(sign in "-~<" and sign and code[:3] in self._present for sign, code in codes(sentence))

    def _one(self, path: Sequence[str], group: str) -> str:
        return str(self._random.choice(self._data[group][path[0]]))

    def _title(self, name: str) -> str:
        variants = self._data["sections"][name]
        return str(variants[self._person.seed % len(variants)])

    def _scenario(self, episode: Episode) -> dict[str, Any]:
        return dict(self._data[episode.scenario])

    def _motif(self, episode: Episode, slots: dict[str, str]) -> str:
        return self._fill(self._random.choice(self._scenario(episode)["motif"]), slots)

    def _exam_name(self, step: dict[str, Any], episode: Episode, slots: dict[str, str]) -> str:
        if step["doc"] != "imaging-report":
            return ""
        return self._fill(self._scenario(episode)[step["bank"]][0], slots).rstrip(".")

    def _fill(self, sentence: str, slots: dict[str, str]) -> str:
        return sentence.format_map(_Loose({**slots, **self._numbers()}))

    def _author(self, service: str) -> Doctor:

        return doctor(service, self._random.randrange(5))

    @property
    def _index(self) -> int:
        return 0 if self._language == "fr" else 1

    def _date(self, at: date) -> str:
        return at.strftime("%d/%m/%Y")

    def _numbers(self) -> dict[str, str]:
        random = self._random
        return {
            "n": str(random.randint(8, 24)),
            "n10": str(random.randint(2, 9)),
            "n4": str(random.randint(1, 5)),
            "duree": str(random.randint(45, 140)),
            "asa": str(random.randint(1, 3)),
            "mall": str(random.randint(1, 3)),
        }

    def _slots(
        self, episode: Episode, at: date, results: Sequence[Result], dates: tuple[date, date] | None
    ) -> dict[str, str]:
        person, random, words = self._person, self._random, self._data["words"]
        female = person.sex == "female"
        left = episode.side == "left"
        fever = episode.scenario in ("pneumonia", "appendicitis") and (at - episode.day).days == 0
        values = {r.analyte: r.text(self._language) for r in results}
        slots = {
            "m": words[person.sex],
            "nom": f"{person.given} {person.family}",
            "age": str(person.age(at)),
            "e": "e" if female else "",
            "il": "elle" if female else "il",
            "le_patient": "la patiente" if female else "le patient",
            "Le_patient": "La patiente" if female else "Le patient",
            "cote": words["left"] if left else words["right_m"],
            "cote_f": words["left"] if left else words["right_f"],
            "cote_inverse": words["right_m"] if left else words["left"],
            "depuis": str(random.randint(1998, 2019)),
            "taille": str(random.randint(44, 60)),
            "ta": f"{random.randint(11, 16)}{random.randint(0, 9)}/{random.randint(6, 9)}{random.randint(0, 9)}",
            "fc": str(random.randint(58, 104)),
            "sat": str(random.randint(88, 93) if "copd" in episode.scenario else random.randint(95, 99)),
            "temp": f"{random.uniform(38.1, 39.4) if fever else random.uniform(36.3, 37.3):.1f}",
            "poids": str(person.weight),
            "fevg": str(random.randint(30, 42) if "heart" in episode.scenario else random.randint(45, 58)),
            "ict": f"0.{random.randint(54, 64)}",
            "bebe": str(random.randint(2600, 4100)),
            "chirurgien": self._author(scenarios()[episode.scenario]["service"]).name,
            "anesthesiste": self._author("anaesthesia").name,
            "signature": self._author(scenarios()[episode.scenario]["service"]).name,
            "entree": self._date(dates[0]) if dates else self._date(at),
            "sortie": self._date(dates[1]) if dates else self._date(at),
            "date": self._date(at),
            "service": "",
        }
        if self._language == "fr":
            slots["temp"] = slots["temp"].replace(".", ",")
            slots["ict"] = slots["ict"].replace(".", ",")
        slots["motif"] = ""
        slots["motif"] = self._motif(episode, {**slots, **values})
        return {**_UNKNOWN, **slots, **values}


_ANALYTES = tuple(table("scenarios")["analytes"])
_UNKNOWN = dict.fromkeys(_ANALYTES, "n.c.")


class _Loose(dict[str, str]):
    def __missing__(self, key: str) -> str:
        raise KeyError(f"no value for {{{key}}} in the sentences of the generator")


def _capital(text: str) -> str:
    """First letter as a capital, past a mention mark and an article."""
    at = 2 if text.startswith("[[") else 0
    if at and text[at] in "-~^<+":
        at += 1
    return text[:at] + text[at : at + 1].upper() + text[at + 1 :]


def _site(service: str) -> str:

    return SITES[PLACES[service]]


def _headline(title: str) -> str:
    """A title: no mark, one capital."""
    plain, _ = unmark(title)
    return plain[:1].upper() + plain[1:]
