"""Articles found by meaning: in other words, in the other language, under filters, and not at all for nonsense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from galien.app.workspace import Workspace
from galien.model.errors import UsageError, WorkspaceError

ARTICLES = [
    ("Outcomes of renal calculi", "Lithiasis of the upper urinary tract often recurs within ten years."),
    ("Door-to-balloon time", "Coronary reperfusion delay and mortality in acute coronary occlusion."),
    ("Antenatal vitamin supplements", "Folate given to expectant mothers and neural tube closure."),
    ("Hip arthroplasty infection", "Bacterial contamination of prosthetic joints in the elderly."),
]


@pytest.fixture
def library(tmp_path: Path) -> Workspace:
    corpus = tmp_path / "corpus.jsonl"
    lines = [json.dumps({"_id": str(n), "title": t, "text": x}) for n, (t, x) in enumerate(ARTICLES)]
    corpus.write_text("\n".join(lines), "utf-8")
    workspace = Workspace(tmp_path / "workspace")
    workspace.ingest([corpus], workers=0)
    yield workspace
    workspace.close()


def test_other_words_and_the_other_language(library: Workspace) -> None:
    for query, title in (
        ("kidney stones coming back", "Outcomes of renal calculi"),
        ("calculs rénaux qui reviennent", "Outcomes of renal calculi"),
        ("acide folique pendant la grossesse", "Antenatal vitamin supplements"),
    ):
        hit = library.search(query, kind="articles").value.hits[0]
        assert hit.title == title
        assert "meaning" in hit.by


def test_words_alone_can_be_asked_for(library: Workspace) -> None:
    found = library.search("kidney stones coming back", kind="articles", system="words").value
    assert all("meaning" not in hit.by for hit in found.hits)


def test_nonsense_is_near_nothing(library: Workspace) -> None:
    assert library.search("xyzzy").value.hits == ()


def test_filters_come_first(library: Workspace) -> None:
    found = library.search("kidney stones", kind="articles", filters={"journal": ("None of them",)}).value
    assert found.hits == ()


def test_vectors_are_a_projection(library: Workspace) -> None:
    before = [hit.id for hit in library.search("kidney stones coming back", kind="articles").value.hits]
    library._meanings.clear()
    assert all("meaning" not in hit.by for hit in library.search("kidney stones", kind="articles").value.hits)
    assert library.rebuild("vectors") == len(ARTICLES)
    assert [hit.id for hit in library.search("kidney stones coming back", kind="articles").value.hits] == before


def test_they_catch_up_when_the_workspace_opens(library: Workspace) -> None:
    library._meanings.clear()
    folder = library.folder
    library.close()
    with Workspace(folder) as again:
        assert again.search("kidney stones coming back", kind="articles").value.hits[0].by


def test_without_an_encoder_words_remain(tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "galien.toml").write_text('[encoder]\npath = "none"\n', "utf-8")
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text(json.dumps({"_id": "1", "title": "Renal calculi", "text": "Stones."}), "utf-8")
    with Workspace(folder) as workspace:
        workspace.ingest([corpus], workers=0)
        assert workspace.search("renal calculi", kind="articles").value.total == 1
        with pytest.raises(UsageError):
            workspace.rebuild("vectors")


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "galien.toml").write_text("[encoder]\npaht = 3\n", "utf-8")
    with pytest.raises(WorkspaceError, match=r"galien\.toml"):
        Workspace(tmp_path)
