"""Where a text names a concept: whole dictionaries found at once, whatever the inflection.

Words are compared by their stem, without accents; small words (*de*, *of*) do not count; abbreviations that
are also words must be in capitals. A second look passes over adjectives of degree and side (*infarctus aigu du
myocarde*), a third completes coordinations (*douleurs thoraciques et abdominales*).
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from importlib.resources import files
from itertools import compress
from operator import not_
from typing import NamedTuple

import ahocorasick_rs
import msgspec
from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from galien.language.analysis import fold
from galien.language.memo import Memo
from galien.language.phrases import character_of
from galien.language.stopwords import is_stop_word
from galien.language.words import Words
from galien.model.concepts import Label

_SMALL = {"de", "du", "des", "d", "la", "le", "les", "l", "au", "aux", "a", "the", "of", "an", "un", "une"}
_SKIPPED = {"-", "/", "\n", "'", "’", "\u2010", "\u2011"}
_BREAK = "\x01"
_UNKNOWN = "\x02"
CODING = 9
"""Number of the way in which names are coded; raised with any change to it, so that what was kept is made again."""
_INITIAL = re.compile(r"[A-Z]\.(?<=\b[A-Z]\.) ?[a-z]")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST_RESPELT = 6
_LONG = 8
_LONGEST_RESPELT = 30
_SHORTEST_INFLECTED = 4
_DATA = tomllib.loads((files("galien.language") / "data" / "mentions.toml").read_text("utf-8"))
_MODIFIERS = _DATA["modifiers"]
_SAFE = frozenset(_DATA["lowercase"]["safe"])
_AND = {"et", "ou", "ni", "and", "or", "nor", ",", "/", "and/or", "&"}


class Found(NamedTuple):
    """Words ``first <= i < last`` name one of ``concepts``; ``parts`` where they lie apart."""

    first: int
    last: int
    concepts: tuple[str, ...]
    parts: tuple[tuple[int, int], ...] = ()


class Compiled(msgspec.Struct):
    """The names of concepts in one language, in the form in which they are looked for."""

    language: str
    characters: dict[str, str]
    phrases: list[str]
    concepts: list[tuple[str, ...]]
    spelling: dict[str, int]


class TermFinder:
    """The names of concepts in one language, ready to be found.

    Parameters
    ----------
    labels : iterable of (concept id, Label)
        Those of another language are left out.
    language : {"fr", "en"}
    """

    def __init__(self, labels: Iterable[tuple[str, Label]], language: str) -> None:
        self._characters: dict[str, str] = {}
        labels = list(labels)
        phrases: dict[str, list[str]] = defaultdict(list)
        for concept, label in labels:
            if label.language in ("", language):
                coded = self._coded_term(label, language)
                if coded and concept not in phrases[coded]:
                    phrases[coded].append(concept)
        spelling: Counter[str] = Counter()
        for _, label in labels:
            if label.language in ("", language) and not label.text.isupper():
                spelt = {w for s in Words(label.text).surfaces if len(w := fold(s.rstrip("'’"))) > 3}
                spelling.update(spelt)
                spelling.update({f"{word}s" for word in spelt if word[-1] not in "sx"})
        concepts = [tuple(found) for found in phrases.values()]
        self._ready(Compiled(language, self._characters, list(phrases), concepts, dict(spelling)))

    @classmethod
    def compiled(cls, state: Compiled) -> TermFinder:
        """From what `state` gave: many times faster than from labels."""
        finder = cls.__new__(cls)
        finder._ready(state)
        return finder

    @property
    def state(self) -> Compiled:
        """All that is needed to make this finder again."""
        return self._state

    def _ready(self, state: Compiled) -> None:
        self._state = state
        self.language = state.language
        self._characters = state.characters
        self._concepts = state.concepts
        self._spelling = state.spelling
        self._exact = {coded: number for number, coded in enumerate(state.phrases)}
        self._automaton = ahocorasick_rs.AhoCorasick(state.phrases, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
        self._by_start: dict[tuple[str, int], list[str]] = defaultdict(list)
        for word in state.spelling:
            self._by_start[word[:1], len(word)].append(word)
        self._nearby = Memo(self._near)
        self._known = Memo(self._learn)
        self._modifiers = {fold(word) for word in _MODIFIERS.get(state.language, ())}

    def __len__(self) -> int:
        return len(self._concepts)

    def find(self, words: Words, breaks: Sequence[int] = (), *, typed: bool = False) -> list[Found]:
        """Names in the order of the text; none crosses a word in ``breaks`` (where sentences begin).

        ``typed`` reads abbreviations in lower case too, as people type them in a search field.
        """
        surfaces = words.surfaces
        coded: list[str] = list(map(self._known.__getitem__, surfaces))
        if typed:
            shouted = [self._characters.get(f"={s.upper()}") for s in surfaces]
            coded = [
                up if up and (c == _UNKNOWN or s.isupper()) and not is_stop_word(s.lower()) else c
                for s, c, up in zip(surfaces, coded, shouted, strict=True)
            ]
        if _INITIAL.search(words.text):  # "E. coli": its point is no end
            for i in range(1, len(coded)):
                if surfaces[i] == "." and len(surfaces[i - 1]) == 1 and surfaces[i - 1].isupper():
                    coded[i] = "-"
        for place in breaks:
            # A sentence begins: nothing runs on from the one before.
            if place and coded[place - 1] in ("-", _UNKNOWN):
                coded[place - 1] = _BREAK
        places = list(compress(range(len(coded)), map("-".__ne__, coded)))
        text = "".join(map(coded.__getitem__, places))
        starts = set(breaks)
        found = []
        for number, low, high in self._automaton.find_matches_as_indexes(text):
            first, last = places[low], places[high - 1] + 1
            if last - first > 1 and not starts.isdisjoint(range(first + 1, last)):
                continue
            found.append(Found(first, last, self._concepts[number]))
        known_spans = {(item.first, item.last) for item in found}
        found += self._over_modifiers(words.forms, coded, places, known_spans, starts)
        found += self._coordinated(words.forms, coded, found)
        found.sort()
        return found

    def whole(self, text: str) -> tuple[str, ...]:
        """Concepts that a text names as a whole, as a label of a code system does."""
        words = Words(text)
        coded = "".join([c for s in words.surfaces if (c := self._known[s]) != "-"])
        number = self._exact.get(coded)
        return self._concepts[number] if number is not None else ()

    def respelt(self, text: str) -> str | None:
        """Words one slip a word away (two in long words); ``None`` when nothing is, or the words are known.

        Words under six letters are not put right: too many others are a letter away.
        """
        words = [m.rstrip("'’") for m in Words(text).surfaces]
        changed = []
        slips = 0
        for word in words:
            plain = fold(word)
            if plain in self._spelling or plain in _SMALL or len(plain) < _SHORTEST_RESPELT:
                changed.append(word)
                continue
            near = self._nearby[plain]
            if not near:
                return None
            changed.append(max(set(near), key=lambda candidate: (self._spelling[candidate], candidate)))
            slips += 1
        return " ".join(changed) if slips else None

    def _near(self, word: str) -> list[str]:
        """Known words a slip away; two in long words, which begin as they should."""
        if len(word) > _LONGEST_RESPELT:
            return []
        near = [candidate for candidate in _slips(word) if candidate in self._spelling]
        if near or len(word) < _LONG:
            return near
        alike = [c for n in range(-2, 3) for c in self._by_start.get((word[:1], len(word) + n), ())]
        return [found[0] for found in extract(word, alike, scorer=OSA.distance, score_cutoff=2, limit=None)]

    def _over_modifiers(
        self, forms: list[str], coded: list[str], places: list[int], known: set[tuple[int, int]], starts: set[int]
    ) -> list[Found]:
        modifiers = self._modifiers
        if modifiers.isdisjoint(forms):
            return []
        plain = list(map(not_, map(modifiers.__contains__, map(forms.__getitem__, places))))
        ranks = list(compress(range(len(places)), plain))
        text = "".join(compress(map(coded.__getitem__, places), plain))
        more = []
        for number, low, high in self._automaton.find_matches_as_indexes(text):
            if ranks[high - 1] - ranks[low] == high - 1 - low:
                continue  # no modifier inside: it was found already
            first, last = places[ranks[low]], places[ranks[high - 1]] + 1
            if (first, last) in known or not starts.isdisjoint(range(first + 1, last)):
                continue
            more.append(Found(first, last, self._concepts[number]))
        return more

    def _coordinated(self, forms: list[str], coded: list[str], found: list[Found]) -> list[Found]:
        more = []
        for item in found:
            if item.last - item.first < 2:
                continue
            inside = [i for i in range(item.first, item.last) if coded[i] != "-"]
            if len(inside) != 2:
                continue
            head, rest = inside
            after = item.last
            # French: the noun comes first, "douleurs thoraciques et abdominales".
            while after + 1 < len(forms) and forms[after] in _AND:
                other = after + 1
                while other < len(forms) and coded[other] == "-":
                    other += 1
                number = self._exact.get(coded[head] + coded[other]) if other < len(forms) else None
                if number is None:
                    break
                more.append(Found(head, other + 1, self._concepts[number], ((head, head + 1), (other, other + 1))))
                after = other + 1
            before = item.first - 1
            # English: it comes last, "chest and abdominal pain".
            while before > 0 and forms[before] in _AND:
                number = self._exact.get(coded[before - 1] + coded[rest])
                if number is None:
                    break
                more.append(
                    Found(before - 1, item.last, self._concepts[number], ((before - 1, before), (rest, rest + 1)))
                )
                before -= 2
        return more

    def _learn(self, surface: str) -> str:
        """The character of a word as written; ``-`` for one that does not count."""
        bare = surface.rstrip("'’")
        if _is_small(bare, surface) or bare in _SKIPPED:
            character = "-"
        elif not bare[:1].isalnum() and bare != "+":
            character = _BREAK
        else:
            strict = self._characters.get(f"={bare}") if bare[:2].isupper() or len(bare) == 1 else None
            if strict is None and bare[-1] == "s" and bare[:-1].isupper():  # "SSRIs"
                strict = self._characters.get(f"={bare[:-1]}")
            character = strict or self._characters.get(singular(bare, self.language)) or _UNKNOWN
        return character

    def _coded_term(self, label: Label, language: str) -> str:
        return "".join([character_of(self._characters, word) for word in words_of(label, language)])


def words_of(label: Label, language: str) -> list[str]:
    """The words by which a label is looked for; none where it cannot be. Two labels of the same words are one name.

    >>> words_of(Label("Douleurs de l'abdomen", "fr"), "fr"), words_of(Label("SEP", "fr", strict=True), "fr")
    (['douleur', 'abdomen'], ['=SEP'])
    """
    if label.text.endswith("-"):
        return []  # "SCA ST-": without its sign it would say the contrary
    found = []
    before = ""
    for surface in Words(label.text).surfaces:
        bare = surface.rstrip("'’")
        initial = surface == "." and len(before) == 1 and before.isupper()
        before = surface
        if initial or _is_small(bare, surface) or bare in _SKIPPED:
            continue
        if not bare[:1].isalnum() and bare != "+":
            if bare in "()":
                continue
            # "troubles du rythme, autres" cannot be matched over the sign: the text breaks there.
            return []
        found.append(f"={bare}" if _capitals(bare, label) else singular(bare, language))
    return found


def _capitals(word: str, label: Label) -> bool:
    """Whether a word of a label must be met in capitals: an abbreviation, but for the safest."""
    shouted = word.isupper() and (len(word) > 1 or len(label.text) == 1)
    return (label.strict or shouted) and word.lower() not in _SAFE


def singular(word: str, language: str) -> str:
    """A word less its plural and, in French, its feminine; folded.

    Gentler than the stems of the index: those would read *hepatic* as hepatitis, and *zone* as zona.

    >>> singular("abdominales", "fr") == singular("abdominaux", "fr"), singular("fractures", "en")
    (True, 'fracture')
    """
    plain = fold(word)
    if len(plain) < _SHORTEST_INFLECTED or not plain.isalpha():
        return plain.replace(",", ".")
    if language == "fr":
        if plain.endswith("aux"):
            return plain[:-3] + "al"
        bare = plain[:-1] if plain[-1] in "sx" else plain
        if bare.endswith(("trice", "teur")):
            return bare
        return bare[:-1] if bare.endswith("e") and len(bare) > _SHORTEST_INFLECTED else bare
    if len(plain) > _LONG and plain.endswith(("oses", "ases", "eses")):
        return plain[:-2] + "is"
    if plain.endswith("ies") and len(plain) > _SHORTEST_INFLECTED + 1:
        return plain[:-3] + "y"
    if plain.endswith("s") and not plain.endswith(("ss", "us", "is")):
        return plain[:-1]
    return plain


def _is_small(bare: str, surface: str) -> bool:
    """Whether a word does not count; the D of *vitamine D* does."""
    if len(bare) == 1 and bare.isupper() and bare == surface:
        return False
    return fold(bare) in _SMALL


def _slips(word: str) -> Iterator[str]:
    """Words one slip away: a letter left out, doubled or added, changed, or swapped with the next (Damerau 1964)."""
    for i in range(len(word)):
        yield word[:i] + word[i + 1 :]
        if i + 1 < len(word):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        for letter in _LETTERS:
            yield word[:i] + letter + word[i + 1 :]
            yield word[:i] + letter + word[i:]
    for letter in _LETTERS:
        yield word + letter


def sense(
    concepts: tuple[str, ...],
    surface: str,
    around: Set[str],
    clues: Mapping[str, Mapping[str, tuple[str, ...]]],
    beyond: Set[str] = frozenset(),
) -> tuple[str, ...]:
    """The senses of a name, likeliest first, from the words around it, then from those beyond.

    >>> sense(("a", "b"), "IRC", {"dialyse"}, {"IRC": {"b": ("dialyse",)}})
    ('b', 'a')
    """
    known = clues.get(surface)
    if known is None or len(concepts) < 2:
        return concepts
    order = list(known)
    words = {c: [fold(word) for word in known.get(c, ())] for c in concepts}

    def rank(concept: str) -> tuple[int, int, int]:
        near, far = (sum(word in text for word in words[concept]) for text in (around, beyond))
        return -near, -far, order.index(concept) if concept in order else len(order)

    return tuple(sorted(concepts, key=rank))
