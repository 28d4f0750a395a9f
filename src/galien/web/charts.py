"""Small charts of results: geometry here, drawn as SVG by the template, readable as a table too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from galien.model.answers import ResultPoint, ResultSeries

WIDTH, HEIGHT = 240.0, 56.0
_PAD = 5.0


@dataclass(frozen=True)
class Dot:
    """One value in the drawing; ``out`` says that it lies outside the reference range."""

    x: float
    y: float
    out: bool
    point: ResultPoint


@dataclass(frozen=True)
class Chart:
    """A series as drawn: its line, its dots, and the band of its reference range."""

    series: ResultSeries
    dots: tuple[Dot, ...]
    line: str
    band: tuple[float, float] | None
    last: ResultPoint
    last_side: str


def day(iso: str) -> int | None:
    """The ordinal of a date that may lack its day or month (then the first), or None."""
    try:
        return date.fromisoformat(iso[:10] + "-01-01"[len(iso) - 4 :] if 4 <= len(iso) < 10 else iso[:10]).toordinal()
    except ValueError:
        return None


def side(point: ResultPoint, series: ResultSeries) -> str:
    """``high``, ``low`` or ``out`` (abnormal, no side known) when a value is out of range, else ``""``.

    As the laboratory said (HL7 table 0078), else by the range it gave.
    """
    said = point.interpretation.upper()
    if said in {"N", "NORMAL"}:
        return ""
    if said in {"H", "HH", "HU", ">", "HIGH"}:
        return "high"
    if said in {"L", "LL", "LU", "<", "LOW"}:
        return "low"
    if point.number is not None and series.low is not None and point.number < series.low:
        return "low"
    if point.number is not None and series.high is not None and point.number > series.high:
        return "high"
    return "out" if said in {"A", "AA", "ABNORMAL"} else ""


def is_out(point: ResultPoint, series: ResultSeries) -> bool:
    """Whether a value is out of range."""
    return bool(side(point, series))


def chart(series: ResultSeries) -> Chart | None:
    """The drawing of a series, or None where it has no point at all."""
    if not series.points:
        return None
    last = max(series.points, key=lambda p: p.at)
    placed = [(d, p.number, p) for p in series.points if p.number is not None and (d := day(p.at)) is not None]
    if not placed:
        return Chart(series, (), "", None, last, side(last, series))
    placed.sort(key=lambda item: item[0])
    values = [value for _, value, _ in placed]
    low, high = min(values), max(values)
    # The range belongs in the picture, unless it would flatten the curve into a line.
    reach = (high - low) or abs(high) or 1.0
    if series.low is not None and series.low > low - 2 * reach:
        low = min(low, series.low)
    if series.high is not None and series.high < high + 2 * reach:
        high = max(high, series.high)
    span = (high - low) or 1.0
    first, days = placed[0][0], (placed[-1][0] - placed[0][0]) or 1

    def x(at: int) -> float:
        return round(_PAD + (WIDTH - 2 * _PAD) * (at - first) / days, 1) if len(placed) > 1 else WIDTH / 2

    def y(value: float) -> float:
        inside = min(max(value, low), high)
        return round(HEIGHT - _PAD - (HEIGHT - 2 * _PAD) * (inside - low) / span, 1)

    dots = tuple(Dot(x(at), y(value), is_out(point, series), point) for at, value, point in placed)
    band = None
    if series.low is not None or series.high is not None:
        top = y(series.high) if series.high is not None else 0.0
        bottom = y(series.low) if series.low is not None else HEIGHT
        band = (top, round(max(bottom - top, 1.0), 1))
    line = " ".join(f"{dot.x},{dot.y}" for dot in dots)
    return Chart(series, dots, line, band, last, side(last, series))
