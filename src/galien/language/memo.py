"""Values made once for each word, whatever the number of texts it comes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_MOST = 400_000
Made = TypeVar("Made")


class Memo(dict[str, Made]):
    """Makes the value of a word when it is first asked for, with ``memo[word]``; forgets all when it is too full.

    A dictionary, so that ``map(memo.__getitem__, words)`` runs at its speed.
    """

    def __init__(self, make: Callable[[str], Made]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, word: str) -> Made:
        if len(self) > _MOST:
            self.clear()
        made = self[word] = self._make(word)
        return made
