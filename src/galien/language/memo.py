"""Values made once for each word (or other key), however often it comes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

_MOST = 400_000
Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")


class Memo(dict[Key, Made]):
    """Makes the value of a word when it is first asked for, with ``memo[word]``; forgets all when it is too full.

    A dictionary, so that ``map(memo.__getitem__, words)`` runs at its speed.
    """

    def __init__(self, make: Callable[[Key], Made], most: int = _MOST) -> None:
        super().__init__()
        self._make = make
        self._most = most

    def __missing__(self, word: Key) -> Made:
        if len(self) > self._most:
            self.clear()
        made = self[word] = self._make(word)
        return made
