"""Shared fixtures. Real public data are optional: tests that need them skip, saying so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent.parent


def _data_root() -> Path | None:
    named = os.environ.get("GALIEN_DATA")
    for candidate in (Path(named),) if named else (_HERE.parent / "shared" / "data", _HERE / "shared" / "data"):
        if (candidate / "README.md").is_file():
            return candidate
    return None


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Folder of public data sets (``GALIEN_DATA``, or ``shared/data`` beside the checkout)."""
    root = _data_root()
    if root is None:
        pytest.skip("public data not here: set GALIEN_DATA to a folder that holds them")
    return root


pytest_plugins = ["support.fixtures"]
