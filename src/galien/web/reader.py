"""The person who reads: their language and theme, and how dates and numbers look to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from galien.model.answers import PatientBrief, ResultPoint, Shortfall
from galien.model.units import displayed
from galien.web.catalogue import Language, name_of, say

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NARROW = "\u202f"


@dataclass(frozen=True)
class Reader:
    """Formats everything shown; one is made for each request."""

    language: Language
    theme: str
    today: date

    def t(self, key: str, **values: object) -> str:
        """A message of the catalogue; numbers among the values are grouped."""
        n = values.get("n")
        shown = {k: self.count(v) if isinstance(v, int) else v for k, v in values.items()}
        if isinstance(n, int):
            shown["_n"] = n
        return say(self.language, key, **shown)

    def name(self, group: str, value: str) -> str:
        """The reader's name of a coded value."""
        return name_of(self.language, group, value)

    def count(self, n: int) -> str:
        """A count with its thousands grouped: ``1 204`` or ``1,204``."""
        return f"{n:,}".replace(",", _NARROW if self.language == "fr" else ",")

    def number(self, value: float) -> str:
        """A measured value as written, with the reader's decimal sign."""
        text = f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
        return text.replace(".", ",") if self.language == "fr" else text

    def value(self, point: ResultPoint) -> str:
        """What a result says: its number with its comparator, else its words."""
        if point.number is None:
            return point.text
        return f"{point.comparator}{' ' if point.comparator else ''}{self.number(point.number)}"

    def date(self, iso: str) -> str:
        """An ISO date, complete or not: ``12/03/2024`` or ``12 Mar 2024``."""
        parts = iso[:10].split("-")
        if not all(part.isdigit() for part in parts):
            return iso
        if len(parts) == 1:
            return parts[0]
        month = int(parts[1])
        if not 1 <= month <= 12:
            return iso
        if self.language == "fr":
            return "/".join(reversed(parts))
        return " ".join([*parts[2:], _MONTHS[month - 1], parts[0]]).lstrip("0")

    def time(self, iso: str) -> str:
        """Hours and minutes of an ISO moment, or ``""``."""
        return iso[11:16] if len(iso) >= 16 else ""

    def ago(self, iso: str) -> str:
        """How long ago, in the largest unit that is honest: ``il y a 8 mois``."""
        try:
            days = (self.today - date.fromisoformat(iso[:10])).days
        except ValueError:
            return ""
        if days < 0:
            return self.t("ago.future")
        if days == 0:
            return self.t("ago.today")
        for unit, length, least in (("years", 365.25, 730), ("months", 30.44, 60), ("days", 1, 0)):
            if days >= least:
                return self.t(f"ago.{unit}", n=int(days / length))
        return ""

    def short(self, short: Shortfall) -> str:
        """What comes nearest to a criterion: ``7,9 %``, ``à 7 mois``, ``évoqué sans être affirmé``."""
        number = short.number
        if short.reason == "value" and number is not None:
            return f"{self.number(number)} {displayed(short.unit)}".strip()
        if short.reason == "lapse" and number is not None:
            return self.t("short.before" if number < 0 else "short.after", lapse=self.lapse(abs(number)))
        if short.reason in ("age", "count") and number is not None:
            return self.t(f"short.{short.reason}", n=int(number))
        return self.t(f"short.{short.reason}")

    def lapse(self, days: float) -> str:
        """A length of time in the unit that people would say it in."""
        for unit, length, least in (("years", 365.25, 730), ("months", 30.4375, 61)):
            if days >= least:
                return self.t(f"short.{unit}", n=round(days / length))
        return self.t("short.days", n=int(days))

    def who(self, patient: PatientBrief) -> str:
        """A patient's name, or a neutral word where it is not shown."""
        return patient.name or self.t("patient.unnamed")

    def traits(self, patient: PatientBrief) -> str:
        """Sex, age and date of birth in one line."""
        parts = [self.name("sex", patient.sex)] if patient.sex != "unknown" else []
        if patient.age is not None:
            parts.append(self.t("patient.age", n=patient.age))
        if patient.birth_date:
            key = {"female": "patient.born_female", "male": "patient.born_male"}.get(patient.sex, "patient.born")
            parts.append(self.t(key, date=self.date(patient.birth_date)))
        return " · ".join(parts)

    def bytes(self, n: int) -> str:
        """A size in the largest binary unit."""
        size = float(n)
        units = ("o", "Kio", "Mio", "Gio", "Tio") if self.language == "fr" else ("B", "KiB", "MiB", "GiB", "TiB")
        for unit in units[:-1]:
            if size < 1024:
                return f"{self.number(round(size, 1))} {unit}"
            size /= 1024
        return f"{self.number(round(size, 1))} {units[-1]}"
