"""How answers are worded, in French and English (``data/answers.toml``): sentences, dates, numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.resources import files

from galien.query.criteria import Period

_SAID: dict[str, dict[str, dict[str, str]]] = tomllib.loads(
    (files("galien.query.asking") / "data" / "answers.toml").read_text("utf-8")
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MOST_NAMES = 8


class Wording:
    """Words answers in one language.

    Parameters
    ----------
    language : str
        ``fr`` or ``en``.
    """

    def __init__(self, language: str) -> None:
        self.language = "en" if language == "en" else "fr"

    def say(self, group: str, form: str, /, **values: object) -> str:
        """A sentence; of ``form`` and ``form_one``, the second where ``n`` is one."""
        messages = _SAID[group]
        if values.get("n") == 1 and f"{form}_one" in messages:
            form = f"{form}_one"
        said = messages[form][self.language].format(**values)
        return said[:1].upper() + said[1:]

    def word(self, group: str, form: str, /, **values: object) -> str:
        """A part of a sentence, as it stands."""
        return _SAID[group][form][self.language].format(**values)

    def date(self, iso: str) -> str:
        """An ISO day, month or year as it is read: ``12/03/2024``, ``12 Mar 2024``; ``?`` for none."""
        parts = iso[:10].split("-")
        if not iso:
            return "?"
        if self.language == "fr":
            return "/".join(reversed(parts))
        if len(parts) == 1:
            return parts[0]
        return " ".join([*(str(int(day)) for day in parts[2:]), _MONTHS[int(parts[1]) - 1], parts[0]])

    def number(self, value: float) -> str:
        """A number with the decimal sign of the language; beyond three decimals it is rounded to two, to be read."""
        text = f"{value:.10g}"
        if len(text.partition(".")[2]) > 3:
            text = f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
        return text.replace(".", ",") if self.language == "fr" else text

    def within(self, period: Period | None) -> str:
        """A period, to follow a sentence; empty for none."""
        if period is None or not (period.since or period.until):
            return ""
        name = "both" if period.since and period.until else "since" if period.since else "until"
        return self.word("within", name, since=self.date(period.since), until=self.date(period.until))

    def names(self, names: Iterable[str]) -> str:
        """Names in a row, each once; those past the eighth are counted."""
        each = list(dict.fromkeys(name.strip() for name in names if name.strip()))
        shown = ", ".join(each[:_MOST_NAMES])
        return shown + (f" (+ {len(each) - _MOST_NAMES})" if len(each) > _MOST_NAMES else "")
