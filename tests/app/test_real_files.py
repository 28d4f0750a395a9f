"""Every public file of records, articles, texts and retrieval: in, or set aside for a reason that is right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from galien.app.workspace import Workspace

EXPECTED = {
    # Benchmarks: their corpora are articles; their queries and judgments are not documents.
    "these are queries of a benchmark, not documents": 6,
    "these are relevance judgments of a benchmark, not documents": 5,
    # Logs, file metadata and deliberately odd JSON: no text, no mapping.
    "no column of this table holds text, and no mapping says what it is": 8,
    # Messages whose sender left the place of the report empty.
    "this encapsulated value is empty": 12,
    "the body is a reference to a file that did not come with it": 2,
    "this entry holds no resource": 1,
    "this MedicationAdministration says neither by code nor by words what it is about": 1,
    "this MedicationDispense says neither by code nor by words what it is about": 1,
    "this MedicationStatement says neither by code nor by words what it is about": 1,
}


def test_every_file_is_in_or_set_aside_for_a_known_reason(public_data: Path, tmp_path: Path) -> None:
    folders = [public_data / name for name in ("records", "articles", "texts", "retrieval")]
    if not all(folder.is_dir() for folder in folders):
        pytest.skip("not all public data sets are here")
    # Without vectors: those of twenty thousand articles take ten minutes, and have tests of their own.
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "galien.toml").write_text('[encoder]\npath = "none"\n', "utf-8")
    with Workspace(tmp_path / "workspace") as workspace:
        report = workspace.ingest(folders)
        assert Counter(q.reason for q in report.quarantined) == EXPECTED
        assert report.files > 700
        assert report.records["document"] > 8000
        assert report.records["article"] > 19_000
        assert workspace.verify() == []
        status = workspace.status()
        assert status.kinds["patients"] > 250
        again = workspace.ingest(folders)
        assert dict(again.records) == {}
        assert workspace.status().kinds == status.kinds
        assert workspace.status().omop == status.omop
        for query, kind in (
            ("anesthésie", "documents"), ("créatinine", "patients"), ("simvastatin", "patients"),
            ("metformin", "articles"), ("pneumothorax", "documents"),
        ):  # fmt: skip
            answer = workspace.search(query, kind=kind).value  # type: ignore[arg-type]
            assert answer.total > 0, query
            assert all(hit.evidence for hit in answer.hits), query
