"""Patient sets of recent clauses, kept up to date while data arrive.

To gather the patients of a common word takes milliseconds, and one page asks for several; the words of a
hospital recur. A set found at one commit serves a later one after a small question: which of the patients
touched since then match now.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from galien.index import clauses as c

Numbers = npt.NDArray[np.int32]
Find = Callable[[c.Clause], Numbers]
_BYTES = 48 << 20
_CHANGES = 200
_MOST_TOUCHED = 3_000


class PatientSets:
    """A cache of sorted patient numbers by clause, within a budget of bytes."""

    def __init__(self) -> None:
        self._known: OrderedDict[c.Clause, tuple[int, Numbers]] = OrderedDict()
        self._touched: OrderedDict[int, Numbers] = OrderedDict()
        self._oldest = 0
        self._bytes = 0
        self._lock = threading.Lock()

    def changed(self, sequence: int, patients: set[int]) -> None:
        """Say whose entries a commit added, replaced or removed."""
        with self._lock:
            self._touched[sequence] = np.array(sorted(patients), dtype=np.int32)
            while len(self._touched) > _CHANGES:
                self._oldest, _ = self._touched.popitem(last=False)

    def forget(self) -> None:
        """Drop everything."""
        with self._lock:
            self._known.clear()
            self._touched.clear()
            self._oldest = self._bytes = 0

    def of(self, clause: c.Clause, sequence: int, find: Find) -> Numbers:
        """The patients of a clause at a commit; ``find`` asks the index as it was then."""
        with self._lock:
            at, known = self._known.get(clause, (-1, None))
            since = self._since(at, sequence) if known is not None else None
        if known is None or since is None:
            found = find(clause)
        elif not len(since):
            return known
        else:
            now = find(c.All((clause, c.Patients(tuple(since.tolist())))))
            found = np.union1d(np.setdiff1d(known, since, assume_unique=True), now)
        found.setflags(write=False)
        if at <= sequence:
            self._keep(clause, sequence, found)
        return found

    def _since(self, at: int, sequence: int) -> Numbers | None:
        """Patients touched after one commit up to another; None when that is not known, or too many."""
        if at > sequence or at < self._oldest:
            return None
        parts = [touched for number, touched in self._touched.items() if at < number <= sequence]
        if not parts:
            return np.empty(0, dtype=np.int32) if at == sequence else None
        together = np.unique(np.concatenate(parts))
        return together if len(together) <= _MOST_TOUCHED else None

    def _keep(self, clause: c.Clause, sequence: int, found: Numbers) -> None:
        with self._lock:
            _, before = self._known.pop(clause, (0, None))
            if before is not None:
                self._bytes -= before.nbytes + 500
            self._known[clause] = (sequence, found)
            self._bytes += found.nbytes + 500
            while self._bytes > _BYTES:
                _, (_, gone) = self._known.popitem(last=False)
                self._bytes -= gone.nbytes + 500
