"""Texts near in meaning, whatever their words and their language: encoders and a store of their vectors."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

from galien.meaning.contextual import ContextualEncoder
from galien.meaning.port import Encoder, Role, Vectors

__all__ = ["ContextualEncoder", "Encoder", "Role", "Vectors", "shipped"]


@cache
def shipped() -> ContextualEncoder:
    """The bilingual encoder that comes with Galien; read once (`docs/models/encoder.md`).

    >>> shipped().encode(["fièvre", "fever"]).shape
    (2, 256)
    """
    with as_file(files(__name__) / "data") as folder:
        return ContextualEncoder(folder)
