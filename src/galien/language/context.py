"""What is said about a mention: denied, suspected, of a relative, past, planned... and which words say so.

Rules are data (``data/context_fr.toml``, ``data/context_en.toml``): cue phrases with the way and the reach in
which they act, words that look like cues and are none, and words that end a reach. After NegEx and ConText
(Chapman et al. 2001; Harkema et al. 2009), with what French needs besides: *ne ... pas* around a verb,
enumerations of bare nouns, and the passive.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import compress
from typing import Any, cast

import msgspec

from galien.language.analysis import fold
from galien.language.phrases import Phrasebook
from galien.language.reach import CONFIRMED, CONTEXTS, FORWARD, Cue, Reach, Signs
from galien.language.words import Words
from galien.model.evidence import Span
from galien.model.readings import PLAIN, Context, Subject

_NE_REACH = 8
_VERB = 3
_ANNOUNCED = 20
_CLAUSE_ENDS = {",", ";", ".", ")", "\n", "-", "!", "et", "and"}
_PARTICIPLE_AHEAD = 4


class _Scope(msgspec.Struct, frozen=True):
    """Words ``low <= i < high`` are in the reach of the cue at words ``first`` to ``last``."""

    context: str
    low: int
    high: int
    first: int
    last: int
    result: bool


class ContextRules:
    """The rules of one language, compiled.

    Parameters
    ----------
    data : mapping
        As read from the TOML file.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        phrases: dict[tuple[str, ...], int] = {}
        cues: dict[int, list[Cue]] = defaultdict(list)
        stops: dict[int, set[str]] = defaultdict(set)
        verbs: set[int] = set()
        verb = data["verb"]
        for group in data["cues"]:
            for text in _expanded(group, verb):
                words = _words(text)
                cue = Cue(
                    group["context"],
                    group["way"],
                    group["reach"],
                    group.get("list", False),
                    words[-1].startswith(("negati", "neg", "ve")),
                    _VERB if words[-1] in verb["denying"] else 0,
                    group.get("answer", False),
                    group.get("final", False),
                )
                cues[phrases.setdefault(words, len(phrases))].append(cue)
        for text in data["pseudo"]["words"]:
            phrases.setdefault(_words(text), len(phrases))
        for group in data["stops"]:
            for text in group["words"]:
                number = phrases.setdefault(_words(text), len(phrases))
                stops[number].update(group["of"])
                if group.get("verbs"):
                    verbs.add(number)
        turns = {phrases.setdefault(_words(text), len(phrases)) for text in data["turns"]["negated"]}
        lowercase = {phrases.setdefault(_words(text), len(phrases)) for text in data["lowercase"]["words"]}
        self._roles = [
            (n in turns, frozenset(stops.get(n, ())), n in verbs, n in lowercase, tuple(cues.get(n, ())))
            for n in range(len(phrases))
        ]
        """What each phrase does: turns a denial, ends reaches, is a verb, counts in lower case only; its cues."""
        self._book = Phrasebook(phrases)
        self._reach = Reach(data)
        self._tests = {fold(word) for word in data["tests"]["words"]}
        self._ne, self._pas, self._que = set(verb["first"]), {fold(w) for w in verb["second"]}, set(verb["only"])
        self._passive, self._alone = set(verb["passive"]), set(verb["alone"])
        self._done, self._lasting = tuple(verb["done_endings"]), tuple(fold(word) for word in verb["lasting"])

    def scopes(self, words: Words, limits: Sequence[tuple[int, int]]) -> list[_Scope]:
        """Every reach of every cue, sentence by sentence.

        Parameters
        ----------
        limits : sequence of (first word, word after the last)
            The sentences, in order.
        """
        forms = words.forms
        found = self._book.find(forms)
        if not found:
            return []
        signs = Signs(forms, {}, {}, set(), set(), {})
        cues: list[tuple[Cue, int, int]] = []
        for number, first, last in found:
            turns, stopped, begins_verb, lowercase, acting = self._roles[number]
            if turns:
                signs.turns.add(last - 1)
            if stopped and (last - first > 1 or words.surfaces[first] not in ("à", "À")):  # folded, it is the verb "a"
                signs.stops[first], signs.stop_ends[last - 1] = stopped, stopped
                if begins_verb:
                    signs.verbs.add(first)
            if lowercase and not words.surfaces[first].islower():
                continue
            for cue in acting:
                cues.append((cue, first, last))
            if last - first > 1:
                signs.covered.update(dict.fromkeys(range(first, last), last))
        starts = [low for low, _ in limits]
        reach = self._reach
        turned: set[int] = set()
        scopes = self._split(words, signs, limits, starts, turned) if self._ne else []
        for cue, first, last in cues:
            if first in turned:
                continue
            low, high = limits[bisect_right(starts, last - 1) - 1]
            ends = last >= high or forms[last] in _CLAUSE_ENDS
            if cue.final and not ends:
                continue
            if cue.answer and not ends:
                cue = msgspec.structs.replace(cue, way="forward", reach=FORWARD, lists=True)
            if cue.way != "backward":
                end = reach.forward(signs, cue, last, high)
                scopes.append(_Scope(cue.context, first, end, first, last, cue.result))
            if cue.way != "forward":
                begin = reach.backward(signs, cue, first, low)
                end = last
                if forms[last : last + 1] == [":"]:  # "trois diagnostics sont évoqués : ..."
                    ahead = Cue(cue.context, "forward", _ANNOUNCED, True, cue.result)
                    end = reach.forward(signs, ahead, last, high)
                scopes.append(_Scope(cue.context, begin, end, first, last, cue.result))
        return scopes

    def _split(
        self, words: Words, signs: Signs, limits: Sequence[tuple[int, int]], starts: list[int], turned: set[int]
    ) -> list[_Scope]:
        """*ne ... pas*: the verb between is denied, what follows too, and in the passive what comes before.

        Adds to ``turned`` the *pas* of verbs that deny nothing of what follows.
        """
        scopes = []
        forms, covered = signs.forms, signs.covered
        cue = Cue("negated", "forward", FORWARD, True, False, _VERB)
        for i in compress(range(len(forms)), map(self._ne.__contains__, forms)):
            if covered.get(i, i + 1) > i + 1:
                continue
            low, high = limits[bisect_right(starts, i) - 1]
            j = self._second(forms, i, high)
            if j is None or self._pas_hidden(forms, j, covered):
                continue
            if not signs.turns.isdisjoint(range(i, j)):
                turned.add(j)  # "n'améliorait pas les douleurs": they are there
            end = j + 1 if forms[j] == "rien" or j in turned else self._reach.forward(signs, cue, j + 1, high)
            scopes.append(_Scope("negated", i, max(end, j), j, j + 1, False))
            if j > i and self._denies_subject(words, i, j, high):
                begin = self._reach.backward(signs, cue, i, low)
                scopes.append(_Scope("negated", begin, j + 1, j, j + 1, False))
        return scopes

    def _denies_subject(self, words: Words, ne: int, pas: int, high: int) -> bool:
        """Whether the verb denies its subject: a passive, *la thrombose n'a pas été retrouvée*.

        Not *la douleur n'a pas été calmée* (it is there), nor *l'abdomen n'est pas sensible* (no participle).
        """
        forms = words.forms
        if not self._passive.intersection(forms[ne + 1 : pas + 3]):
            return False
        for k in range(pas + 1, min(high, pas + 1 + _PARTICIPLE_AHEAD)):
            if forms[k] in ("ete", "etre") or not forms[k].isalpha():
                continue
            if words.surfaces[k].lower().endswith(self._done):
                return not forms[k].startswith(self._lasting)
        return False

    def _second(self, forms: list[str], at: int, high: int) -> int | None:
        """The word that completes *ne*: *pas*... or a verb that needs none; the *aucun* before it, else."""
        for j in range(at + 1, min(high, at + _NE_REACH)):
            if forms[j] in self._que:
                return None
            if forms[j] in self._pas:
                return j
        for j in range(at + 1, min(high, at + 4)):
            if forms[j] in self._alone:
                return j
        return at if {"aucun", "aucune"}.intersection(forms[max(0, at - 6) : at]) else None

    def _pas_hidden(self, forms: list[str], at: int, covered: dict[int, int]) -> bool:
        """Whether the *pas* belongs to a longer phrase that is no negation."""
        end = covered.get(at, at + 1)
        return end > at + 1 and forms[at + 1 : at + 2] not in (["de"], ["d"], ["eu"], ["du"], ["plus"], ["un"])

    def of(
        self, words: Words, scopes: Sequence[_Scope], spans: Iterable[tuple[int, int]], *, whole: bool = False
    ) -> list[Context]:
        """Contexts of spans of words ``(first, after the last)``, from the scopes of their text.

        ``whole`` also heeds cues inside a span, for spans that are more than a term.
        """
        results = []
        by_low = sorted(scopes, key=lambda scope: scope.low)
        lows = [scope.low for scope in by_low]
        longest = max((scope.high - scope.low for scope in by_low), default=0)
        for first, last in spans:
            near = by_low[bisect_left(lows, first - longest) : bisect_right(lows, last)]
            chosen: dict[str, _Scope] = {}
            for scope in near:
                inside = first <= scope.first and scope.last <= last
                if not inside and not scope.low <= first < scope.high:
                    continue
                # A denial inside a span denies what follows it there; a doubt inside makes the whole doubtful.
                ahead = scope.context == "negated" and scope.high > scope.last
                if inside and (not whole or ahead or last - first <= scope.last - scope.first):
                    continue
                # A word of the cue is not in its own reach, but "signe" is denied by "sans signe de".
                if (
                    not inside
                    and scope.first <= first < scope.last
                    and (first == scope.first or scope.context != "negated")
                ):
                    continue
                if scope.result and words.forms[first] in self._tests:
                    continue
                before = chosen.get(scope.context)
                if before is None or _distance(scope, first, last) < _distance(before, first, last):
                    chosen[scope.context] = scope
            results.append(_context(words, chosen, first, last))
        return results


def _distance(scope: _Scope, first: int, last: int) -> int:
    return max(scope.first - last, first - scope.last, 0)


def _context(words: Words, chosen: dict[str, _Scope], first: int, last: int) -> Context:
    if not chosen:
        return PLAIN
    if chosen.pop(CONFIRMED, None) is not None:
        chosen.pop("hedged", None)
    denied, hedge = chosen.get("negated"), chosen.get("hedged")
    if denied is not None and hedge is not None and denied.result and denied.first >= last:
        del chosen["hedged"]  # "recherche de bacille de Koch négative"
        hedge = None
    if denied is not None and hedge is not None:
        # The nearer one speaks of the mention, the other of the nearer one.
        farther = "hedged" if _distance(denied, first, last) <= _distance(hedge, first, last) else "negated"
        if farther == "negated" and denied.first < hedge.first:
            farther = "hedged"  # "pas d'argument pour une suspicion de": denied altogether
        del chosen[farther]
    subject: Subject = "family" if "family" in chosen else "patient"
    kept = [chosen[name] for name in CONTEXTS if name in chosen]
    cue = tuple(Span(words.starts[s.first], words.ends[s.last - 1]) for s in kept)
    flags = {name: True for name in chosen if name != "family"}
    return Context(subject=subject, cue=cue, **cast("dict[str, Any]", flags))


def _expanded(group: dict[str, Any], verb: dict[str, Any]) -> list[str]:
    """The phrases of a group; ``participles = true`` adds *not seen*, *not been seen*, *not be seen*..."""
    words = list(group["words"])
    if group.get("participles"):
        words += [f"{before} {word}" for before in verb["denials"] for word in verb["done"]]
    return words


def _words(text: str) -> tuple[str, ...]:
    return tuple(Words(text).forms)


@lru_cache(maxsize=4)
def rules(language: str) -> ContextRules:
    """The rules shipped for ``fr`` or ``en``, compiled once."""
    name = language if language in ("fr", "en") else "fr"
    text = (files("galien.language") / "data" / f"context_{name}.toml").read_text("utf-8")
    return ContextRules(tomllib.loads(text))
