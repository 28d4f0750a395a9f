"""An encoder that the hospital gives: a folder in the layout of sentence-transformers, with an ONNX graph.

Read from the folder, not guessed: the modules (``modules.json``), how tokens are pooled
(``1_Pooling/config.json``), the prefixes of queries and documents (``prompts`` of
``config_sentence_transformers.json``), the longest text (``sentence_bert_config.json``). Runs on the processor
through onnxruntime; nothing is downloaded. Vectors are always brought to length 1: their cosine is what is compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from galien.meaning.port import Role, Vectors
from galien.model.errors import MissingExtra, NotFound, UnsupportedInput

_GRAPHS = (
    "onnx/model.onnx",
    "model.onnx",
    "onnx/model_O2.onnx",
    "onnx/model_optimized.onnx",
    "onnx/model_quantized.onnx",
)
_ROLES = {"query": ("query", "search_query"), "document": ("document", "passage", "search_document", "corpus")}
_TOKENS_A_BATCH = 4_096
_DEFAULT_LONGEST = 512


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What the folder says of how its model is used.

    Attributes
    ----------
    pooling : str
        ``mean``, ``cls``, ``max``, ``lasttoken`` or ``mean_sqrt_len_tokens``.
    prefixes : dict
        What goes before a ``query`` and before a ``document``.
    pool_prefix : bool
        Whether the prefix's own tokens count in the pooling.
    """

    pooling: str = "mean"
    longest: int = _DEFAULT_LONGEST
    prefixes: dict[str, str] = {}
    pool_prefix: bool = True


def recipe(folder: Path) -> Recipe:
    """Read the settings of a folder.

    Raises
    ------
    NotFound
        No such folder.
    UnsupportedInput
        A module or a pooling that is not known here; the field ``found`` names it.
    """
    if not folder.is_dir():
        raise NotFound("the encoder's folder is not there", hint="Check `[encoder] path` in the configuration.")
    pooling: dict[str, Any] = {}
    for module in _json(folder / "modules.json", []):
        kind = str(module["type"]).rpartition(".")[2]
        if kind == "Pooling":
            pooling = _json(folder / module["path"] / "config.json", {})
        elif kind not in ("Transformer", "Normalize"):
            raise UnsupportedInput("a module of this encoder is not known here", found=kind)
    own = _json(folder / "config_sentence_transformers.json", {})
    prompts: dict[str, str] = own.get("prompts") or {}
    default = prompts.get(own.get("default_prompt_name") or "", "")
    prefixes = {
        role: next((prompts[name] for name in names if prompts.get(name)), default) for role, names in _ROLES.items()
    }
    config = _json(folder / "config.json", {})
    limits = [
        _json(folder / "sentence_bert_config.json", {}).get("max_seq_length"),
        _json(folder / "tokenizer_config.json", {}).get("model_max_length"),
        config.get("max_position_embeddings"),
    ]
    longest = min((int(limit) for limit in limits if limit), default=_DEFAULT_LONGEST)
    return Recipe(
        pooling=_pooling(pooling),
        longest=longest,
        prefixes=prefixes,
        pool_prefix=bool(pooling.get("include_prompt", True)),
    )


def _pooling(config: dict[str, Any]) -> str:
    known = ("mean", "cls", "max", "lasttoken", "mean_sqrt_len_tokens")
    if not config:
        return "mean"
    # Old files hold one yes or no a mode, newer ones the name.
    asked = [
        key.removeprefix("pooling_mode_")
        for key, on in config.items()
        if key.startswith("pooling_mode_") and on is True
    ]
    if isinstance(config.get("pooling_mode"), str):
        asked = [config["pooling_mode"]]
    named = {"mean_tokens": "mean", "cls_token": "cls", "max_tokens": "max"}
    found = [named.get(name, name) for name in asked]
    if len(found) != 1 or found[0] not in known:
        raise UnsupportedInput("a pooling of this encoder is not known here", found="+".join(found))
    return found[0]


class FolderEncoder:
    """See `galien.meaning.port.Encoder`.

    Parameters
    ----------
    folder : Path
    threads : int
        Of onnxruntime, for one batch.
    prefixes : dict of role to str, optional
        In place of those that the folder states (many models say theirs in prose only: ``"query: "``).

    Raises
    ------
    MissingExtra
        onnxruntime or tokenizers is not installed.
    UnsupportedInput
        No ONNX graph, or a module that is not known here.
    """

    def __init__(self, folder: Path, *, threads: int = 2, prefixes: dict[str, str] | None = None) -> None:
        self.recipe = recipe(folder)
        if prefixes is not None:
            self.recipe = msgspec.structs.replace(self.recipe, prefixes=prefixes)
        graph = next((folder / name for name in _GRAPHS if (folder / name).exists()), None)
        if graph is None:
            raise UnsupportedInput(
                "the encoder's folder holds no ONNX graph",
                hint="Export it once: python training/encoder/export.py FOLDER (or optimum-cli export onnx).",
            )
        try:
            import onnxruntime
            import tokenizers
        except ImportError as error:
            raise MissingExtra(
                "a given encoder needs onnxruntime and tokenizers", hint="pip install 'galien[encoder]'"
            ) from error
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(self.recipe.longest)
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        self._inputs = {given.name for given in self._session.get_inputs()}
        self.name = folder.name
        self.fingerprint = f"folder:{_digest(folder, graph, self.recipe)}"
        self.dims = int(self.encode(["dimension"]).shape[1])

    def encode(self, texts: Sequence[str], role: Role = "document") -> Vectors:
        """One row a text, of length 1; texts of like lengths run together."""
        prefix = self.recipe.prefixes.get(role, "")
        # Half a surrogate pair, which broken files hold, is no text for the tokenizer.
        clean = [(prefix + text[: 40 * self.recipe.longest]).encode("utf-8", "replace").decode() for text in texts]
        encoded = self._tokenizer.encode_batch(clean)
        skipped = 0
        if prefix and not self.recipe.pool_prefix:
            skipped = len(self._tokenizer.encode(prefix, add_special_tokens=False).ids) + 1
        order = sorted(range(len(texts)), key=lambda at: len(encoded[at].ids))
        made: Vectors | None = None
        at = 0
        while at < len(order):
            rows = order[at : at + max(1, _TOKENS_A_BATCH // max(1, len(encoded[order[at]].ids)))]
            at += len(rows)
            width = max(len(encoded[row].ids) for row in rows)
            ids = np.zeros((len(rows), width), dtype=np.int64)
            mask = np.zeros_like(ids)
            kinds = np.zeros_like(ids)
            for line, row in enumerate(rows):
                size = len(encoded[row].ids)
                ids[line, :size] = encoded[row].ids
                kinds[line, :size] = encoded[row].type_ids
                mask[line, :size] = 1
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}
            out = self._session.run(None, {name: given[name] for name in given if name in self._inputs})[0]
            vectors = self._pool(np.asarray(out, dtype=np.float32), mask, skipped)
            if made is None:
                made = np.zeros((len(texts), vectors.shape[1]), dtype=np.float32)
            made[rows] = vectors
        if made is None:
            return np.zeros((0, self.dims), dtype=np.float32)
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        np.divide(made, lengths, out=made, where=lengths > 0)
        return made

    def _pool(self, tokens: Vectors, mask: npt.NDArray[np.int64], skipped: int) -> Vectors:
        if tokens.ndim == 2:
            return tokens  # the graph pools by itself
        counted = mask.copy()
        counted[:, :skipped] = 0
        weights = counted[..., None].astype(np.float32)
        found: Vectors
        match self.recipe.pooling:
            case "cls":
                found = tokens[:, 0]
            case "max":
                found = np.where(weights > 0, tokens, np.float32(-1e9)).max(axis=1)
            case "lasttoken":
                found = tokens[np.arange(len(tokens)), mask.sum(axis=1) - 1]
            case _:
                # Of length 1 in the end: dividing by the number of tokens or by its root is the same.
                found = (tokens * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
        return found


def _json(path: Path, default: Any) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return default
    except ValueError as error:
        raise UnsupportedInput("a settings file of the encoder cannot be read", found=path.name) from error


def _digest(folder: Path, graph: Path, settings: Recipe) -> str:
    digest = hashlib.sha256(msgspec.json.encode(settings))
    for path in (graph, folder / "tokenizer.json"):
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]
