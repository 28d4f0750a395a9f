"""Searching: what is found, in what order, with which evidence, and how pages follow each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from galien.app.workspace import Workspace
from galien.model.answers import SearchRequest
from galien.model.errors import AccessRefused, QueryError
from support.hospital import bundle, note, patient


def titles(workspace: Workspace, query: str, kind: str = "documents", **options: object) -> set[str]:
    return {h.title for h in workspace.search(query, kind=kind, **options).value.hits}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("prothese hanche", {"Compte rendu opératoire"}),
        ("PROTHÈSES de la HANCHE", {"Compte rendu opératoire"}),
        ('"prothèse totale de hanche"', {"Compte rendu opératoire"}),
        ('"prothèse hanche"~2', {"Compte rendu opératoire"}),
        ("prothèse -genou", {"Compte rendu opératoire"}),
        ("prothèse SAUF hanche", set()),
        ("gonarthrose OU pneumopathie", {"Consultation", "Passage aux urgences"}),
        ("pneumo*", {"Passage aux urgences"}),
        ("pneumopatie~", {"Passage aux urgences"}),
        ("l'hanche", {"Compte rendu opératoire", "Consultation"}),
        ("fièvre 39,5", {"Passage aux urgences"}),
        ("39.5", {"Passage aux urgences"}),
        ("titre:consultation", {"Consultation"}),
        ("fièvre date:2024-01", {"Passage aux urgences"}),
        ("fièvre date:2024-02..2024-12", set()),  # "pas de fièvre"
        ("suites date:2024-02..2024-12", {"Lettre de liaison"}),
        ("sexe:homme prothèse", {"Consultation"}),
        ("(gonarthrose | pneumopathie) lobaire", {"Passage aux urgences"}),
    ],
)
def test_what_a_query_finds(workspace: Workspace, query: str, found: set[str]) -> None:
    assert titles(workspace, query) == found


def test_a_record_answers_when_taken_whole(workspace: Workspace) -> None:
    """One word stands in the letter, the other in the operative report."""
    assert titles(workspace, "prothèse diabète") == set()
    (hit,) = workspace.search("prothèse diabète", kind="patients").value.hits
    assert hit.title == "LEFÈVRE Anne"
    assert {e.quote[e.marks[0].start : e.marks[0].end].lower() for e in hit.evidence} == {
        "prothèse",
        "diabète de type 2",
    }


def test_without_bars_the_whole_record(workspace: Workspace) -> None:
    assert titles(workspace, "prothèse -diabète", "patients") == {"MARTIN Anne"}


def test_every_quote_stands_in_its_document_at_its_offsets(workspace: Workspace) -> None:
    seen = 0
    for query in ("prothèse", "fièvre", "hanche droite", "diabète"):
        for hit in workspace.search(query, kind="documents").value.hits:
            for evidence in hit.evidence:
                if evidence.kind != "quote":
                    continue
                text = workspace.document(evidence.document).value.text
                assert text[evidence.start : evidence.end] == evidence.quote
                assert evidence.marks
                assert evidence.source_path.endswith(".json")
                seen += 1
    assert seen >= 5


def test_a_value_and_a_code_are_evidence(workspace: Workspace) -> None:
    (hit,) = workspace.search("hémoglobine glyquée", kind="patients").value.hits
    (evidence,) = hit.evidence
    assert evidence.kind == "value"
    assert "7.1 %" in evidence.quote
    assert evidence.code == "LOINC:4548-4"
    assert workspace.search("4548-4", kind="patients").value.total == 1


def test_articles_are_found_in_their_language(workspace: Workspace) -> None:
    assert titles(workspace, "arthroplasty", "articles") == {"Hip arthroplasty and fever"}


def test_totals_facets_and_filters_agree(workspace: Workspace) -> None:
    answer = workspace.search("prothèse", kind="documents").value
    assert answer.totals == {"patients": 2, "documents": 2, "images": 0, "articles": 0}
    for name, values in answer.facets.items():
        for value in values:
            narrowed = workspace.search("prothèse", kind="documents", filters={name: (value.value,)}).value
            assert narrowed.total == value.count, (name, value)


def test_a_date_range_includes_its_bounds(workspace: Workspace) -> None:
    march = titles(workspace, "", since="2024-03-12", until="2024-03-20")
    assert march == {"Compte rendu opératoire", "Lettre de liaison"}


def test_sorting(workspace: Workspace) -> None:
    dates = [h.date for h in workspace.search("", kind="documents", sort="newest").value.hits]
    assert dates == sorted(dates, reverse=True)
    assert len(dates) == 4
    dates = [h.date for h in workspace.search("", kind="documents", sort="oldest").value.hits]
    assert dates == sorted(dates)


def test_when_no_entry_has_every_word_the_nearest_are_shown_and_said(workspace: Workspace) -> None:
    answer = workspace.search("pneumopathie lobaire xylophone", kind="documents").value
    assert answer.relaxed
    assert answer.hits[0].title == "Passage aux urgences"
    assert {c.text: c.count for c in answer.understood}["xylophone"] == 0


def test_a_misspelt_word_is_offered_corrected(workspace: Workspace) -> None:
    (criterion,) = workspace.search("gonartrose").value.understood  # put right, and said
    assert (criterion.concept, criterion.corrected) == ("knee-osteoarthritis", "gonartrose")
    assert workspace.search("lobairre").value.did_you_mean == "lobaire"
    assert workspace.search("gonarthrose").value.did_you_mean == ""


def test_suggestions_come_from_what_the_index_holds(workspace: Workspace) -> None:
    offered = {s.text.lower() for s in workspace.suggest("hémo")}
    assert "hémoglobine glyquée" in offered
    assert workspace.suggest("zzz") == ()
    assert "prothèse" in {s.text for s in workspace.suggest("proth")}, "with the accents of the documents"
    assert "totale hanche" in {s.text for s in workspace.suggest("totale han")}


def test_pages_are_stable_while_data_arrive(workspace: Workspace, tmp_path: Path) -> None:
    notes = [note(f"n{k}", 50, f"Note {k}", f"Surveillance du drain, jour {k}.") for k in range(25)]
    lot = [patient(50, "LOT"), *notes]
    (tmp_path / "lot.json").write_text(bundle(*lot))
    workspace.ingest([tmp_path / "lot.json"], workers=0)
    first = workspace.search("drain", kind="documents", limit=10).value
    late = [patient(51, "TARD"), *(note(f"t{k}", 51, "Drain drain", "Drain, drain, drain.") for k in range(10))]
    (tmp_path / "late.json").write_text(bundle(*late))
    workspace.ingest([tmp_path / "late.json"], workers=0)
    seen = [h.id for h in first.hits]
    cursor = first.next_cursor
    while cursor:
        page = workspace.search("drain", kind="documents", limit=10, cursor=cursor).value
        seen += [h.id for h in page.hits]
        cursor = page.next_cursor
        assert page.total == 25
    assert len(seen) == len(set(seen)) == 25
    assert workspace.search("drain", kind="documents").value.total == 35


def test_bad_requests_are_refused(workspace: Workspace) -> None:
    with pytest.raises(QueryError):
        workspace.search(SearchRequest(query="x", filters={"colour": ("red",)}))
    with pytest.raises(QueryError):
        workspace.search(SearchRequest(query="x", cursor="!!!"))
    with pytest.raises(QueryError):
        workspace.search(SearchRequest(query="x", patient="../1"))


def test_each_disclosure_is_written_before_the_data_leave(workspace: Workspace) -> None:
    before = _events(workspace)
    workspace.search("prothèse", kind="documents")
    (hit,) = workspace.search("totale", kind="documents").value.hits
    workspace.document(hit.id)
    after = _events(workspace)
    assert [e[0] for e in after[len(before) :]] == ["search", "search", "document"]
    assert hit.id in after[-1][1]


def _events(workspace: Workspace) -> list[tuple[str, str]]:
    import sqlite3

    with sqlite3.connect(workspace.folder / "access.sqlite") as db:
        return db.execute("SELECT action, subjects FROM disclosures ORDER BY disclosure_id").fetchall()


def test_a_disclosure_that_cannot_be_written_stops_the_answer(workspace: Workspace, monkeypatch) -> None:
    def refuse(event: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(workspace._access, "write", refuse)
    with pytest.raises(AccessRefused):
        workspace.search("prothèse")


def test_suggestions_name_concepts_in_either_language(workspace: Workspace) -> None:
    (first, *_) = workspace.suggest("femme, sans diab")
    assert (first.text, first.concept) == ("femme, sans diabète", "diabetes")
    assert first.count == 1
    (hip, *_) = workspace.suggest("total hip rep")
    assert hip.concept == "total-hip-replacement"
    assert hip.fr.startswith("prothèse")
