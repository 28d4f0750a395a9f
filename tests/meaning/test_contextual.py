"""The shipped encoder: one space for both languages, and the arithmetic of its layers."""

from __future__ import annotations

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest

from galien.meaning import ContextualEncoder, shipped
from galien.meaning.bilingual import BilingualPieces, tokens
from galien.model.errors import IntegrityError
from galien.testing import check_encoder


def test_it_conforms() -> None:
    check_encoder(shipped())


@pytest.mark.parametrize(
    ("french", "english", "other"),
    [
        ("prothèse totale de hanche", "total hip replacement", "cataract surgery"),
        ("insuffisance rénale chronique", "chronic kidney disease", "chronic bronchitis"),
        ("régime végétalien", "vegan diet", "ketogenic diet"),
        ("cancer du sein", "breast cancer", "lung cancer"),
        ("mal de dos", "low back pain", "sore throat"),
        (
            "Le pain complet réduit-il le cholestérol ?",
            "Does wholemeal bread lower cholesterol?",
            "Does pain raise it?",
        ),
    ],
)
def test_a_translation_is_nearer_than_another_thing(french: str, english: str, other: str) -> None:
    said, same, different = shipped().encode([french, english, other])
    assert said @ same > said @ different + 0.1


def test_a_text_past_the_limit_is_read_up_to_it() -> None:
    long = "hypertension " * 200
    assert np.allclose(*shipped().encode([long, long + "fracture"]), atol=1e-5)


def test_a_word_of_both_languages_goes_by_its_text() -> None:
    pieces = BilingualPieces(["[CLS]", "[SEP]", "[UNK]", "pain", "and", "the", "back"], ["pain", "complet", "le"])
    english, french = pieces.cut("the back pain"), pieces.cut("le pain complet")
    assert english == [5, 6, 3]
    assert french == [9, 7, 8]


def test_plurals_accents_and_unknown_words() -> None:
    pieces = BilingualPieces(["[CLS]", "[SEP]", "[UNK]", "card", "##io", ","], ["haricot", "feve"])
    assert pieces.cut("haricots, fèves") == [6, 5, 7]
    assert pieces.cut("cardio", "en") == [3, 4]
    assert pieces.cut("xyz", "en") == [2]
    assert tokens("C’est l'HbA1c") == ["c", "'", "est", "l", "'", "hba1c"]


def test_files_that_disagree_are_refused(tmp_path: Path) -> None:
    with as_file(files("galien.meaning") / "data") as folder:
        shutil.copytree(folder, tmp_path / "model")
    (tmp_path / "model/french.txt").write_text("fievre\n", "utf-8")
    with pytest.raises(IntegrityError):
        ContextualEncoder(tmp_path / "model")


def test_the_card_names_what_it_was_made_from() -> None:
    with as_file(files("galien.meaning") / "data") as folder:
        card = json.loads((folder / "model.json").read_text("utf-8"))
    assert card["teacher"] == "all-MiniLM-L6-v2, Apache-2.0"
    assert "Human Phenotype Ontology" in card["sources"]["hpo"]
