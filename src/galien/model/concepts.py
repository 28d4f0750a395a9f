"""Concepts of medicine: what a mention or a code stands for."""

from __future__ import annotations

from typing import Literal

import msgspec

ConceptKind = Literal["condition", "finding", "drug", "class", "analyte", "act", "body", "code"]


class Label(msgspec.Struct, frozen=True):
    """A way to write a concept.

    Attributes
    ----------
    language : str
        ``fr``, ``en``, or ``""`` for both.
    strict : bool
        Only in capitals, as written: in lower case it would be another word (``SEP``).
    """

    text: str
    language: str = ""
    strict: bool = False


class Measure(msgspec.Struct, frozen=True):
    """How the values of an analyte are kept.

    Attributes
    ----------
    unit : str
        Canonical UCUM unit.
    molar_mass : float or None
        g/mol, where mass and molar units are both in use.
    low, high : float or None
        Usual reference limits of an adult.
    least, most : float or None
        What the body allows; outside, it is a misreading.
    """

    unit: str
    molar_mass: float | None = None
    low: float | None = None
    high: float | None = None
    least: float | None = None
    most: float | None = None


class Concept(msgspec.Struct, frozen=True, kw_only=True):
    """One concept, with its names in both languages and its codes.

    Attributes
    ----------
    codes : tuple of str
        ``VOCABULARY:code``; a final ``*`` covers every code that begins so.
    parents : tuple of str
        Ids of more general concepts.
    """

    id: str
    kind: ConceptKind
    fr: str
    en: str
    labels: tuple[Label, ...] = ()
    codes: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    measure: Measure | None = None

    def name(self, language: str) -> str:
        """Preferred label in a language."""
        return (self.en if language == "en" else self.fr) or self.fr or self.en
