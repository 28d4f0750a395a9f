"""Which patients answer a query: sets of patients, as sorted arrays of their numbers.

A record answers when it does *taken whole*: the words may lie in different documents. Hence one set of
patients per word, and set algebra over them.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from galien.index import clauses as c
from galien.index.port import Snapshot
from galien.query.planning import Leaf

Numbers = npt.NDArray[np.int32]
_LIMITS = (c.Value, c.Range, c.Patients)
_DEPTH = 1_000
_NOBODY: Numbers = np.empty(0, dtype=np.int32)


class Seen(msgspec.Struct, frozen=True):
    """What may be looked at: a state of the index, within filters that every entry must pass."""

    snapshot: Snapshot
    filters: tuple[c.Clause, ...]

    def patients(self, *clauses: c.Clause) -> Numbers:
        return self.snapshot.patients(c.All((*clauses, *self.filters)))


def answering(clause: c.Clause, seen: Seen) -> Numbers:
    """Patients whose record answers, sorted by number."""
    match clause:
        case c.All(parts, without, _):
            # What restricts (a service, a date) must hold of the same entry as what is sought.
            limits = tuple(p for p in parts if isinstance(p, _LIMITS))
            narrowed = Seen(seen.snapshot, (*seen.filters, *limits))
            sought = [answering(p, narrowed) for p in parts if not isinstance(p, _LIMITS)]
            found = _all_of(sought) if sought else narrowed.patients()
            for barred in without:
                found = np.setdiff1d(found, answering(barred, Seen(seen.snapshot, ())), assume_unique=True)
            return found
        case c.Any(parts, minimum):
            together = [answering(part, seen) for part in parts]
            numbers, counts = np.unique(np.concatenate([_NOBODY, *together]), return_counts=True)
            return numbers[counts >= minimum]
        case _:
            return seen.patients(clause)


def ranked(patients: Numbers, leaves: Sequence[Leaf], seen: Seen, most: int) -> list[tuple[int, float]]:
    """The ``most`` best patients and their scores: the sum, over the words, of the best entry for each."""
    scores = np.zeros(len(patients))
    for leaf in leaves:
        if leaf.negated or leaf.kind == "field" or not len(patients):
            continue
        numbers, best = seen.snapshot.best_per_patient(c.All((leaf.clause, *seen.filters)), _DEPTH)
        places = np.searchsorted(patients, numbers)
        places[places == len(patients)] = 0
        ours = patients[places] == numbers
        scores[places[ours]] += best[ours]
    order = np.lexsort((patients, -scores))[:most]
    return [(int(patients[i]), float(scores[i])) for i in order]


def by_sex(patients: Numbers, snapshot: Snapshot) -> list[tuple[str, int]]:
    """How many of the patients are of each sex, commonest first."""
    everyone = c.Value("kind", ("patient",))
    counts = []
    for sex, _ in snapshot.facets(everyone, ["sex"])["sex"]:
        of_sex = snapshot.patients(c.All((everyone, c.Value("sex", (sex,)))))
        counts.append((sex, len(np.intersect1d(patients, of_sex, assume_unique=True))))
    return sorted(((sex, count) for sex, count in counts if count), key=lambda item: -item[1])


def _all_of(sets: list[Numbers]) -> Numbers:
    found, *others = sorted(sets, key=len)
    for other in others:
        found = np.intersect1d(found, other, assume_unique=True)
    return found
