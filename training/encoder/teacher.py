"""The teacher: an English sentence encoder (all-MiniLM-L6-v2, Apache-2.0), asked once for each text."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel, AutoTokenizer

_LONGEST = 160
_TOKENS_A_BATCH = 6_000


class Teacher:
    """Mean of the last layer over the tokens, of length 1."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder, dtype=torch.bfloat16).eval()

    @property
    def vocabulary(self) -> list[str]:
        """Its words, in no special order."""
        return sorted(self._tokenizer.get_vocab())

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row a text; progress goes to standard error."""
        ids: list[list[int]] = []
        for start in range(0, len(texts), 20_000):
            ids += self._tokenizer(list(texts[start : start + 20_000]), truncation=True, max_length=_LONGEST)[
                "input_ids"
            ]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        made = np.zeros((len(ids), self._model.config.hidden_size), dtype=np.float32)
        done, total, began, at = 0, sum(map(len, ids)), time.monotonic(), 0
        said = began
        while at < len(order):
            size = max(1, _TOKENS_A_BATCH // max(1, len(ids[order[at]]) + 2))
            rows = order[at : at + size]
            at += size
            width = len(ids[rows[-1]])
            batch = torch.zeros((len(rows), width), dtype=torch.long)
            mask = torch.zeros((len(rows), width), dtype=torch.long)
            for line, row in enumerate(rows):
                batch[line, : len(ids[row])] = torch.tensor(ids[row])
                mask[line, : len(ids[row])] = 1
            out = self._model(input_ids=batch, attention_mask=mask).last_hidden_state.float()
            mean = (out * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            made[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
            done += sum(len(ids[row]) for row in rows)
            if time.monotonic() - said > 20:
                said = time.monotonic()
                print(
                    f"  teacher: {done / total:4.0%}, {done / (said - began):,.0f} tokens/s",
                    file=sys.stderr,
                    flush=True,
                )
        return made
