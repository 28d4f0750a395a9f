"""A run of `galien eval` as one page that needs nothing else: no script, no file beside it, no network."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from galien.evaluation import Compared, Outcome, Result
from galien.web.catalogue import Language, say

WIDTH, HEIGHT = 960, 180
_WORST = 30


class Bar(msgspec.Struct, frozen=True):
    """One query in the drawing."""

    x: float
    y: float
    width: float
    height: float
    outcome: Outcome


def drawn(outcomes: Sequence[Outcome], measure: str = "nDCG@10") -> tuple[Bar, ...]:
    """A bar for each query, worst first; a query at zero keeps a hair so that it can be pointed at."""
    ordered = sorted(outcomes, key=lambda o: (o.measures[measure], o.id))
    step = WIDTH / max(1, len(ordered))
    bars = []
    for place, outcome in enumerate(ordered):
        height = max(1.0, HEIGHT * outcome.measures[measure])
        width = max(0.4, step - (1 if step > 4 else 0))
        bars.append(Bar(round(place * step, 2), round(HEIGHT - height, 2), round(width, 2), round(height, 2), outcome))
    return tuple(bars)


def page(
    result: Result, language: Language, compared: Sequence[Compared] = (), other: str = "", permutations: int = 0
) -> str:
    """The page, as HTML."""
    templates = Environment(
        loader=PackageLoader("galien.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    bars = drawn(result.per_query)
    return templates.get_template("evaluation.html").render(
        result=result,
        bars=bars,
        worst=[bar.outcome for bar in bars[:_WORST] if bar.outcome.relevant],
        compared=compared,
        other=other,
        permutations=permutations,
        width=WIDTH,
        height=HEIGHT,
        language=language,
        number=lambda value, places, signed=False: number(language, value, places, signed=signed),
        t=lambda key, **values: say(language, f"evaluation.{key}", **values),
    )


def number(language: Language, value: float, places: int, *, signed: bool = False) -> str:
    """A figure with the decimal sign of the language.

    >>> number("fr", 0.5, 2, signed=True)
    '+0,50'
    """
    written = f"{value:{'+' if signed else ''}.{places}f}"
    return written.replace(".", ",") if language == "fr" else written
