"""The static encoder: its arithmetic, on a model made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from galien.meaning.pieces import Pieces
from galien.meaning.static import StaticEncoder
from galien.model.errors import IntegrityError
from galien.testing import check_encoder


@pytest.fixture(name="folder")
def small_model(tmp_path: Path) -> Path:
    (tmp_path / "vocabulary.txt").write_text("fievre\nfever\ncoeur\n", "utf-8")
    np.save(tmp_path / "vectors.npy", np.array([[100, 0], [50, 0], [0, 127]], dtype=np.int8))
    np.save(tmp_path / "scales.npy", np.array([0.01, 0.02, 0.01], dtype=np.float32))
    (tmp_path / "model.json").write_text(json.dumps({"name": "small", "dims": 2}), "utf-8")
    return tmp_path


def test_a_text_is_the_sum_of_its_pieces_of_length_one(folder: Path) -> None:
    encoder = StaticEncoder(folder)
    (vector,) = encoder.encode(["Fièvre, cœur"])
    assert np.allclose(vector, np.array([1, 1.27]) / np.hypot(1, 1.27), atol=1e-6)


def test_a_word_said_again_counts_again(folder: Path) -> None:
    (vector,) = StaticEncoder(folder).encode(["fever fever coeur"])
    assert np.allclose(vector, np.array([2, 1.27]) / np.hypot(2, 1.27), atol=1e-6)


def test_nothing_known_gives_zeros(folder: Path) -> None:
    assert not StaticEncoder(folder).encode(["", "мир"]).any()


def test_files_that_disagree_are_refused(folder: Path) -> None:
    (folder / "vocabulary.txt").write_text("fievre\n", "utf-8")
    with pytest.raises(IntegrityError):
        StaticEncoder(folder)


def test_a_changed_vector_changes_the_fingerprint(folder: Path) -> None:
    before = StaticEncoder(folder).fingerprint
    np.save(folder / "vectors.npy", np.array([[100, 0], [50, 0], [0, 126]], dtype=np.int8))
    assert StaticEncoder(folder).fingerprint != before


def test_an_unknown_word_is_cut_into_the_longest_pieces() -> None:
    pieces = Pieces(["cardio", "##myo", "##pathie", "card", "a"])
    assert pieces("Cardiomyopathie à") == [0, 1, 2, 4]
    assert pieces("zz") == []


def test_it_is_an_encoder_like_the_others(folder: Path) -> None:
    letters = [*"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")]
    random = np.random.default_rng(1)
    (folder / "vocabulary.txt").write_text("\n".join(letters) + "\n", "utf-8")
    np.save(folder / "vectors.npy", random.integers(-127, 127, (len(letters), 2)).astype(np.int8))
    np.save(folder / "scales.npy", np.full(len(letters), 0.01, dtype=np.float32))
    check_encoder(StaticEncoder(folder))
