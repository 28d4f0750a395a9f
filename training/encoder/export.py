"""Write the ONNX graph of a sentence-transformers folder: ``python training/encoder/export.py FOLDER [--out COPY]``.

Needed once, for a folder that holds PyTorch weights only; run where torch, transformers and onnx are installed.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer


class _Tokens(torch.nn.Module):
    """The last layer, and nothing else."""

    def __init__(self, model: torch.nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.model(**dict(zip(self.names, inputs, strict=True))).last_hidden_state
        return out


def main() -> None:
    """Export beside the weights, or in a copy of the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help="write a copy of the folder, with the graph, here")
    asked = parser.parse_args()
    folder: Path = asked.folder
    if asked.out:
        shutil.copytree(folder, asked.out, ignore=shutil.ignore_patterns("*.safetensors", "*.bin"), dirs_exist_ok=True)
    target = (asked.out or folder) / "onnx"
    target.mkdir(exist_ok=True)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    given = dict(
        AutoTokenizer.from_pretrained(folder)(["one text", "another, longer text"], padding=True, return_tensors="pt")
    )
    names = list(given)
    torch.onnx.export(
        _Tokens(model, names),
        tuple(given.values()),
        str(target / "model.onnx"),
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "texts", 1: "tokens"} for name in [*names, "last_hidden_state"]},
        opset_version=17,
        dynamo=False,
    )


if __name__ == "__main__":
    main()
