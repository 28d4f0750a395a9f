"""The embedded index: tantivy, in the directory of the workspace.

Traps that shaped this adapter: one long-lived writer (several corrupt an index), merging threads awaited
at close, a heap of at least 128 MB, and no BM25 parameters or synonyms in the Python binding, so that
queries are expanded before they come here. The sequence of the last change is itself an entry,
replaced in the same commit, hence all or nothing.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tantivy

from galien.index import clauses as c
from galien.index.port import Entry
from galien.index.remembered import PatientSets
from galien.language.analysis import fold
from galien.model.errors import StorageFull

HEAP = 128 << 20
_RAW_FACETS = (
    "kind",
    "type",
    "service",
    "hospital",
    "year",
    "sex",
    "age",
    "modality",
    "language",
    "source",
    "journal",
)
_WORD_FIELDS = (("title_exact", 3.0), ("title_stem", 2.0), ("body_exact", 1.25), ("body_stem", 1.0))
# Of `Term`, by measure (docs/ranking.md): the forms are summed, so that a title adds to its text.
_TERM_FIELDS = (("title_exact", 0.4), ("title_stem", 0.4), ("body_exact", 0.5), ("body_stem", 1.0))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for name, _ in _WORD_FIELDS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    builder.add_text_field("author", tokenizer_name="whitespace", index_option="basic")
    builder.add_text_field("code", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("label", tokenizer_name="raw", index_option="basic")
    for name in _RAW_FACETS:
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("patient", stored=True, indexed=True, fast=True)
    builder.add_unsigned_field("date", indexed=True, fast=True)
    builder.add_unsigned_field("years", indexed=True, fast=True)
    builder.add_unsigned_field("sequence", stored=True, fast=True)
    return builder.build()


class TantivyIndex:
    """`galien.index.port.SearchIndex` on tantivy.

    Parameters
    ----------
    path : Path
        A directory of its own.

    Raises
    ------
    StorageFull
        The disk refuses a commit; the index stays at its last one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._writer: Any = None
        self._sets = PatientSets()
        self._open()

    def _open(self) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        self._schema = _schema()
        self._index = tantivy.Index(self._schema, path=str(self._path))
        self._index.register_tokenizer(
            "whitespace", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        )
        self._index.config_reader("manual", 0)
        self._index.reload()

    def apply(self, sequence: int, entries: Iterable[Entry], removed: Sequence[str] = ()) -> None:
        with self._lock:
            try:
                writer = self._writing()
                now = self.snapshot()
                touched: set[int] = set()
                for gone in removed:
                    touched |= now.owners(gone)
                    writer.delete_documents_by_term("id", gone)
                for entry in entries:
                    touched |= {entry.patient, *now.owners(entry.id)}
                    writer.delete_documents_by_term("id", entry.id)
                    writer.add_document(_document(entry))
                writer.delete_documents_by_term("id", "sequence")
                mark = tantivy.Document()
                mark.add_text("id", "sequence")
                mark.add_unsigned("sequence", sequence)
                writer.add_document(mark)
                writer.commit()
            except (OSError, ValueError) as error:
                self._writer = None
                raise StorageFull("the index cannot be written") from error
            self._sets.changed(sequence, touched - {0})
            self._index.reload()

    def sequence(self) -> int:
        return self.snapshot().sequence

    def snapshot(self) -> TantivySnapshot:
        return TantivySnapshot(self._index.searcher(), self._schema, self._sets)

    def count(self) -> dict[str, int]:
        counts = dict(self.snapshot().facets(c.All(), ["kind"])["kind"])
        return {kind: counts.get(kind, 0) for kind in ("document", "image", "article", "fact", "patient")}

    def ids(self) -> Iterable[str]:
        searcher = self._index.searcher()
        for term, _ in searcher.terms_with_prefix("id", ""):
            # The dictionary keeps the terms of deleted entries until segments merge.
            live = searcher.search(tantivy.Query.term_query(self._schema, "id", term), 1).hits
            if term != "sequence" and live:
                yield term

    def clear(self) -> None:
        with self._lock:
            self._release()
            shutil.rmtree(self._path)
            self._sets.forget()
            self._open()

    def close(self) -> None:
        with self._lock:
            self._release()

    def _writing(self) -> Any:
        if self._writer is None:
            self._writer = self._index.writer(heap_size=HEAP, num_threads=1)
        return self._writer

    def _release(self) -> None:
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None


class TantivySnapshot:
    """One searcher: the index as it was at its commit."""

    def __init__(self, searcher: Any, schema: Any, sets: PatientSets) -> None:
        self._searcher = searcher
        self._schema = schema
        self._not_mark = tantivy.Query.term_query(schema, "id", "sequence")
        found = searcher.search(self._not_mark, 1).hits
        self.sequence = int(searcher.doc(found[0][1]).get_first("sequence")) if found else 0
        # One page asks the same question several times (totals, criteria, facets), and its next pages again.
        self._sets = sets
        self._counts = lru_cache(maxsize=4096)(self._count)

    def search(
        self, clause: c.Clause, *, limit: int, offset: int = 0, order: Literal["", "newest", "oldest"] = ""
    ) -> tuple[list[c.Found], int]:
        query = self._query(clause)
        if order:
            way = tantivy.Order.Desc if order == "newest" else tantivy.Order.Asc
            result = self._searcher.search(query, limit, offset=offset, order_by_field="date", order=way)
        else:
            result = self._searcher.search(query, limit, offset=offset)
        found = []
        for score, address in result.hits:
            document = self._searcher.doc(address)
            found.append(c.Found(document.get_first("id"), float(score or 0), document.get_first("patient") or 0))
        return found, result.count

    def best_per_patient(self, clause: c.Clause, depth: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        result = self._searcher.search(self._query(clause), depth, count=False)
        addresses = [address for _, address in result.hits]
        patients = np.array(self._searcher.fast_field_values("patient", addresses), dtype=np.int32)
        scores = np.array([score for score, _ in result.hits], dtype=np.float64)
        numbers, first = np.unique(patients, return_index=True)  # hits come best first
        return numbers, scores[first]

    def owners(self, id: str) -> set[int]:
        """The patient of an entry, when there is such an entry."""
        if not self._searcher.doc_freq("id", id):
            return set()
        found = self._searcher.search(tantivy.Query.term_query(self._schema, "id", id), 1).hits
        return {int(self._searcher.doc(address).get_first("patient") or 0) for _, address in found}

    def count(self, clause: c.Clause) -> int:
        return self._counts(clause)

    def _count(self, clause: c.Clause) -> int:
        return int(self._searcher.search(self._query(clause), 1).count)

    def facets(self, clause: c.Clause, names: Sequence[str], size: int = 30) -> dict[str, list[tuple[str, int]]]:
        wanted = {name: {"terms": {"field": name, "size": size}} for name in names}
        answer = self._searcher.aggregate(self._query(clause), wanted)
        return {name: [(b["key"], int(b["doc_count"])) for b in answer[name]["buckets"] if b["key"]] for name in names}

    def facets_by_kind(
        self, clause: c.Clause, names: Sequence[str], size: int = 30
    ) -> dict[str, tuple[int, dict[str, list[tuple[str, int]]]]]:
        inside = {name: {"terms": {"field": name, "size": size}} for name in names}
        wanted = {"kind": {"terms": {"field": "kind", "size": 10}, "aggs": inside}}
        answer = self._searcher.aggregate(self._query(clause), wanted)
        return {
            bucket["key"]: (
                int(bucket["doc_count"]),
                {n: [(b["key"], int(b["doc_count"])) for b in bucket[n]["buckets"] if b["key"]] for n in names},
            )
            for bucket in answer["kind"]["buckets"]
        }

    def patients(self, clause: c.Clause) -> npt.NDArray[np.int32]:
        return self._sets.of(clause, self.sequence, self._find_patients)

    def per_patient(self, clause: c.Clause) -> dict[int, int]:
        return {int(b["key"]): int(b["doc_count"]) for b in self._buckets(clause) if b["key"]}

    def _find_patients(self, clause: c.Clause) -> npt.NDArray[np.int32]:
        found = np.array([b["key"] for b in self._buckets(clause)], dtype=np.int32)
        return found[1:] if len(found) and found[0] == 0 else found

    def _buckets(self, clause: c.Clause) -> list[dict[str, float]]:
        every = {"field": "patient", "size": 10_000_000, "segment_size": 10_000_000, "order": {"_key": "asc"}}
        answer = self._searcher.aggregate(self._query(clause), {"who": {"terms": every}})
        buckets: list[dict[str, float]] = answer["who"]["buckets"]
        return buckets

    def terms(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        found: dict[str, int] = {}
        for name in ("title_exact", "body_exact"):
            for term, count in self._searcher.terms_with_prefix(name, prefix, limit=limit):
                found[term] = max(found.get(term, 0), int(count))
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]

    def labels(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        return [(term, int(count)) for term, count in self._searcher.terms_with_prefix("label", prefix, limit=limit)]

    def tagged(self, tags: Sequence[str]) -> int:
        return self.count(c.Tagged(tuple(tags)))

    def frequency(self, exact: str) -> int:
        return max(int(self._searcher.doc_freq(name, exact)) for name in ("title_exact", "body_exact"))

    def stem_frequencies(self, stems: Sequence[str]) -> tuple[list[int], int]:
        return [int(self._searcher.doc_freq("body_stem", stem)) for stem in stems], int(self._searcher.num_docs)

    # -- clauses to queries

    def _query(self, clause: c.Clause) -> Any:
        """The tantivy query of a clause; the sequence entry never matches."""
        return tantivy.Query.boolean_query(
            [(tantivy.Occur.Must, self._build(clause)), (tantivy.Occur.MustNot, self._not_mark)]
        )

    def _build(self, clause: c.Clause) -> Any:
        match clause:
            case c.Word():
                return self._word(clause)
            case c.Phrase():
                return self._phrase(clause)
            case c.Term():
                return self._term(clause)
            case c.Nearby(variants, slop):
                phrase = tantivy.Query.phrase_query
                return _either(
                    [
                        tantivy.Query.boost_query(phrase(self._schema, name, list(words), slop=slop), boost)
                        for name, boost in _TERM_FIELDS
                        if name.endswith("stem")
                        for words in variants
                    ]
                )
            case c.Boosted(part, weight):
                return tantivy.Query.boost_query(self._build(part), weight)
            case c.Best(parts):
                return tantivy.Query.disjunction_max_query([self._build(part) for part in parts], 0.0)
            case c.Constant(part, score):
                return tantivy.Query.const_score_query(self._build(part), score)
            case c.Prefix(prefix):
                return self._prefix(prefix)
            case c.Fuzzy(exact, distance):
                return self._best(
                    lambda name: tantivy.Query.fuzzy_term_query(self._schema, name, exact, distance),
                    exact_only=True,
                )
            case c.Coded(code):
                return tantivy.Query.boost_query(tantivy.Query.term_query(self._schema, "code", code.upper()), 2.0)
            case c.Tagged(tags):
                some = tantivy.Query.term_set_query(self._schema, "code", [tag.upper() for tag in tags])
                return tantivy.Query.const_score_query(some, 1.0)
            case c.Value(name, values):
                field = name if name != "author" else "author"
                queries = [tantivy.Query.term_query(self._schema, field, value) for value in values]
                return tantivy.Query.const_score_query(_either(queries), 0.0)
            case c.Range(name, low, high):
                field = {"age": "years"}.get(name, name)
                return tantivy.Query.const_score_query(
                    tantivy.Query.range_query(self._schema, field, tantivy.FieldType.Unsigned, low, high), 0.0
                )
            case c.Patients(numbers):
                some = tantivy.Query.term_set_query(self._schema, "patient", list(numbers))
                return tantivy.Query.const_score_query(some, 0.0)
            case c.Any(parts, minimum):
                return _either([self._build(part) for part in parts], minimum)
            case c.All(parts, without, better):
                occurs = [(tantivy.Occur.Must, self._build(part)) for part in parts]
                if not parts:
                    occurs = [(tantivy.Occur.Must, tantivy.Query.all_query())]
                occurs += [(tantivy.Occur.MustNot, self._build(part)) for part in without]
                occurs += [(tantivy.Occur.Should, self._build(part)) for part in better]
                return tantivy.Query.boolean_query(occurs)

    def _word(self, word: c.Word) -> Any:
        term = tantivy.Query.term_query
        queries = []
        for name, boost in _WORD_FIELDS:
            forms = (word.exact,) if name.endswith("exact") else word.stems
            queries += [tantivy.Query.boost_query(term(self._schema, name, form), boost) for form in forms]
        queries.append(tantivy.Query.boost_query(term(self._schema, "code", word.exact.upper()), 2.0))
        return tantivy.Query.disjunction_max_query(queries, 0.1)

    def _term(self, term: c.Term) -> Any:
        queries = []
        for name, boost in _TERM_FIELDS:
            exact = (term.exact,) if term.exact else ()
            for form in exact if name.endswith("exact") else term.stems:
                query = tantivy.Query.term_query(self._schema, name, form)
                queries.append(tantivy.Query.boost_query(query, boost))
        return _either(queries)

    def _phrase(self, phrase: c.Phrase) -> Any:
        if len(phrase.exact) == 1:
            return self._word(c.Word(phrase.exact[0], tuple(stems[0] for stems in phrase.stems)))
        queries = []
        for name, boost in _WORD_FIELDS:
            variants = [phrase.exact] if name.endswith("exact") else list(dict.fromkeys(phrase.stems))
            queries += [
                tantivy.Query.boost_query(
                    tantivy.Query.phrase_query(self._schema, name, list(words), slop=phrase.slop), boost
                )
                for words in variants
            ]
        return tantivy.Query.disjunction_max_query(queries, 0.1)

    def _prefix(self, prefix: str) -> Any:
        queries = []
        for name in ("title_exact", "body_exact"):
            terms = [term for term, _ in self._searcher.terms_with_prefix(name, prefix, limit=200)]
            queries += [tantivy.Query.term_query(self._schema, name, term) for term in terms]
        if not queries:
            return tantivy.Query.empty_query()
        return _either(queries)

    def _best(self, make: Callable[[str], Any], *, exact_only: bool) -> Any:
        names = [name for name, _ in _WORD_FIELDS if name.endswith("exact") or not exact_only]
        return tantivy.Query.disjunction_max_query([make(name) for name in names], 0.1)


def _either(queries: list[Any], minimum: int = 1) -> Any:
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query(
        [(tantivy.Occur.Should, query) for query in queries], minimum_number_should_match=minimum
    )


def _document(entry: Entry) -> Any:
    document = tantivy.Document()
    document.add_text("id", entry.id)
    document.add_text("kind", entry.kind)
    text = entry.text
    for name, _ in _WORD_FIELDS:
        stream = getattr(text, name)
        if stream:
            document.add_text(name, stream)
    for code in entry.codes:
        document.add_text("code", code.upper())
    if entry.author:
        document.add_text("author", fold(entry.author).replace(",", " "))
    if entry.kind == "fact" and text.title:
        document.add_text("label", f"{fold(text.title)}|{text.title}")
    if entry.kind != "fact":
        for name in ("type", "service", "hospital", "sex", "modality", "language", "source", "journal"):
            value = getattr(entry, name)
            if value:
                document.add_text(name, value)
    elif entry.sex:
        document.add_text("sex", entry.sex)
    if entry.date:
        document.add_unsigned("date", _day_number(entry.date))
        document.add_text("year", entry.date[:4])
    if entry.age is not None:
        document.add_unsigned("years", entry.age)
        decade = min(entry.age // 10 * 10, 100)
        document.add_text("age", f"{decade}-{decade + 9}" if decade < 100 else "100+")
    document.add_unsigned("patient", entry.patient)
    return document


def _day_number(date: str) -> int:
    """``2024-03-12T08:30`` as 20240312; the first day when month or day are unknown."""
    parts = [*date[:10].split("-"), "01", "01"][:3]
    return int("".join(parts))
