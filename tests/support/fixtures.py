"""Fixtures: a small hospital in files, and workspaces made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from galien.app.workspace import Workspace
from support.hospital import bundle, measure, note, patient

NOW = datetime(2024, 6, 1, 12, 0)


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    """Three patients: a hip prosthesis with its letter and laboratory, a knee, a pneumonia."""
    folder = tmp_path / "hospital"
    folder.mkdir()
    (folder / "1.json").write_text(
        bundle(
            patient(1, "LEFÈVRE"),
            note("cro", 1, "Compte rendu opératoire", "Mise en place d'une prothèse totale de hanche droite.\nFin."),
            note("ldl", 1, "Lettre de liaison", "Suites simples. Pas de fièvre. Diabète de type 2.", "2024-03-20"),
            measure("m1", 1, 7.9, "2024-02-01"),
            measure("m2", 1, 7.1, "2024-05-01"),
        )
    )
    (folder / "2.json").write_text(
        bundle(
            patient(2, "MARTIN", "male", "1980-01-01"),
            note("cs", 2, "Consultation", "Gonarthrose. Prothèse du genou gauche, hanche libre.", "2023-01-05"),
        )
    )
    (folder / "3.json").write_text(
        bundle(
            patient(3, "DURAND"),
            note("urg", 3, "Passage aux urgences", "Pneumopathie franche lobaire aiguë, fièvre à 39,5.", "2024-01-02"),
        )
    )
    (folder / "article.bib").write_text(
        "@article{m20, title={Hip arthroplasty and fever}, author={Martin, P.}, year=2020, "
        "abstract={We studied prosthesis of the hip in 40 patients.}}"
    )
    return folder


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Workspace]]:
    """Opens workspaces on a fixed day; closes them at the end."""
    made: list[Workspace] = []

    def open_(name: str = "workspace") -> Workspace:
        made.append(Workspace(tmp_path / name, clock=lambda: NOW))
        return made[-1]

    yield open_
    for workspace in made:
        workspace.close()


@pytest.fixture
def workspace(hospital: Path, opened: Callable[..., Workspace]) -> Workspace:
    """The hospital, ingested."""
    made = opened()
    report = made.ingest([hospital], workers=0)
    assert report.quarantined == ()
    return made
