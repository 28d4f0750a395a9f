"""The pages and the REST interface: faces without logic, over `galien.app.facade`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galien.web.application import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> object:
    # Commands take their words from this room's catalogue, and must not wait for the web framework.
    if name == "create_app":
        from galien.web.application import create_app

        return create_app
    raise AttributeError(name)
