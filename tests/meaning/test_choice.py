"""One setting says which encoder is used."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest

from galien.meaning import shipped
from galien.meaning.choice import LOST, chosen
from galien.meaning.static import StaticEncoder
from galien.model.errors import NotFound, UnsupportedInput


def test_nothing_said_is_the_shipped_one() -> None:
    assert chosen() is shipped()


def test_none_is_none_and_what_is_lost_is_said_in_both_languages() -> None:
    assert chosen("none") is None
    assert set(LOST) == {"fr", "en"}


def test_a_folder_is_recognised_by_what_it_holds(tmp_path: Path) -> None:
    with as_file(files("galien.meaning") / "data") as folder:
        found = chosen(str(folder))
    assert found is not None
    assert found.fingerprint == shipped().fingerprint
    np.save(tmp_path / "vectors.npy", np.ones((1, 2), dtype=np.int8))
    np.save(tmp_path / "scales.npy", np.ones(1, dtype=np.float32))
    (tmp_path / "vocabulary.txt").write_text("fever\n", "utf-8")
    (tmp_path / "model.json").write_text(json.dumps({"name": "small", "dims": 2}), "utf-8")
    assert isinstance(chosen(str(tmp_path)), StaticEncoder)


def test_what_is_not_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        chosen(str(tmp_path / "absent"))
    with pytest.raises(UnsupportedInput):
        chosen(str(tmp_path))
