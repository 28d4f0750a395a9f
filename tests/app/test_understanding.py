"""What the hospital's data mean: studies by their modality and part."""

from __future__ import annotations

import pytest

from galien.app.understanding import shipped_understanding
from galien.knowledge import shipped


@pytest.mark.parametrize(
    ("modality", "part", "act"),
    [
        ("CR", "CHEST", "chest-xray"),
        ("MR", "HEAD", "brain-mri"),
        ("CT", "ABDOMEN", "abdominal-ct"),
        ("US", "ABDOMEN", "abdominal-ultrasound"),
        ("MG", "BREAST", "mammography"),
        ("MR", "TAIL", "mri"),
    ],
)
def test_a_study_is_an_act(modality: str, part: str, act: str) -> None:
    assert shipped_understanding().imaged(modality, part) == (act,)


def test_what_is_no_act_is_none() -> None:
    assert shipped_understanding().imaged("SR", "CHEST") == ()


def test_a_modality_does_not_make_every_act_of_it_a_kind_of_one() -> None:
    assert "mammography" not in shipped().descendants("chest-xray")
    assert shipped().descendants("radiography") > shipped().descendants("chest-xray")
