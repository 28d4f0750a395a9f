"""The contextual encoder: a small transformer in numpy, English as its teacher, French learnt beside it.

Trained by ``training/encoder/contextual.py``; the model card is ``docs/models/encoder.md``. The layers are those of
BERT (Devlin et al. 2019, arXiv:1810.04805); kept on 8 bits, computed in float32.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from galien.meaning.bilingual import BilingualPieces
from galien.meaning.port import Role, Vectors
from galien.model.errors import IntegrityError

_INPUTS = "embeddings.word_embeddings.weight"
_HEADS = 12
_EPSILON = np.float32(1e-12)
_ROOT = np.float32(np.sqrt(2 / np.pi))
_CUBIC = np.float32(0.044715)
_TOKENS_A_BATCH = 2_048
_SIGNS = 8_000


class ContextualEncoder:
    """A folder written by the training: ``weights.npz``, ``english.txt``, ``french.txt``, ``model.json``.

    Parameters
    ----------
    folder : Path
    longest : int
        Pieces read of a text, at most 510; the rest is not.

    Raises
    ------
    IntegrityError
        When the files disagree.
    """

    def __init__(self, folder: Path, *, longest: int = 126) -> None:
        card = json.loads((folder / "model.json").read_text("utf-8"))
        english = (folder / "english.txt").read_text("utf-8").split("\n")[:-1]
        french = (folder / "french.txt").read_text("utf-8").split("\n")[:-1]
        digest = hashlib.sha256("\n".join([*english, *french, str(longest)]).encode())
        with np.load(folder / "weights.npz") as kept:
            names = [name for name in kept.files if not name.endswith(".scale")]
            weights: dict[str, Vectors] = {}
            for name in names:
                rows = kept[name]
                digest.update(rows.tobytes())
                if name == _INPUTS:
                    # As they are kept: of 45,000 vectors a text takes a hundred, and the rest would fill 70 MB.
                    self._inputs, self._scales = rows, kept[f"{name}.scale"].astype(np.float32)
                    continue
                weights[name] = rows.astype(np.float32)
                if f"{name}.scale" in kept.files:
                    weights[name] *= kept[f"{name}.scale"].astype(np.float32)[:, None]
        if len(self._inputs) != len(english) + len(french) or weights["projection"].shape[1] != card["dims"]:
            raise IntegrityError("the encoder's files disagree", hint="Install Galien again.")
        # Every text is of one segment: its vector goes with the places.
        self._places = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._first_norm = (weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"])
        self._layers = [_Layer(weights, f"encoder.layer.{n}.") for n in range(_count(weights))]
        self._projection = weights["projection"]
        self._pieces = BilingualPieces(english, french)
        self._longest = longest
        self.name: str = card["name"]
        self.dims: int = card["dims"]
        self.fingerprint = f"contextual:{digest.hexdigest()[:16]}"

    def encode(self, texts: Sequence[str], role: Role = "document") -> Vectors:
        """See `galien.meaning.port.Encoder`; texts of like lengths run together."""
        made = np.zeros((len(texts), self.dims), dtype=np.float32)
        cut = [self._pieces.cut(text[:_SIGNS])[: self._longest] for text in texts]
        order = sorted((at for at in range(len(texts)) if cut[at]), key=lambda at: len(cut[at]))
        start = 0
        while start < len(order):
            # Of one length, a batch needs no mask; the next few lengths are padded rather than run alone.
            length = len(cut[order[start]]) + 2
            most = max(1, _TOKENS_A_BATCH // length)
            rows = [at for at in order[start : start + most] if len(cut[at]) + 2 <= length + max(1, length // 8)]
            start += len(rows)
            made[rows] = self._run([[self._pieces.first, *cut[row], self._pieces.last] for row in rows])
        return made

    def _run(self, rows: list[list[int]]) -> Vectors:
        lengths = np.array([len(row) for row in rows])
        width = int(lengths.max())
        numbers = np.zeros((len(rows), width), dtype=np.int64)
        for at, row in enumerate(rows):
            numbers[at, : len(row)] = row
        held = np.arange(width) < lengths[:, None]
        inputs = self._inputs[numbers].astype(np.float32)
        inputs *= self._scales[numbers][:, :, None]
        hidden = _normed(inputs + self._places[:width], *self._first_norm)
        mask = None if held.all() else np.where(held, np.float32(0), np.float32(-1e9))[:, None, None, :]
        for layer in self._layers:
            hidden = layer(hidden, mask)
        # Its length is made 1 in the end: the sum does as well as the mean.
        total: Vectors = np.einsum("ntd,nt->nd", hidden, held.astype(np.float32)) @ self._projection
        total /= np.maximum(np.linalg.norm(total, axis=1, keepdims=True), _EPSILON)
        return total


class _Layer:
    """Attention, then two products; each added to what came in and normed."""

    def __init__(self, weights: dict[str, Vectors], prefix: str) -> None:
        def of(name: str) -> Vectors:
            return weights[prefix + name]

        own = "attention.self."
        # One product for the three, the scale of the scores already in the queries.
        size = np.float32(1 / np.sqrt(of(f"{own}query.weight").shape[0] // _HEADS))
        self._in = np.ascontiguousarray(
            np.concatenate([of(f"{own}query.weight") * size, of(f"{own}key.weight"), of(f"{own}value.weight")]).T
        )
        self._in_bias = np.concatenate([of(f"{own}query.bias") * size, of(f"{own}key.bias"), of(f"{own}value.bias")])
        self._mixed, self._mixed_bias = _product(of("attention.output.dense.weight")), of("attention.output.dense.bias")
        self._norm = (of("attention.output.LayerNorm.weight"), of("attention.output.LayerNorm.bias"))
        self._wide, self._wide_bias = _product(of("intermediate.dense.weight")), of("intermediate.dense.bias")
        self._back, self._back_bias = _product(of("output.dense.weight")), of("output.dense.bias")
        self._last_norm = (of("output.LayerNorm.weight"), of("output.LayerNorm.bias"))

    def __call__(self, hidden: Vectors, mask: Vectors | None) -> Vectors:
        texts, width, dims = hidden.shape
        flat = hidden.reshape(-1, dims)
        three = (flat @ self._in + self._in_bias).reshape(texts, width, 3, _HEADS, dims // _HEADS)
        queries, keys, values = three.transpose(2, 0, 3, 1, 4)
        scores = queries @ keys.transpose(0, 1, 3, 2)
        if mask is not None:
            scores += mask
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ values).transpose(0, 2, 1, 3).reshape(-1, dims)
        flat = _normed(mixed @ self._mixed + self._mixed_bias + flat, *self._norm)
        wide = flat @ self._wide
        wide += self._wide_bias
        flat = _normed(_gelu(wide) @ self._back + self._back_bias + flat, *self._last_norm)
        return flat.reshape(texts, width, dims)


def _count(weights: dict[str, Vectors]) -> int:
    return len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})


def _product(rows: Vectors) -> Vectors:
    """Ready to multiply from the right."""
    return np.ascontiguousarray(rows.T)


def _normed(rows: Vectors, weight: Vectors, bias: Vectors) -> Vectors:
    rows -= rows.mean(axis=-1, keepdims=True)
    # A sum of products rather than a mean of squares: no array of squares.
    spread = np.einsum("...d,...d->...", rows, rows)[..., None] / np.float32(rows.shape[-1])
    rows /= np.sqrt(spread + _EPSILON)
    rows *= weight
    rows += bias
    return rows


def _gelu(rows: Vectors) -> Vectors:
    """Hendrycks and Gimpel 2016 (arXiv:1606.08415), in its form with tanh: within .001 of the exact one."""
    inner = rows * rows
    inner *= _CUBIC
    inner += 1
    inner *= rows
    inner *= _ROOT
    np.tanh(inner, out=inner)
    inner += 1
    inner *= rows
    inner *= np.float32(0.5)
    return inner
