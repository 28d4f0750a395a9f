"""Whether one system ranks better than another: Fisher's paired randomisation test.

Smucker, Allan and Carterette, "A comparison of statistical significance tests for information retrieval
evaluation", CIKM 2007.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from galien.model.errors import UsageError

PERMUTATIONS = 10_000
SEED = 20_261
_CHUNK = 1_000


class Compared(msgspec.Struct, frozen=True):
    """One measure of two systems on the same queries; ``p`` is two-sided."""

    measure: str
    mine: float
    other: float
    difference: float
    p: float
    queries: int
    better: int
    worse: int


def compare(
    mine: Mapping[str, float], other: Mapping[str, float], measure: str, *, permutations: int = PERMUTATIONS
) -> Compared:
    """Compare the values of one measure, query by query.

    The sign of each difference is flipped at random (seeded); ``p`` is the share of the flips, and of what was
    observed, whose mean is at least as far from zero.

    Raises
    ------
    UsageError
        The two share no query.
    """
    shared = sorted(mine.keys() & other.keys())
    if not shared:
        raise UsageError("the two runs share no query", hint="Compare runs of one collection.")
    left = np.array([mine[query] for query in shared])
    right = np.array([other[query] for query in shared])
    differences = left - right
    observed = abs(differences.sum())
    random = np.random.default_rng(SEED)
    extreme = 0
    for start in range(0, permutations, _CHUNK):
        signs = random.integers(0, 2, (min(_CHUNK, permutations - start), len(shared))) * 2 - 1
        extreme += int((np.abs(signs @ differences) >= observed - 1e-12).sum())
    return Compared(
        measure,
        float(left.mean()),
        float(right.mean()),
        float(differences.mean()),
        (extreme + 1) / (permutations + 1),
        len(shared),
        int((differences > 1e-9).sum()),
        int((differences < -1e-9).sum()),
    )
