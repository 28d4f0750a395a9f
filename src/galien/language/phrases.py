"""Many phrases found in a text at once: each word is one character, and one automaton runs over them.

Mapping words to characters before the automaton sees them makes phrases end at word boundaries, keeps
the automaton small (three bytes a word), and lets words be compared in any normal form.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ahocorasick_rs

from galien.language.memo import Memo

OTHER = "\x01"
_FIRST = 0x100
_SURROGATES = 0xD800, 0xE000


class Phrasebook:
    """Phrases, numbered in their order, to be found leftmost and longest.

    Parameters
    ----------
    phrases : iterable of sequences of words
        In the same normal form as the texts.
    """

    def __init__(self, phrases: Iterable[Sequence[str]]) -> None:
        characters: dict[str, str] = {}
        self._automaton = ahocorasick_rs.AhoCorasick(
            ["".join([character_of(characters, word) for word in phrase]) for phrase in phrases],
            matchkind=ahocorasick_rs.MatchKind.LeftmostLongest,
        )
        self._character: Memo[str, str] = Memo(
            lambda word: characters.get(word, OTHER)
        )  # a word of no phrase is as any other

    def find(self, words: Sequence[str]) -> list[tuple[int, int, int]]:
        """(phrase number, first word, word after the last), in the order of the text."""
        coded = "".join(map(self._character.__getitem__, words))
        return self._automaton.find_matches_as_indexes(coded)


def character_of(characters: dict[str, str], word: str) -> str:
    """The character that stands for a word, given one now if it has none."""
    known = characters.get(word)
    if known is None:
        number = _FIRST + len(characters)
        if number >= _SURROGATES[0]:
            number += _SURROGATES[1] - _SURROGATES[0]
        known = characters[word] = chr(number)
    return known
