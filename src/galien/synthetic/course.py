"""What happens to one patient, in order: stays, reports, laboratory panels, images, acts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import msgspec

from galien.synthetic.laboratory import Result, panel
from galien.synthetic.lexicon import Language, scenarios
from galien.synthetic.people import TODAY, Episode, Person
from galien.synthetic.writing import Report, Writer


class Stay(msgspec.Struct, frozen=True):
    number: str
    start: date
    end: date
    service: str
    scenario: str
    kind: str


class Study(msgspec.Struct, frozen=True):
    """Images to draw."""

    uid: str
    at: date
    picture: str
    modality: str
    side: str
    service: str
    stay: str


class Act(msgspec.Struct, frozen=True):
    code: str
    label: str
    at: date
    service: str
    stay: str


class Course(msgspec.Struct):
    """Everything that happened, as facts and as reports."""

    stays: list[Stay]
    reports: list[Report]
    panels: list[tuple[date, list[Result], str]]
    studies: list[Study]
    acts: list[Act]


def course(person: Person, language: Language) -> Course:
    """The care of one patient, coherent over time, cut at the day when the hospital was copied."""
    made = Course([], [], [], [], [])
    writer = Writer(person, language)
    for number, episode in enumerate(person.episodes):
        _episode(person, episode, number, language, writer, made)
    made.reports.sort(key=lambda r: r.at)
    return made


def _episode(person: Person, episode: Episode, number: int, language: Language, writer: Writer, made: Course) -> None:
    own = scenarios()[episode.scenario]
    dates: tuple[date, date] | None = None
    stay = ""
    if "stay" in own:
        start, end = (episode.day + timedelta(days=d) for d in own["stay"])
        stay = f"26{person.number:05d}{number}"
        dates = (start, end)
        kind = "AMB" if start == end else "IMP"
        made.stays.append(Stay(stay, start, end, own["service"], episode.scenario, kind))
    panels = {}
    for since, name in own["labs"]:
        at = episode.day + timedelta(days=since)
        if at <= TODAY:
            results = panel(person, name, at, episode.scenario, since, language)
            inside = stay if dates and dates[0] <= at <= dates[1] else ""
            panels[since] = results
            made.panels.append((at, results, inside))
            made.reports.append(writer.laboratory(episode, at, results, inside))
    for step in own["steps"]:
        at = episode.day + timedelta(days=step["day"])
        if at > TODAY:
            continue
        inside = stay if dates and dates[0] <= at <= dates[1] else ""
        made.reports.append(writer.report(step, episode, at, _latest(panels, step["day"]), inside, dates))
        made.studies.extend(_study(person, episode, step, at, inside))
        made.acts.extend(_act(step, own, at, inside, language))


def _latest(panels: dict[int, list[Result]], day: int) -> list[Result]:
    """The last value of each analyte known on a day."""
    known: dict[str, Result] = {}
    for since in sorted(panels):
        if since <= day:
            known.update({r.analyte: r for r in panels[since]})
    return list(known.values())


def _study(person: Person, episode: Episode, step: dict[str, Any], at: date, stay: str) -> Iterator[Study]:
    if "image" in step and (step["modality"] == "CR" or Random(f"{person.seed}/{at}").random() < 0.6):
        uid = f"1.2.826.0.1.3680043.10.999.{person.number}.{at:%Y%m%d}.{abs(step['day']) + 1}"
        yield Study(
            uid, at, step["image"], step["modality"], episode.side, scenarios()[episode.scenario]["service"], stay
        )


def _act(step: dict[str, Any], own: dict[str, Any], at: date, stay: str, language: Language) -> Iterator[Act]:
    if "act" in step:
        act = own["acts"][step["act"]]
        yield Act(act["code"], act[language], at, own["service"], stay)
