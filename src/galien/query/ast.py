"""The tree of a query, as read."""

from __future__ import annotations

import msgspec


class Text(msgspec.Struct, frozen=True, tag="text"):
    """One word, or several in order when ``phrase``; ``slop`` words may stand between."""

    text: str
    phrase: bool = False
    slop: int = 0


class Starts(msgspec.Struct, frozen=True, tag="starts"):
    """Words that begin so (``cardio*``)."""

    text: str


class Like(msgspec.Struct, frozen=True, tag="like"):
    """Words spelt nearly so (``pneumonie~``)."""

    text: str


class Field(msgspec.Struct, frozen=True, tag="field"):
    """A field and its value as typed (``date:2023..2024``); ``name`` is the canonical one."""

    name: str
    value: str


class And(msgspec.Struct, frozen=True, tag="and"):
    parts: tuple[Node, ...]


class Or(msgspec.Struct, frozen=True, tag="or"):
    parts: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True, tag="not"):
    part: Node


Node = Text | Starts | Like | Field | And | Or | Not
