"""What Galien knows of medicine: concepts, their names and codes, and how they relate."""

from galien.knowledge.lexicon import Lexicon, shipped, shipped_digest
from galien.knowledge.whole import WholeLexicon

__all__ = ["Lexicon", "WholeLexicon", "shipped", "shipped_digest"]
