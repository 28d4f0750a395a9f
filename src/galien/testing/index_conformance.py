"""What every index adapter must do (`galien.index.port.SearchIndex`), checked on a handful of entries."""

from __future__ import annotations

from collections.abc import Callable

from galien.index import clauses as c
from galien.index.port import Entry, SearchIndex, Snapshot
from galien.language import analyse, exact, stem


def word(surface: str) -> c.Word:
    """The clause of one word, as a query makes it."""
    return c.Word(exact(surface), tuple(dict.fromkeys((stem(surface, "fr"), stem(surface, "en")))))


def entry(id: str, title: str, body: str, *, patient: int, **fields: object) -> Entry:
    """A document entry, analysed as French."""
    values = {"kind": "document", "language": "fr", "date": "2024-03-12", **fields}
    return Entry(id=id, text=analyse(title, body, "fr"), patient=patient, **values)  # type: ignore[arg-type]


ENTRIES = (
    entry("d1", "Compte rendu opératoire", "Prothèse totale de hanche droite.", patient=1, service="Orthopédie"),
    entry("d2", "Lettre", "Prothèses de hanche, IL-6 à 7,5 mg/j.", patient=2, service="Médecine", date="2023"),
    entry("d3", "Radiographie", "Genou droit sans prothèse.", patient=2, service="Imagerie", sex="female", age=67),
    entry("f1", "Hypertension essentielle", "", patient=1, kind="fact", codes=("I10", "CIM10:I10")),
)


def check_index(make: Callable[[], SearchIndex], reopen: Callable[[SearchIndex], SearchIndex]) -> None:
    """Run every check on an empty index.

    Parameters
    ----------
    make : callable
        Gives an empty index.
    reopen : callable
        Closes an index and opens it again from what is durable.

    Raises
    ------
    AssertionError
        The adapter breaks the contract; the message says which part.
    """
    index = make()
    assert index.sequence() == 0, "an empty index has sequence 0"
    index.apply(1, ENTRIES)
    _check_answers(index.snapshot())
    before = index.snapshot()
    index.apply(1, ENTRIES)
    assert set(index.ids()) == {"d1", "d2", "d3", "f1"}, "the same change twice doubles nothing"
    index.apply(2, [entry("d1", "Compte rendu", "Arthrodèse de cheville.", patient=1)], removed=["d3"])
    after = index.snapshot()
    assert _ids(before, word("hanche")) == {"d1", "d2"}, "a snapshot does not change under its reader"
    assert _ids(after, word("hanche")) == {"d2"}, "an entry is replaced by id"
    assert _ids(after, word("genou")) == set(), "a removed entry is gone"
    index = reopen(index)
    assert index.sequence() == 2, "the sequence is durable with its change"
    assert set(index.ids()) == {"d1", "d2", "f1"}, "what was applied is durable"
    assert index.count()["document"] == 2, "entries are counted by kind"
    index.clear()
    assert index.sequence() == 0, "cleared means empty"
    assert set(index.ids()) == set(), "cleared means empty"
    index.apply(5, ENTRIES[:1])
    assert index.sequence() == 5, "a cleared index takes changes again"
    index.close()


def _check_answers(now: Snapshot) -> None:
    assert _ids(now, word("prothese")) == {"d1", "d2", "d3"}, "accents and plurals do not matter"
    assert _ids(now, c.Phrase(("hanche", "droite"), (("hanch", "droit"),))) == {"d1"}, "a phrase is in order"
    assert _ids(now, c.Prefix("arthr")) == set(), "a prefix that nothing has matches nothing"
    assert _ids(now, c.Prefix("radio")) == {"d3"}, "a prefix matches titles"
    assert _ids(now, c.Fuzzy("hancje")) == {"d1", "d2"}, "one edit is forgiven"
    assert _ids(now, word("IL-6")) == {"d2"}, "IL-6 is one word"
    assert _ids(now, word("7,5")) == {"d2"}, "a decimal comma is a decimal point"
    assert _ids(now, c.Coded("i10")) == {"f1"}, "codes are found whatever their case"
    assert _ids(now, c.Value("service", ("Orthopédie", "Imagerie"))) == {"d1", "d3"}, "any value of a facet"
    assert _ids(now, c.Range("date", 20240101, 20241231)) == {"d1", "d3", "f1"}, "dates are within bounds, included"
    assert _ids(now, c.Range("age", 60, 70)) == {"d3"}, "ages are within bounds"
    assert _ids(now, c.Patients((1,))) == {"d1", "f1"}, "entries of a patient"
    both = c.All((word("prothèse"),), without=(word("genou"),))
    assert _ids(now, both) == {"d1", "d2"}, "without excludes"
    either = c.Any((word("genou"), word("hanche"), word("droite")), 2)
    assert _ids(now, either) == {"d1", "d3"}, "at least so many"
    assert _ids(now, c.All()) == {"d1", "d2", "d3", "f1"}, "an empty All is everything"
    found, total = now.search(word("prothèse"), limit=2, order="newest")
    assert total == 3, "the total counts beyond the page"
    assert len(found) == 2, "the page is limited"
    assert now.search(word("prothèse"), limit=1, order="oldest")[0][0].id == "d2", "oldest first"
    assert list(now.patients(word("prothèse"))) == [1, 2], "patients are sorted and distinct"
    assert now.per_patient(word("prothèse")) == {1: 1, 2: 2}, "entries are counted by patient"
    numbers, scores = now.best_per_patient(word("hanche"), 10)
    assert set(numbers) == {1, 2}, "each patient once"
    assert (scores > 0).all(), "with a score"
    assert now.count(word("droite")) == 2, "a count counts"
    assert dict(now.facets(c.All(), ["service"])["service"]) == {"Orthopédie": 1, "Médecine": 1, "Imagerie": 1}
    by_kind = now.facets_by_kind(word("prothèse"), ["service"])
    assert by_kind["document"][0] == 3, "entries are counted by kind"
    assert dict(by_kind["document"][1]["service"]) == {"Orthopédie": 1, "Médecine": 1, "Imagerie": 1}
    assert ("radiographie", 1) in now.terms("radio", 5), "terms by prefix, with their frequency"
    assert now.labels("hypert", 5)[0][0].endswith("|Hypertension essentielle"), "labels by prefix"
    assert now.frequency("hanche") == 2, "a frequency counts entries"


def _ids(now: Snapshot, clause: c.Clause) -> set[str]:
    found, total = now.search(clause, limit=50)
    assert total == len(found), "the total counts every match"
    return {item.id for item in found}
