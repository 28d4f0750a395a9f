"""What a hospital adds to the rules that Galien ships: its section titles, and its cues of context.

Both are TOML in the layout of the shipped files (``language/data/sections.toml``, ``context_fr.toml``,
``context_en.toml``); every part may be left out, and what is given is added to what is shipped.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from galien.language.context import ContextRules
from galien.language.reach import CONFIRMED, CONTEXTS
from galien.language.sections import SectionTitles, shipped_titles

_CONTEXTS = (*CONTEXTS, CONFIRMED)
_WAYS = ("forward", "backward", "both")
_WORDED = ("pseudo", "tests", "lowercase")
_CUE = {"context": str, "way": str, "reach": int, "words": list, "list": bool, "answer": bool, "final": bool}
_NEEDED = ("context", "way", "reach", "words")
_FARTHEST = 60


class MalformedRules(ValueError):
    """Rules that are not in the layout; ``key`` says where, as ``cues[2].way``."""

    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.key = key


def parsed(text: str) -> dict[str, Any]:
    """The tables of a TOML text.

    Raises
    ------
    MalformedRules
        It is no TOML; the message says the line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MalformedRules(str(error), "") from error


def titles_with(more: Mapping[str, Any]) -> SectionTitles:
    """The shipped section titles and these.

    >>> titles_with({"treatment": ["mes pilules"]}).sections("Mes pilules :\\n- aspirine")[0].kind
    'treatment'

    Raises
    ------
    MalformedRules
        A kind that is none, or titles that are no list of words.
    """
    kinds = shipped_titles()
    for kind, titles in more.items():
        if kind not in kinds:
            raise MalformedRules(f"no kind of section has this name; known: {', '.join(sorted(kinds))}", kind)
        _check_words(titles, kind)
    return SectionTitles(more)


def rules_with(language: str, more: Mapping[str, Any]) -> ContextRules:
    """The shipped rules of context of ``fr`` or ``en``, and these.

    Raises
    ------
    MalformedRules
        Something is not in the layout.
    """
    data: dict[str, Any] = tomllib.loads(
        (files("galien.language") / "data" / f"context_{language}.toml").read_text("utf-8")
    )
    for key, value in more.items():
        if key == "cues":
            data["cues"] += [_cue(cue, f"cues[{number}]") for number, cue in enumerate(_groups(value, key), 1)]
        elif key == "stops":
            data["stops"] += [_stop(stop, f"stops[{number}]") for number, stop in enumerate(_groups(value, key), 1)]
        elif key in _WORDED:
            data[key]["words"] += _only(value, ("words",), key)["words"]
        elif key == "turns":
            data["turns"]["negated"] += _only(value, ("negated",), key)["negated"]
        else:
            known = ", ".join(("cues", "stops", "turns", *_WORDED))
            raise MalformedRules(f"no table of rules has this name; known: {known}", key)
    return ContextRules(data)


def _cue(cue: Mapping[str, Any], key: str) -> dict[str, Any]:
    for name, value in cue.items():
        if name not in _CUE:
            raise MalformedRules(f"unknown; a cue has {', '.join(_CUE)}", f"{key}.{name}")
        if not isinstance(value, _CUE[name]) or (_CUE[name] is int and isinstance(value, bool)):
            raise MalformedRules(f"this must be of the type {_CUE[name].__name__}", f"{key}.{name}")
    for name in _NEEDED:
        if name not in cue:
            raise MalformedRules("this is missing", f"{key}.{name}")
    if cue["context"] not in _CONTEXTS:
        raise MalformedRules(f"no context has this name; known: {', '.join(_CONTEXTS)}", f"{key}.context")
    if cue["way"] not in _WAYS:
        raise MalformedRules(f"a way is one of {', '.join(_WAYS)}", f"{key}.way")
    if not 1 <= cue["reach"] <= _FARTHEST:
        raise MalformedRules(f"a reach is a number of words, 1 to {_FARTHEST}", f"{key}.reach")
    _check_words(cue["words"], f"{key}.words")
    return copy.deepcopy(dict(cue))


def _stop(stop: Mapping[str, Any], key: str) -> dict[str, Any]:
    for name in ("of", "words"):
        _check_words(stop.get(name), f"{key}.{name}")
    unknown = sorted(set(stop["of"]) - set(_CONTEXTS))
    if unknown:
        raise MalformedRules(f"no context is called {unknown[0]}; known: {', '.join(_CONTEXTS)}", f"{key}.of")
    return {"of": list(stop["of"]), "words": list(stop["words"])}


def _groups(value: object, key: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(group, dict) for group in value):
        raise MalformedRules(f"write it as [[{key}]]", key)
    return value


def _only(value: object, names: tuple[str, ...], key: str) -> dict[str, list[str]]:
    if not isinstance(value, dict) or set(value) - set(names):
        raise MalformedRules(f"this table holds {', '.join(names)} alone", key)
    for name in names:
        _check_words(value.get(name), f"{key}.{name}")
    return value


def _check_words(words: object, key: str) -> None:
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise MalformedRules("this must be a list of words between quotes", key)
