"""Units of measure: from what hospitals write to UCUM codes, and from one unit to another.

Sources: The Unified Code for Units of Measure (UCUM), version 2.1. The written forms are in ``data/units.toml``.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

import msgspec

_SIMPLE: dict[str, list[object]] = tomllib.loads((files("galien.model") / "data" / "units.toml").read_text("utf-8"))[
    "simple"
]
_NAMES = sorted(_SIMPLE, key=len, reverse=True)
_ANY = "|".join(re.escape(name) for name in _NAMES if not name.startswith("/"))
_WHOLE = "|".join(re.escape(name) for name in _NAMES if name.startswith("/"))
_PER = r"\s?(?:/|par\s|per\s)\s?"
UNIT_PATTERN = rf"(?:(?:{_ANY})(?:{_PER}(?:\d+(?:[.,]\d+)?\s?)?(?:{_ANY}))*|{_WHOLE})(?![A-Za-zÀ-ÿ²³/])"
"""Regular expression of a unit as written, simple or compound (``mg/L``, ``mL/min/1,73 m²``)."""
_SPLIT = re.compile(r"\s?/\s?|\spar\s|\sper\s")
_LEADING = re.compile(r"^(\d+(?:[.,]\d+)?)\s?")
_UCUM_PARTS = {str(item[0]): item for item in _SIMPLE.values()}
_MASS_PER_AMOUNT = ("mass", "amount")


class Unit(msgspec.Struct, frozen=True):
    """A unit that was understood.

    Attributes
    ----------
    ucum : str
        Its UCUM code.
    dimension : str
        What it measures, as ``mass/volume``; units convert within a dimension.
    factor : float
        How many base units of its dimension it is.
    """

    ucum: str
    dimension: str
    factor: float


@lru_cache(maxsize=4096)
def unit(written: str) -> Unit | None:
    """Read a unit, written by a hospital or in UCUM; ``None`` when it is not known.

    >>> unit("mg/dl").ucum, unit("µmol/L").dimension
    ('mg/dL', 'amount/volume')
    """
    written = written.strip()
    if not written:
        return None
    written = written.replace("/(24.h)", "/d").replace("{1.73_m2}", "1.73m2")
    if written in _SIMPLE:
        return Unit(*_SIMPLE[written])  # type: ignore[arg-type]
    if written in _UCUM_PARTS:
        return Unit(*_UCUM_PARTS[written])  # type: ignore[arg-type]
    parts = _SPLIT.split(written)
    codes, dimensions, factor = [], [], 1.0
    for place, part in enumerate(parts):
        leading = _LEADING.match(part) if place else None
        times = float(leading.group(1).replace(",", ".")) if leading else 1.0
        if times == 0:
            return None
        name = part[leading.end() :] if leading else part
        found = _simple(name)
        if found is None:
            if not (place == 0 and not name):
                return None
            continue
        number = f"{leading.group(1).replace(',', '.')}" if leading else ""
        codes.append(f"{number}{found[0]}")
        if found[1] not in ("area",) or times != 1.73:
            dimensions.append(str(found[1]))
        factor = float(str(found[2])) if place == 0 else factor / (float(str(found[2])) * times)
    if not codes:
        return None
    prefix = "" if parts[0] else "/"
    if dimensions == ["count", "time"] or (prefix and dimensions == ["time"]):
        return Unit(prefix + "/".join(codes), "rate", factor * 60)
    return Unit(prefix + "/".join(codes), "/".join(dimensions), factor)


@lru_cache(maxsize=1024)
def displayed(ucum: str) -> str:
    """A UCUM code as people write it.

    >>> displayed("umol/L"), displayed("mm[Hg]"), displayed("10*9/L"), displayed("mL/min/{1.73_m2}")
    ('µmol/L', 'mmHg', '10⁹/L', 'mL/min/1,73 m²')
    """
    text = _MICRO.sub("µ", ucum).replace("{1.73_m2}", "1,73 m²").replace("/(24.h)", "/24 h")
    text = _POWER.sub(lambda found: "10" + found.group(1).translate(_RAISED), text)
    text = _SQUARE.sub(lambda found: found.group(1) + found.group(2).translate(_RAISED), text)
    text = text.replace("[IU]", "UI").replace("[iU]", "UI").replace("Cel", "°C")
    return re.sub(r"[\[\]{}]", "", text)


_MICRO = re.compile(r"\bu(?=(?:mol|g|L|m|kat)\b)")
_POWER = re.compile(r"10\*(\d+)")
_SQUARE = re.compile(r"\b(c?m)([23])\b")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _simple(name: str) -> list[object] | None:
    return _SIMPLE.get(name) or _UCUM_PARTS.get(name) or _SIMPLE.get(name.lower())


def convert(value: float, written: str, wanted: str, molar_mass: float | None = None) -> float | None:
    """A value in another unit; ``None`` where the two do not measure the same thing.

    Parameters
    ----------
    molar_mass : float, optional
        In g/mol: lets mass and amount of substance convert (g/L to mmol/L).

    >>> round(convert(1.0, "g/L", "mmol/L", 180.16), 2)
    5.55
    """
    if written == wanted:
        return value
    source, target = unit(written), unit(wanted)
    if source is None or target is None:
        return None
    if source.dimension == target.dimension:
        return value * source.factor / target.factor
    if source.dimension == "fahrenheit" and target.dimension == "temperature":
        return (value - 32) / 1.8
    for side, other in ((source.dimension, target.dimension), (target.dimension, source.dimension)):
        if side.startswith("mass") and other == "amount" + side[4:] and molar_mass:
            grams = molar_mass if side == target.dimension else 1 / molar_mass
            return value * source.factor * grams / target.factor
    # One milliequivalent of a monovalent ion is one millimole; volumes of cells are counted per litre.
    same = {source.dimension, target.dimension}
    if same in ({"charge/volume", "amount/volume"}, {"count/volume", "per-volume"}, {"rate", "count/time"}):
        return value * source.factor / target.factor
    return None
