"""What Galien knows of medicine: concepts, their names and codes, and how they relate."""

from galien.knowledge.bilingual import Bilingual, shipped_words
from galien.knowledge.lexicon import Lexicon, shipped, shipped_digest
from galien.knowledge.whole import WholeLexicon

__all__ = ["Bilingual", "Lexicon", "WholeLexicon", "shipped", "shipped_digest", "shipped_words"]
