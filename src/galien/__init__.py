"""Galien: a self-hosted search engine for health.

>>> import galien
>>> with galien.open("workspace") as workspace:  # doctest: +SKIP
...     answer = workspace.search("coxarthrose").value
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galien.app.workspace import Workspace

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def open(folder: str | Path) -> Workspace:
    """Open a workspace (made when absent); close it, or use it as a context manager.

    Raises
    ------
    galien.model.errors.WorkspaceBusy
        Another process owns it, such as a running server.
    """
    from galien.app.workspace import Workspace  # heavy engines load only when needed

    return Workspace(Path(folder))
