"""What Galien knows of medicine: concepts, their names and codes, and how they relate."""

from galien.knowledge.lexicon import Lexicon, shipped

__all__ = ["Lexicon", "shipped"]
