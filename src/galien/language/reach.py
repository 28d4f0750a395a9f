"""How far the words of a cue reach, before and after it, in a sentence.

A reach ends at words that begin something else (*but*, *mais*, *which*), at a clause after a comma or *and*, and
after so many words; it waits over a place or an examination (*no tenderness on palpation*) and goes on after an *or*.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any, Literal

import msgspec

from galien.language.analysis import fold

Way = Literal["forward", "backward", "both"]
CONTEXTS = ("negated", "hedged", "conditional", "family", "historical", "planned", "resolved", "reported")
CONFIRMED = "confirmed"
"""No context of its own: it takes the doubt away."""
FORWARD = 14
_HARD = {";", ".", "!", "\n\n"}
_JOINS = {",", "et", "ou", "and", "or", "ni", "nor", "/", "&", "-", "puis"}
_ANDS = {"and", "et", "&"}
_SIGNS = set(",;:.()/-\n«»\"'?!*•+")
_EDGES = _HARD | _JOINS | {":", "(", ")"}
_LIST_ITEM = 3
_ITEM = 7
_RESUMED = 6
_LOOKED = 7


class Cue(msgspec.Struct, frozen=True):
    """What a phrase makes of the mentions in its reach."""

    context: str
    way: Way
    reach: int
    lists: bool
    result: bool
    """Whether it is the result of a test (*négatif*), which does not deny the test itself."""
    verb: int = 0
    """Words after the cue that are the verb it denies."""
    answer: bool = False
    """Whether it is an answer (*fièvre : non*) where it ends a clause, and a plain cue elsewhere."""
    final: bool = False
    """Whether it speaks of what comes before only where it ends a clause (*pneumonia possible.*)."""


class Signs(msgspec.Struct):
    """What the words of one text do to a reach, by their place."""

    forms: list[str]
    stops: dict[int, Set[str]]
    stop_ends: dict[int, Set[str]]
    verbs: set[int]
    turns: set[int]
    covered: dict[int, int]


class Reach:
    """The limits of a reach in one language.

    Parameters
    ----------
    data : mapping
        As read from the TOML file.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        clauses, verb = data["clauses"], data["verb"]
        self._clauses = {c: {fold(word) for word in clauses.get(c, clauses["other"])} for c in (*CONTEXTS, CONFIRMED)}
        self._pauses = {fold(word) for word in data["pauses"]["words"]}
        self._resumes = {fold(word) for word in data["pauses"]["resumed"]}
        self._relative, self._copulas = set(verb["relative"]), set(verb["copulas"])
        self._participles = tuple(verb["participles"])
        self._finite, self._nouns = tuple(verb["finite"]), {fold(word) for word in verb["nouns"]}

    def forward(self, signs: Signs, cue: Cue, at: int, high: int) -> int:
        """The word after the last that a cue ending before ``at`` reaches; ``high`` ends the sentence."""
        forms, stops, turns = signs.forms, signs.stops, signs.turns
        left = cue.reach
        opened = commas = 0
        denies = cue.context == "negated"
        barred = self._clauses[cue.context]
        for k in range(at, high):
            form = forms[k]
            stopped = stops.get(k)
            if stopped is not None and cue.context in stopped and not (k in signs.verbs and k < at + cue.verb):
                if form in self._copulas and cue.lists and denies:
                    # "no tissue was identified": the participle is denied with the noun.
                    return self._participle(forms, k, high) or k
                return k
            if form in _SIGNS or form in _JOINS:
                if form in _HARD or (form == ":" and k > at + 1 and cue.context != "family"):
                    return k
                if form == "(":
                    opened += 1
                elif form == ")":
                    opened -= 1
                    if opened < 0:
                        return k
                elif form in _JOINS and form not in "/-":
                    commas += form == ","
                    if not cue.lists and form in (",", *_ANDS):
                        return k
                    following = forms[k + 1] if k + 1 < high else ""
                    if form == "," and following in _ANDS and commas > 1:
                        following = forms[k + 2] if k + 2 < high else ""  # the last of a list of three: ", and edema"
                    if following in barred:
                        return k
                    if cue.lists:
                        left = max(left, _ITEM)
                    if denies and form in (",", *_ANDS) and commas < 2 and self._new_clause(signs, k, high, form):
                        return k
                continue
            if denies:
                if form in self._pauses and k > at and not self._resumed(signs, k, high):
                    return k
                if self._finite and k > at + cue.verb and form.endswith(self._finite) and form not in self._nouns:
                    return k
            left -= 1
            if left < 0:
                return k
            if denies and k in turns and not self._resumed(signs, k, high):
                return k + 1
        return high

    def backward(self, signs: Signs, cue: Cue, at: int, low: int) -> int:
        """The first word that a cue beginning at ``at`` reaches; ``low`` begins the sentence."""
        forms = signs.forms
        left = cue.reach
        since_comma = 0
        for k in range(at - 1, low - 1, -1):
            form = forms[k]
            stopped = signs.stop_ends.get(k)
            if stopped is not None and cue.context in stopped and (k < at - 1 or form not in self._relative):
                return k + 1
            if form in _HARD or (form == ":" and k < at - 1):
                return k + 1
            if form == ",":
                if since_comma > _LIST_ITEM or cue.context == "planned":
                    return k + 1
                since_comma = 0
            elif form not in _SIGNS:
                since_comma += 1
                left -= 1
                if left < 0:
                    return k + 1
        return low

    def _participle(self, forms: Sequence[str], at: int, high: int) -> int:
        """The word after the participle that completes the verb at ``at``; 0 without one."""
        for j in range(at + 1, min(high, at + 4)):
            if forms[j].endswith(self._participles):
                return j + 1
        return 0

    def _new_clause(self, signs: Signs, join: int, high: int, form: str) -> bool:
        """Whether a verb comes before the next join: *no edema and pulses were intact*."""
        if not self._copulas:
            return False
        forms = signs.forms
        for k in range(join + 2, min(high, join + _LOOKED)):
            if forms[k] in _EDGES:
                return False
            if k in signs.verbs:
                # "no masses and nodules were seen": one verb for both.
                return not (form in _ANDS and forms[k] in self._copulas and self._participle(forms, k, high))
        return False

    def _resumed(self, signs: Signs, at: int, high: int) -> bool:
        """Whether an *or* soon follows, or the list goes on: *no change in appetite, nausea, or vomiting*."""
        forms = signs.forms
        for k in range(at + 1, min(high, at + _RESUMED)):
            if forms[k] in self._resumes:
                return True
            if forms[k] == ",":
                return self._enumerates(signs, k, high)
            if forms[k] in _EDGES:
                return False
        return False

    def _enumerates(self, signs: Signs, comma: int, high: int) -> bool:
        """Whether nothing but short items follow, up to an *or*: a list, and no new clause."""
        forms, item = signs.forms, 0
        for k in range(comma + 1, high):
            form = forms[k]
            if form in self._resumes:
                return True
            item = 0 if form == "," else item + 1
            if form in _HARD or item > _LIST_ITEM or "negated" in signs.stops.get(k, ()):
                return False
        return False
