"""Laboratory values that follow from what is the case: trends, surgery, infection, kidney, diabetes."""

from __future__ import annotations

import math
from datetime import date
from itertools import pairwise
from random import Random

import msgspec

from galien.synthetic.lexicon import scenarios, table
from galien.synthetic.people import Person

_AFTER = ((0, 0.45), (1, 0.75), (2, 1.0), (3, 0.8), (5, 0.35), (7, 0.18), (14, 0.05), (40, 0.0))


class Result(msgspec.Struct, frozen=True):
    """One measured value."""

    analyte: str
    loinc: str
    label: str
    unit: str
    low: float
    high: float
    value: float
    digits: int
    at: date

    @property
    def flag(self) -> str:
        return "H" if self.value > self.high else "L" if self.value < self.low else ""

    def text(self, language: str) -> str:
        """The value as a laboratory prints it: decimal comma in French."""
        shown = f"{self.value:.{self.digits}f}"
        return shown.replace(".", ",") if language == "fr" else shown


def panel(person: Person, name: str, at: date, scenario: str, since: int, language: str) -> list[Result]:
    """Results of a panel on a day, ``since`` days after the index day of the scenario."""
    analytes = table("scenarios")["analytes"]
    return [_result(person, a, analytes[a], at, scenario, since, language) for a in table("scenarios")["panels"][name]]


def _result(
    person: Person, name: str, item: dict[str, float | str], at: date, scenario: str, since: int, language: str
) -> Result:
    base = Random(f"{person.seed}/{name}").gauss(float(item["mean"]), float(item["spread"]))
    noise = Random(f"{person.seed}/{name}/{at}").gauss(0, float(item["spread"]) * 0.25)
    value = _value(person, name, base, noise, at, scenario, since)
    digits = int(item["digits"])
    return Result(
        name,
        str(item["loinc"]),
        str(item[language]),
        str(item["unit"]),
        float(item["low"]),
        float(item["high"]),
        round(max(value, 0.1 if digits else 1), digits),
        digits,
        at,
    )


def _value(person: Person, name: str, base: float, noise: float, at: date, scenario: str, since: int) -> float:
    draw = Random(f"{person.seed}/{name}/level").random()
    surgical = bool(scenarios()[scenario]["acts"]) and scenario not in ("epilepsy", "multiple_sclerosis")
    height = float(scenarios()[scenario]["inflammation"]) * (0.6 + 0.8 * draw) * _reaction(since)
    match name:
        case "hba1c" | "glucose" if person.has("diabetes"):
            level = 6.6 + 2.6 * draw + 0.35 * math.sin(at.toordinal() / 200)
            return level + noise if name == "hba1c" else level * 1.25 + noise * 3
        case "creatinine":
            return _creatinine(person, base, scenario, since) + noise
        case "egfr":
            return egfr(
                _value(person, "creatinine", _base(person, "creatinine"), 0, at, scenario, since),
                person.age(at),
                person.sex,
            )
        case "crp":
            return base + height + noise
        case "leukocytes":
            return base + height / 45 + noise
        case "haemoglobin":
            lost = (2.2 + 1.5 * draw) * _fall(since) if surgical else 0
            chronic = 2.6 if scenario == "kidney_disease" else 1.0 if scenario == "colon_cancer" else 0
            return base - lost - chronic - (0.6 if person.sex == "female" else 0) + noise
        case "troponin" if scenario == "myocardial_infarction" and since < 4:
            return 260 + 2600 * draw * (1.6 if since else 1.0)
        case "ntprobnp" if scenario == "heart_failure":
            return (2500 + 6500 * draw) * math.exp(-min(since, 40) / 12) + 700
        case "pao2" if scenario == "copd_exacerbation":
            return 52 + 12 * draw
        case "paco2" if scenario == "copd_exacerbation":
            return 44 + 12 * draw
        case "urea" if scenario == "kidney_disease":
            return 16 + 8 * draw + noise
        case "potassium" if scenario == "kidney_disease":
            return 4.8 + 0.7 * draw + noise
        case "cea" if scenario == "colon_cancer":
            return (9 + 30 * draw) if since < 0 else 1.5 + 2 * draw
        case "ldl" if person.has("dyslipidaemia") or scenario == "myocardial_infarction":
            return 4.1 + draw if since < 20 else 1.2 + 1.4 * draw
        case _:
            return base + noise


def _base(person: Person, name: str) -> float:
    item = table("scenarios")["analytes"][name]
    return Random(f"{person.seed}/{name}").gauss(float(item["mean"]), float(item["spread"]))


def _creatinine(person: Person, base: float, scenario: str, since: int) -> float:
    if scenario == "kidney_disease":
        return 205 + 60 * (base - 60) / 40 + 0.09 * max(since, 0)
    return base + (55 if person.has("kidney") else 0) + (25 if scenario == "heart_failure" else 0)


def _reaction(since: int) -> float:
    """Share of the inflammatory peak, by days after the event."""
    if since < 0:
        return 0.0
    for (d0, v0), (d1, v1) in pairwise(_AFTER):
        if since <= d1:
            return v0 + (v1 - v0) * (since - d0) / (d1 - d0)
    return 0.0


def _fall(since: int) -> float:
    return 0.0 if since <= 0 else max(0.0, 1 - since / 45)


def egfr(creatinine: float, age: int, sex: str) -> float:
    """CKD-EPI 2021, mL/min/1.73 m2, creatinine in µmol/L (Inker et al., NEJM 2021;385:1737)."""
    female = sex == "female"
    k, a = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = creatinine / 88.4 / k
    rate: float = 142 * min(ratio, 1) ** a * max(ratio, 1) ** -1.2 * 0.9938**age * (1.012 if female else 1)
    return rate
