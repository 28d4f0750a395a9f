"""What Galien knows of medicine: concepts, their names and codes, and how they relate."""

from galien.knowledge.bilingual import Bilingual, shipped_words
from galien.knowledge.lexicon import Lexicon, shipped

__all__ = ["Bilingual", "Lexicon", "shipped", "shipped_words"]
