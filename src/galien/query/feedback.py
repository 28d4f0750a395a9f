"""Pseudo-relevance feedback: the words of the best answers, to ask again with them.

After RM3 (Abdul-Jaleel et al., "UMass at TREC 2004: novelty and HARD"), with BM25's saturation in place of the
language model: a word counts by how much the best answers hold it, each answer by its score.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Sequence

from galien.index import clauses as c
from galien.index.port import Corpus, Snapshot
from galien.language import analyse, is_question_word, is_stop_word

_ANSWERS = 10
_WORDS = 20
_WEIGHT = 0.4
"""Of the best new word, beside 1 for a word of the question."""
_AGAIN = 0.75
"""Of a word of the question that the best answers hold in plenty."""
_TEMPERATURE = 0.2
_OPENING = 4_000
_K1, _B, _USUAL = 1.2, 0.75, 150.0
_COMMON = 0.2
_KEPT = 2_000
_SHORTEST = 3

_Bag = tuple[dict[str, int], int]


class Feedback:
    """Reads the best answers again.

    Parameters
    ----------
    corpus : Corpus
        Where their texts are.

    Notes
    -----
    The constants were tuned on MED-1033, LiveQA-Med and one half of NFCorpus-3395 (docs/ranking.md).
    """

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._bags: OrderedDict[str, _Bag] = OrderedDict()

    def clauses(self, found: Sequence[c.Found], asked: set[str], snapshot: Snapshot) -> tuple[c.Clause, ...]:
        """What the best answers add to a question.

        Parameters
        ----------
        found : sequence of Found
            Answers to the question alone, best first; the first ten are read.
        asked : set of str
            Stems of the question.
        """
        best = [item for item in found[:_ANSWERS] if item.score > 0]
        bags = self._read([item.id for item in best])
        if not bags:
            return ()
        top = best[0].score
        shares = {item.id: math.exp((item.score - top) / (_TEMPERATURE * top)) for item in best if item.id in bags}
        whole = sum(shares.values())
        presence: Counter[str] = Counter()
        for id, share in shares.items():
            counts, length = bags[id]
            damping = _K1 * (1 - _B + _B * length / _USUAL)
            for stem, count in counts.items():
                presence[stem] += share / whole * count / (count + damping)  # type: ignore[assignment]
        stems = list(presence)
        frequencies, size = snapshot.stem_frequencies(stems)
        weighed = sorted(
            (
                (presence[stem] * math.log(1 + (size - held + 0.5) / (held + 0.5)), stem)
                for stem, held in zip(stems, frequencies, strict=True)
                if 2 <= held <= max(2, _COMMON * size)
            ),
            reverse=True,
        )
        new = [stem for _, stem in weighed if stem not in asked][:_WORDS]
        most = max((presence[stem] for stem in new), default=1.0)
        more = [(stem, _WEIGHT * presence[stem] / most) for stem in new]
        more += [(stem, _AGAIN * presence[stem]) for _, stem in weighed if stem in asked]
        return tuple(c.Boosted(c.Term((stem,)), weight) for stem, weight in more)

    def _read(self, ids: Sequence[str]) -> dict[str, _Bag]:
        # Searches run in threads: what is used here is held here, whatever others drop meanwhile.
        bags = {id: bag for id in ids if (bag := self._bags.get(id)) is not None}
        missing = [id for id in ids if id not in bags]
        cards = self._corpus.cards(missing) if missing else {}
        bodies = self._corpus.bodies(missing) if missing else {}
        for id, body in bodies.items():
            bags[id] = self._bags[id] = _bag(body.text[:_OPENING], cards[id].language if id in cards else "")
        while len(self._bags) > _KEPT:
            self._bags.popitem(last=False)
        return bags


def _bag(text: str, language: str) -> _Bag:
    stems = analyse("", text, language).body_stem.split()
    counts = Counter(stems)
    kept = {
        stem: count
        for stem, count in counts.items()
        if len(stem) >= _SHORTEST and not stem.isdigit() and not is_stop_word(stem) and not is_question_word(stem)
    }
    return kept, len(stems)
