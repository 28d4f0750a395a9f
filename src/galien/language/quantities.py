"""Numbers with their units: ``7,2 %``, ``< 5 mg/L``, ``145/90 mmHg``, ``10 à 15 cm``, ``500 mg x 3/j``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from galien.model.readings import Quantity
from galien.model.units import UNIT_PATTERN, unit

_NUMBER = r"\d{1,3}(?:[  ]\d{3})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
_EQUAL = r"(?: ou égale?s?)?"
_COMPARE = (
    rf"<=|>=|≤|≥|<|>|~|≈|(?:strictement )?inférieure?s?{_EQUAL} à|(?:strictement )?supérieure?s?{_EQUAL} à"
    r"|plus de|moins de|au moins|au plus|environ"
    r"|less than|more than|greater than|at least|at most|about|above|below|over|under"
)
_QUANTITY = re.compile(
    rf"(?<![\w.,/*^-])(?P<compare>{_COMPARE})?\s?(?P<sign>[-−](?=\d))?(?P<low>{_NUMBER})"
    rf"(?:\s?(?P<second>/)\s?(?P<high2>\d{{1,3}})(?![\d/]|[.,]\d)|\s?(?:-|–|à|to|et)\s?(?P<high>{_NUMBER})(?=\s?(?:{UNIT_PATTERN})))?"
    rf"(?![\d]|[.,]\d|[/-]\d)"
    rf"(?:\s?(?P<unit>{UNIT_PATTERN}))?"
    rf"(?:\s?(?:x|×|\*|fois)\s?(?P<times>\d)\s?(?:/|par)\s?(?P<per>j|jour|d|day|24\s?h|semaine))?",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_COMPARED = re.compile(rf"(?<![\w.,/*^-])(?:{_COMPARE})$", re.IGNORECASE)
_COMPARING = (
    "<", ">", "=", "≤", "≥", "~", "≈", "à", "de", "moins", "plus", "environ", "than", "least", "most", "about", "above",
    "below", "over", "under",
)  # fmt: skip
_LONGEST_COMPARE = 36
_PRESSURE = re.compile(
    r"(?:\b(?:TA|PA|T\.A|P\.A|BP|PAS/PAD|tension|pression art[ée]rielle|blood pressure)\b[^.\n;]{0,25})$", re.IGNORECASE
)
_WAYS = {
    "≤": "<=", "≥": ">=", "≈": "~", "environ": "~", "about": "~", "plus de": ">", "moins de": "<", "au moins": ">=",
    "au plus": "<=", "less than": "<", "below": "<", "under": "<", "more than": ">", "greater than": ">", "above": ">",
    "over": ">", "at least": ">=", "at most": "<=",
}  # fmt: skip


def quantities(text: str) -> list[Quantity]:
    """Numbers in their order; a blood pressure is two.

    >>> [(q.low, q.unit) for q in quantities("TA 145/90 mmHg, HbA1c à 7,2 %")]
    [(145.0, 'mm[Hg]'), (90.0, 'mm[Hg]'), (7.2, '%')]
    """
    found: list[Quantity] = []
    for match in _numbers(text):
        low = _number(match["low"])
        written = match["unit"] or ""
        known = unit(" ".join(written.split())) if written else None
        start = match.start("compare") if match["compare"] else match.start("low")
        end = match.end()
        if match["second"]:
            found += _fraction(text, match, known.ucum if known else "")
            continue
        if match["sign"]:
            low = -low
        way = _way(match["compare"])
        per = f"x{match['times']}/{match['per']}" if match["times"] else ""
        if match["high"]:
            high = _number(match["high"])
            if high >= low:
                found.append(
                    Quantity(
                        start=start,
                        end=end,
                        low=low,
                        high=high,
                        comparator="..",
                        unit=known.ucum if known else "",
                        per=per,
                    )
                )
                continue
        found.append(
            Quantity(
                start=start,
                end=end,
                low=None if way in ("<", "<=") else low,
                high=None if way in (">", ">=") else low,
                comparator=way,
                unit=known.ucum if known else "",
                per=per,
            )
        )
    return found


def _numbers(text: str) -> Iterator[re.Match[str]]:
    """What ``_QUANTITY.finditer`` gives, many times faster: it is only tried where there are digits."""
    reached = 0
    for digits in _DIGITS.finditer(text):
        start = digits.start()
        if start < reached:
            continue
        for at in _starts(text, start, reached):
            match = _QUANTITY.match(text, at)
            if match:
                yield match
                reached = match.end()
                break


def _starts(text: str, digits: int, reached: int) -> list[int]:
    """Where a quantity may begin whose digits begin there: at its comparison, its sign, or itself."""
    starts = [digits]
    if digits > reached and text[digits - 1] in "-−":
        starts.insert(0, digits - 1)
    end = starts[0]
    if end > reached and text[end - 1].isspace():
        end -= 1
    if end > reached and text[max(reached, end - 7) : end].lower().endswith(_COMPARING):
        compared = _COMPARED.search(text, max(reached, end - _LONGEST_COMPARE), end)
        if compared:
            starts.insert(0, compared.start())
    return starts


def _fraction(text: str, match: re.Match[str], ucum: str) -> list[Quantity]:
    first, second = _number(match["low"]), float(match["high2"])
    pressure = ucum in ("mm[Hg]", "cm[Hg]") or (
        not match["unit"] and _PRESSURE.search(text, max(0, match.start() - 45), match.start())
    )
    if pressure and first > second:
        if first < 30:  # in centimetres of mercury, as it is said in French
            ucum = "cm[Hg]"
        ucum = ucum or "mm[Hg]"
        end = match.end()
        return [
            Quantity(
                start=match.start("low"),
                end=match.end("low"),
                low=first,
                high=first,
                unit=ucum,
                concept="systolic-blood-pressure",
            ),
            Quantity(
                start=match.start("high2"),
                end=end,
                low=second,
                high=second,
                unit=ucum,
                concept="diastolic-blood-pressure",
            ),
        ]
    if first <= second and second in (4, 5, 6, 10, 15, 20, 30, 100):  # a score out of its best
        return [
            Quantity(start=match.start("low"), end=match.end("high2"), low=first, high=first, unit=f"{{of {second:g}}}")
        ]
    return []


def _way(written: str | None) -> str:
    if not written:
        return "="
    plain = written.lower()
    if plain in _WAYS:
        return _WAYS[plain]
    if "inférieur" in plain:
        return "<=" if "égal" in plain else "<"
    if "supérieur" in plain:
        return ">=" if "égal" in plain else ">"
    return plain


def _number(written: str) -> float:
    return float(written.replace(" ", "").replace(" ", "").replace(",", "."))
