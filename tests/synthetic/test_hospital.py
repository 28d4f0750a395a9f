"""The synthetic hospital: the same for a seed, coherent, varied, and true to its own truth."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from galien.app.demonstration import generate
from galien.app.workspace import Workspace
from galien.sources.encoding import decode


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic")
    generate(folder, 24, 5, "fr")
    return folder


@pytest.fixture(scope="module")
def searched(hospital: Path, tmp_path_factory: pytest.TempPathFactory):
    with Workspace(tmp_path_factory.mktemp("made") / "workspace") as workspace:
        report = workspace.ingest([hospital / "files"], workers=2)
        assert report.quarantined == ()
        yield workspace


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_same_seed_gives_the_same_bytes(hospital: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again", 24, 5, "fr")
    generate(tmp_path / "other", 24, 6, "fr")

    def content(folder: Path) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    assert content(hospital) == content(tmp_path / "again")
    assert content(hospital) != content(tmp_path / "other")


def test_every_format_is_there_and_everything_goes_in(hospital: Path, searched: Workspace) -> None:
    files = Counter(p.parent.relative_to(hospital).parts[1] for p in (hospital / "files").rglob("*") if p.is_file())
    assert {"fhir", "cda", "hl7v2", "dicom", "pdf", "text"} <= set(files)
    status = searched.status()
    assert status.kinds["patients"] == 24
    assert status.kinds["documents"] > 200
    assert status.kinds["images"] > 10
    assert all(status.omop[table] for table in ("condition_occurrence", "measurement", "drug_exposure", "note"))
    assert searched.verify() == []


def test_each_mention_of_the_truth_stands_where_it_says(hospital: Path, searched: Workspace) -> None:
    """Offsets are told for plain-text files; there the quote must be exactly that."""
    mentions = lines(next((hospital / "truth").glob("mentions*.jsonl")))
    assert len(mentions) > 500
    checked = 0
    for mention in mentions:
        path = hospital / "files" / str(mention["file"])
        if path.suffix != ".txt" or mention.get("start") is None:
            continue
        text = decode(path.read_bytes())  # some are Windows-1252, as in a hospital
        said = text[mention["start"] : mention["end"]]  # type: ignore[misc]
        assert " ".join(said.split()) == mention["quote"]  # lines are hard-wrapped
        checked += 1
    assert checked > 100


def test_the_traps_of_real_reports_are_there(hospital: Path) -> None:
    contexts = Counter(str(m["context"]) for m in lines(next((hospital / "truth").glob("mentions*.jsonl"))))
    assert {"negated", "family", "hypothesis", "planned", "history"} <= set(contexts), contexts


def test_reports_do_not_read_as_templates(hospital: Path) -> None:
    texts = [decode(p.read_bytes()) for p in sorted((hospital / "files/text").glob("*.txt"))]
    lines_ = Counter(
        line.strip() for t in texts for line in set(t.splitlines()) if len(line.strip()) > 60 and "synthèse" not in line
    )
    assert lines_
    assert lines_.most_common(1)[0][1] < 0.5 * len(texts), lines_.most_common(1)


def test_english_on_request(tmp_path: Path) -> None:
    generate(tmp_path, 3, 1, "en")
    text = " ".join(decode(p.read_bytes()) for p in (tmp_path / "files/text").glob("*.txt"))
    assert " the " in text
    assert " patiente " not in text
