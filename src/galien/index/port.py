"""The port of the word index, and of the corpus that answers are read back from.

The index is a projection: it can be rebuilt from the ledger. It holds terms, filters and facets,
never the text itself; quotes are re-read from the stored bytes through `Corpus`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from galien.index.clauses import Clause, Found
from galien.language.analysis import Analysed
from galien.model.answers import PatientBrief

EntryKind = Literal["document", "image", "article", "fact", "patient"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One searchable thing.

    ``id`` is public: ``d12`` document, ``i12`` imaging study, ``a12`` article, ``f12`` coded fact of a patient
    (one per patient and concept: a diagnosis, an analyte, a drug, an act), ``p12`` the patient
    (identifiers and name). ``text`` is the analysed title and body, computed in the parsing processes.
    ``codes`` are bare codes and ``VOCABULARY:code`` forms, searchable exactly. ``age`` is in years at ``date``.
    """

    id: str
    kind: EntryKind
    text: Analysed
    patient: int = 0
    codes: tuple[str, ...] = ()
    type: str = ""
    service: str = ""
    hospital: str = ""
    journal: str = ""
    author: str = ""
    language: str = ""
    date: str = ""
    sex: str = ""
    age: int | None = None
    modality: str = ""
    source: str = ""


class SearchIndex(Protocol):
    """What every index adapter offers; `galien.testing.index_conformance` checks it."""

    def apply(self, sequence: int, entries: Iterable[Entry], removed: Sequence[str] = ()) -> None:
        """Add or replace ``entries`` by id, drop ``removed``, and make it durable with ``sequence``, all or nothing.

        Applying the same change twice gives the same index.
        """
        ...

    def sequence(self) -> int:
        """The last durable ``sequence``; 0 for an empty index."""
        ...

    def count(self) -> dict[str, int]:
        """Entries per kind."""
        ...

    def ids(self) -> Iterable[str]:
        """Every entry id, for `galien workspace verify`."""
        ...

    def snapshot(self) -> Snapshot:
        """What is durable now, to read from; it does not change under its reader."""
        ...

    def clear(self) -> None: ...
    def close(self) -> None: ...


class Snapshot(Protocol):
    """A state of the index. Safe to keep for the next pages of an answer."""

    sequence: int

    def search(
        self, clause: Clause, *, limit: int, offset: int = 0, order: Literal["", "newest", "oldest"] = ""
    ) -> tuple[list[Found], int]:
        """The entries of a page and how many there are in all, best (or newest, oldest) first."""
        ...

    def best_per_patient(self, clause: Clause, depth: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """Patients of the ``depth`` best entries, and the best score of each."""
        ...

    def count(self, clause: Clause) -> int: ...
    def facets(self, clause: Clause, names: Sequence[str], size: int = 30) -> dict[str, list[tuple[str, int]]]:
        """Values of facets with their counts, commonest first."""
        ...

    def facets_by_kind(
        self, clause: Clause, names: Sequence[str], size: int = 30
    ) -> dict[str, tuple[int, dict[str, list[tuple[str, int]]]]]:
        """Number of entries of each kind, and their facets."""
        ...

    def patients(self, clause: Clause) -> npt.NDArray[np.int32]:
        """Numbers of every patient with an entry that matches, sorted."""
        ...

    def per_patient(self, clause: Clause) -> dict[int, int]:
        """How many entries match, by patient."""
        ...

    def terms(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Exact forms that begin so, with their document frequencies, commonest first."""
        ...

    def labels(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Labels of coded facts (folded form, then ``|``, then as written) that begin so."""
        ...

    def tagged(self, tags: Sequence[str]) -> int:
        """Number of entries that say one of these tags."""
        ...

    def frequency(self, exact: str) -> int:
        """Number of entries that hold an exact form."""
        ...

    def stem_frequencies(self, stems: Sequence[str]) -> tuple[list[int], int]:
        """Number of entries whose text holds each stem, and number of entries."""
        ...


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What a hit shows besides its quote, read from the store for the few hits of a page."""

    id: str
    record: int = 0
    title: str = ""
    patient: int = 0
    date: str = ""
    type: str = ""
    service: str = ""
    hospital: str = ""
    stay: str = ""
    author: str = ""
    journal: str = ""
    language: str = ""
    source_path: str = ""
    tool: str = ""
    code: str = ""
    value: str = ""
    """For a fact: its latest value with unit, else ``""``."""
    occurrences: int = 1


class Section(msgspec.Struct, frozen=True):
    title: str
    start: int
    end: int


class Body(msgspec.Struct, frozen=True):
    """The whole text of an entry, and its titled parts."""

    text: str
    sections: tuple[Section, ...] = ()


class Corpus(Protocol):
    """The store as the query engine reads it, by public id; unknown ids are simply absent."""

    def cards(self, ids: Sequence[str]) -> dict[str, Card]: ...
    def bodies(self, ids: Sequence[str]) -> dict[str, Body]:
        """Texts of ``d..``, ``a..`` or ``i..`` (description and report), re-read from stored bytes and verified."""
        ...

    def patients(self, ids: Sequence[int]) -> dict[int, PatientBrief]: ...
    def snapshot(self) -> str: ...
    def not_searched(self) -> dict[str, int]: ...
