"""Who lives in the synthetic hospital: identity, sex, age, what they live with. Nobody in it exists."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import msgspec

from galien.synthetic.lexicon import CITIES, FAMILIES, GIVEN, STREETS, Table, scenarios, table

TODAY = date(2026, 1, 15)
IPP_OID = "1.2.250.1.999.1"
INS_OID = "1.2.250.1.213.1.4.10"
"""Test space of the French national identity (ANS, INS reference frame)."""


class Doctor(msgspec.Struct, frozen=True):
    """An author, with habits of writing."""

    name: str
    given: str
    style: int
    wrap: int


class Comorbidity(msgspec.Struct, frozen=True):
    name: str
    code: str
    since: date
    drug: str


class Episode(msgspec.Struct, frozen=True):
    """One scenario that a patient goes through, around its index day."""

    scenario: str
    day: date
    side: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One patient, and everything that is really the case."""

    number: int
    ipp: str
    ins: str
    family: str
    given: str
    sex: str
    birth: date
    address: tuple[str, str, str]
    comorbidities: tuple[Comorbidity, ...]
    episodes: tuple[Episode, ...]
    allergic: bool
    weight: int
    seed: int

    def age(self, at: date) -> int:
        return at.year - self.birth.year - ((at.month, at.day) < (self.birth.month, self.birth.day))

    def codes(self) -> set[str]:
        """Three-character ICD-10 categories that are the case at some time."""
        index = scenarios()
        found = {c.code[:3] for c in self.comorbidities}
        return found | {index[e.scenario]["diagnosis"]["code"][:3] for e in self.episodes}

    def has(self, name: str) -> bool:
        return any(c.name == name for c in self.comorbidities)


def person(number: int, seed: int) -> Person:
    """The patient of that number: the same for the same seed, whatever the size of the hospital."""
    random = Random(f"{seed}/{number}")
    known = scenarios()
    name = random.choices(list(known), [known[s]["weight"] for s in known])[0]
    day = TODAY - timedelta(days=random.randrange(200, 1900))
    low, high = known[name]["age"]
    age = random.randint(low, high)
    sex = known[name].get("sex") or random.choice(("female", "male"))
    birth = date(day.year - age, random.randint(1, 12), random.randint(1, 28))
    episodes = [Episode(name, day, random.choice(("left", "right")))]
    if random.random() < 0.35:
        second = _second(random, known, name, sex, birth)
        if second is not None:
            episodes.append(second)
    return Person(
        number=number,
        ipp=f"80{100000 + number * 37:06d}",
        ins=_ins(random, sex, birth, number),
        family=random.choice(FAMILIES),
        given=random.choice(GIVEN[sex]),
        sex=sex,
        birth=birth,
        address=(f"{random.randint(1, 140)} {random.choice(STREETS)}", *random.choice(CITIES)),
        comorbidities=tuple(_comorbidities(random, birth, {e.scenario for e in episodes})),
        episodes=tuple(sorted(episodes, key=lambda e: e.day)),
        allergic=random.random() < 0.18,
        weight=random.randint(48, 104),
        seed=random.randrange(1 << 30),
    )


def _second(random: Random, known: dict[str, Table], first: str, sex: str, birth: date) -> Episode | None:
    day = TODAY - timedelta(days=random.randrange(120, 1500))
    age = day.year - birth.year
    fit = [
        s
        for s, item in known.items()
        if s != first
        and item["age"][0] <= age <= item["age"][1]
        and item.get("sex", sex) == sex
        and not {s, first} <= {"hip_arthroplasty", "hip_fracture"}
    ]
    return Episode(random.choice(fit), day, random.choice(("left", "right"))) if fit else None


def _comorbidities(random: Random, birth: date, going_through: set[str]) -> list[Comorbidity]:
    found = []
    for name, item in table("scenarios")["comorbidities"].items():
        age = TODAY.year - birth.year
        draw, drug = random.random(), random.choice(item["drugs"] or [""])
        year = birth.year + random.randint(item["from"], max(item["from"], age - 5))
        if name == "copd" and "copd_exacerbation" in going_through:
            draw = 0.0
        if name == "kidney" and "kidney_disease" in going_through:
            continue
        if name == "hypertension" and going_through & {"kidney_disease", "stroke", "heart_failure"}:
            draw *= 0.5
        if age > item["from"] + 4 and draw < item["share"]:
            found.append(Comorbidity(name, item["code"], date(min(year, TODAY.year - 5), 6, 1), drug))
    return found


def _ins(random: Random, sex: str, birth: date, number: int) -> str:
    """Fifteen digits with their key (INSEE: 97 minus the remainder by 97)."""
    first = 2 if sex == "female" else 1
    body = f"{first}{birth.year % 100:02d}{birth.month:02d}59{random.randint(1, 800):03d}{number % 1000:03d}"
    return f"{body}{97 - int(body) % 97:02d}"


def doctor(service: str, seed: int) -> Doctor:
    """One of the five authors of a service."""
    random = Random(f"{service}/{seed % 5}")
    return Doctor(
        random.choice(FAMILIES),
        random.choice(GIVEN[random.choice(("female", "male"))]),
        random.randrange(3),
        random.choice((0, 72, 78, 84)),
    )
