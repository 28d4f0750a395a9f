"""The shipped encoder: one vector a piece of word, summed; numpy only.

Trained by ``training/encoder/train.py``; the model card is ``docs/models/encoder.md``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from galien.meaning.pieces import Pieces
from galien.meaning.port import Role, Vectors
from galien.model.errors import IntegrityError

_BATCH = 2_000
_LONGEST = 2_000


class StaticEncoder:
    """A folder written by the training: ``vectors.npy``, ``scales.npy``, ``vocabulary.txt``, ``model.json``.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    IntegrityError
        When the files disagree.
    """

    def __init__(self, folder: Path) -> None:
        card = json.loads((folder / "model.json").read_text("utf-8"))
        vocabulary = (folder / "vocabulary.txt").read_text("utf-8").split("\n")[:-1]
        small = np.load(folder / "vectors.npy")
        scales = np.load(folder / "scales.npy")
        if not (len(vocabulary) == len(small) == len(scales)) or small.shape[1] != card["dims"]:
            raise IntegrityError("the encoder's files disagree", hint="Install Galien again.")
        digest = hashlib.sha256(small.tobytes() + scales.tobytes() + "\n".join(vocabulary).encode())
        self.name: str = card["name"]
        self.dims: int = card["dims"]
        self.fingerprint = f"static:{digest.hexdigest()[:16]}"
        # One row more, of zeros, for a text in which nothing is known.
        rows = small.astype(np.float32) * scales.astype(np.float32)[:, None]
        self._rows = np.concatenate([rows, np.zeros((1, self.dims), dtype=np.float32)])
        self._pieces = Pieces(vocabulary)

    def encode(self, texts: Sequence[str], role: Role = "document") -> Vectors:
        """See `galien.meaning.port.Encoder`.

        The first 2,000 pieces of a text are read.
        """
        made = np.zeros((len(texts), self.dims), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            part = texts[start : start + _BATCH]
            numbers = [self._pieces(text)[:_LONGEST] or [len(self._rows) - 1] for text in part]
            for at, row in enumerate(numbers):
                made[start + at] = self._rows[row].sum(axis=0)
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        np.divide(made, lengths, out=made, where=lengths > 0)
        return made
