"""Whole terminologies through one loader: each format is read into the same stream of terms."""

from galien.knowledge.terminologies.catalogue import About, about, catalogue, find, terms, version_of
from galien.knowledge.terminologies.terms import Term

__all__ = ["About", "Term", "about", "catalogue", "find", "terms", "version_of"]
