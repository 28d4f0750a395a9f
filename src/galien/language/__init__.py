"""Text to words: what a word is, in French and in English, for index, queries and highlights alike."""

from galien.language.analysis import Analysed, Token, analyse, exact, stem, tokens
from galien.language.detection import detect
from galien.language.stopwords import is_question_word, is_stop_word

__all__ = ["Analysed", "Token", "analyse", "detect", "exact", "is_question_word", "is_stop_word", "stem", "tokens"]
