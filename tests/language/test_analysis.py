"""Words of French and English medical text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galien.language import analyse, exact, stem, tokens
from galien.language.detection import detect


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        ("l'hémorragie", ["hemorragie"]),
        ("d’une qu'il", ["une", "il"]),
        ("IL-6", ["il6"]),
        ("7,5 mg/j", ["7.5", "mg/j"]),
        ("HbA1c", ["hba1c"]),
        ("Œdème", ["oedeme"]),
        ("SARS-CoV-2", ["sars", "cov2"]),
        ("thoraco-abdominal", ["thoraco", "abdominal"]),
        ("m²", ["m2"]),
    ],
)
def test_words_keep_their_medical_shape(written: str, forms: list[str]) -> None:
    assert [token.exact for token in tokens(written)] == forms


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("prothèse", "prothèses", "fr"),
        ("opérée", "opérés", "fr"),
        ("douleurs", "douleur", "fr"),
        ("fractures", "fracture", "en"),
        ("bleeding", "bleedings", "en"),
    ],
)
def test_inflections_meet(one: str, other: str, language: str) -> None:
    assert stem(one, language) == stem(other, language)


@given(st.text(max_size=300))
def test_tokens_stand_where_they_say_and_streams_run_in_parallel(text: str) -> None:
    for token in tokens(text):
        assert exact(text[token.start : token.end]) == token.exact
    made = analyse("", text, "fr")
    assert len(made.body_exact.split(" ")) == len(made.body_stem.split(" "))


def test_languages_are_told_apart() -> None:
    assert detect("Patiente de 67 ans opérée d'une prothèse totale de hanche droite, suites simples.") == "fr"
    assert detect("This is a 67 year old woman who underwent a right total hip arthroplasty.") == "en"
