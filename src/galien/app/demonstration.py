"""The synthetic hospital, offered to the faces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

from galien.synthetic import GenerationReport
from galien.synthetic import generate as _generate


def generate(
    out: Path, patients: int, seed: int, language: str, progress: Callable[[int, int], None] | None = None
) -> GenerationReport:
    """See `galien.synthetic.generate`."""
    chosen = cast(Literal["fr", "en"], language)
    return _generate(out, patients=patients, seed=seed, language=chosen, progress=progress)
