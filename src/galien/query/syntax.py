"""The query language: from what is typed to a tree, and back.

Words are all required. ``"…"`` or ``« … »`` is a phrase, ``"…"~5`` a phrase with gaps, ``cardio*`` a prefix,
``pneumonie~`` a spelling, ``champ:valeur`` a field; ``ET AND``, ``OU OR |``, ``SAUF NON NOT -`` combine; parentheses
group. Whatever a clinician types is read: an unbalanced quote or parenthesis is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from galien.model.errors import QueryError
from galien.query.ast import And, Field, Like, Node, Not, Or, Starts, Text

MAX_LENGTH = 2_000
MAX_DEPTH = 30

FIELDS: dict[str, str] = {
    "titre": "title", "title": "title", "type": "type", "service": "service", "unite": "service",
    "hopital": "hospital", "hôpital": "hospital", "hospital": "hospital", "auteur": "author", "author": "author",
    "code": "code", "patient": "patient", "modalite": "modality", "modalité": "modality", "modality": "modality",
    "sexe": "sex", "sex": "sex", "langue": "language", "language": "language", "date": "date", "annee": "year",
    "année": "year", "year": "year", "age": "age", "âge": "age", "source": "source", "journal": "journal",
    "revue": "journal",
}  # fmt: skip
_AND, _OR, _NOT = {"ET", "AND"}, {"OU", "OR", "|"}, {"SAUF", "NON", "NOT"}
_LEXEME = re.compile(
    r"""(?P<field>[^\W\d_]+):(?=[^\s:/])(?P<fvalue>"[^"]*"|«[^»]*»|[^\s()]+)"""
    r"""|(?:"(?P<quoted>[^"]*)"|«(?P<guillemets>[^»]*)»|“(?P<curly>[^”]*)”)(?:~(?P<slop>\d{1,2}))?"""
    r"""|(?P<open>\()|(?P<close>\))|(?P<bar>\|)|(?P<minus>(?<!\S)-(?=[^\s-]))|(?P<word>[^\s()|"«»“”]+)|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)

Lexeme = tuple[str, str, int]


def parse(query: str) -> Node:
    """Read a query; never fails on what a person types.

    Raises
    ------
    QueryError
        Longer than `MAX_LENGTH` characters or nested deeper than `MAX_DEPTH`.
    """
    if len(query) > MAX_LENGTH:
        raise QueryError(f"a query holds at most {MAX_LENGTH} characters", limit=MAX_LENGTH)
    return _Parser(_lexemes(query)).whole()


def render(node: Node) -> str:
    """The query that reads as this tree."""
    match node:
        case Text(text, phrase, slop):
            return f'"{text}"' + (f"~{slop}" if slop else "") if phrase else text
        case Starts(text):
            return f"{text}*"
        case Like(text):
            return f"{text}~"
        case Field(name, value):
            return f'{name}:"{value}"' if re.search(r"[\s()]", value) else f"{name}:{value}"
        case Not(part):
            return f"NOT {_inner(part)}"
        case And(parts):
            return " ".join(_inner(part) for part in parts)
        case Or(parts):
            return " OR ".join(_inner(part) for part in parts)


def _inner(node: Node) -> str:
    return f"({render(node)})" if isinstance(node, And | Or) else render(node)


def _lexemes(query: str) -> list[Lexeme]:
    found: list[Lexeme] = []
    for match in _LEXEME.finditer(query):
        kind = match.lastgroup or ""
        if match["field"]:
            name = FIELDS.get(match["field"].lower())
            value = match["fvalue"].strip('"«» ')
            if name and value:
                found.append((f"field:{name}", value, 0))
            elif match[0].strip():
                found.append(("word", match[0], 0))
        elif match["quoted"] is not None or match["guillemets"] is not None or match["curly"] is not None:
            text = (match["quoted"] or match["guillemets"] or match["curly"] or "").strip()
            if text:
                found.append(("phrase", text, int(match["slop"] or 0)))
        elif kind == "word":
            found.append(_word(match[0]))
        elif kind in ("open", "close", "bar", "minus"):
            found.append((kind, match[0], 0))
    return found


def _word(text: str) -> Lexeme:
    if text in _AND:
        return ("and", text, 0)
    if text in _OR:
        return ("bar", text, 0)
    if text in _NOT:
        return ("minus", text, 0)
    if len(text) > 2 and text.endswith("*") and text[:-1].isalnum():
        return ("starts", text[:-1], 0)
    if len(text) > 3 and text.endswith("~") and text[:-1].isalnum():
        return ("like", text[:-1], 0)
    return ("word", text, 0)


class _Parser:
    def __init__(self, lexemes: Sequence[Lexeme]) -> None:
        self._lexemes = lexemes
        self._at = 0

    def whole(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._lexemes):
            before = self._at
            part = self._either(0)
            if part is not None:
                parts.append(part)
            if self._at == before:  # a stray ")": passed over
                self._at += 1
        return _joined(parts)

    def _kind(self) -> str:
        return self._lexemes[self._at][0] if self._at < len(self._lexemes) else ""

    def _either(self, depth: int) -> Node | None:
        if depth > MAX_DEPTH:
            raise QueryError(f"a query nests at most {MAX_DEPTH} deep", limit=MAX_DEPTH)
        choices = [self._every(depth)]
        while self._kind() == "bar":
            self._at += 1
            choices.append(self._every(depth))
        real = [choice for choice in choices if choice is not None]
        if not real:
            return None
        return real[0] if len(real) == 1 else Or(tuple(real))

    def _every(self, depth: int) -> Node | None:
        parts: list[Node] = []
        while self._kind() not in ("", "bar", "close"):
            if self._kind() == "and":
                self._at += 1
                continue
            part = self._one(depth)
            if part is not None:
                parts.append(part)
        return _joined(parts) if parts else None

    def _one(self, depth: int) -> Node | None:
        kind, text, slop = self._lexemes[self._at]
        self._at += 1
        if kind == "minus":
            if self._kind() in ("", "bar", "close", "and"):
                return None
            part = self._one(depth + 1)
            return Not(part) if part is not None else None
        if kind == "open":
            inside = self._either(depth + 1)
            if self._kind() == "close":
                self._at += 1
            return inside
        if kind.startswith("field:"):
            return Field(kind[6:], text)
        if kind == "phrase":
            return Text(text, phrase=True, slop=slop)
        if kind == "starts":
            return Starts(text)
        if kind == "like":
            return Like(text)
        return Text(text)


def _joined(parts: list[Node]) -> Node:
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, And) else (part,))
    return flat[0] if len(flat) == 1 else And(tuple(flat))
