"""What a hospital sets for a workspace: ``galien.toml`` beside the ledger; all of it may be left out."""

from __future__ import annotations

from pathlib import Path

import msgspec

from galien.model.errors import WorkspaceError

FILE = "galien.toml"


class EncoderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``path``: the folder of an encoder; ``none`` for none; empty for the one that comes with Galien."""

    path: str = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings, with their defaults."""

    encoder: EncoderSettings = EncoderSettings()


def settings_of(workspace: Path) -> Settings:
    """Settings of a workspace.

    Raises
    ------
    WorkspaceError
        The file is not in the layout.
    """
    file = workspace / FILE
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Settings)
    except FileNotFoundError:
        return Settings()
    except (msgspec.MsgspecError, OSError, ValueError) as error:
        raise WorkspaceError(
            f"{FILE} cannot be read: {error}", hint="docs/workspace.md shows what it may hold.", file=FILE
        ) from error
