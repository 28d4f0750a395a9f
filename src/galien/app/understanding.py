"""The reader of texts, with what this workspace knows of medicine."""

from __future__ import annotations

from functools import lru_cache

from galien.knowledge import shipped
from galien.language.reading import Reader


@lru_cache(maxsize=1)
def shipped_reader() -> Reader:
    """A reader with the lexicon that Galien ships; made once a process."""
    return Reader(shipped())
