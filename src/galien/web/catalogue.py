"""Every word that the pages say, in French and in English, from one file."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")


@cache
def messages() -> dict[str, dict[str, str]]:
    """All messages by dotted key, then by language."""
    tree = tomllib.loads(files("galien.web").joinpath("messages.toml").read_text("utf-8"))
    flat: dict[str, dict[str, str]] = {}
    for group, entries in tree.items():
        for name, wording in entries.items():
            flat[f"{group}.{name}"] = wording
    return flat


def say(language: Language, key: str, **values: object) -> str:
    """The message of a key, with ``{name}`` places filled.

    ``n`` chooses the plural: a message ``key.one`` is used where ``n`` is singular in the language
    (0 and 1 in French, 1 in English).
    """
    n = values.get("_n", values.get("n"))
    if isinstance(n, int) and (n == 1 or (n == 0 and language == "fr")):
        singular = messages().get(f"{key}_one")
        if singular is not None:
            return singular[language].format(**values)
    return messages()[key][language].format(**values)


def name_of(language: Language, group: str, value: str) -> str:
    """The name of a coded value (``type``/``operative-report``), or the value itself when it has none."""
    wording = messages().get(f"{group}.{value}")
    return wording[language] if wording else value
