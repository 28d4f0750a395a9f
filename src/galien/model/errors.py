"""The error tree. Faces turn these into HTTP statuses and exit codes; nothing else does.

::

    GalienError                     something Galien refuses or cannot do
    ├── InputError                  what came in is at fault
    │   ├── UnknownFormat           no source recognises the content
    │   ├── MalformedInput          recognised, then broken (truncated, invalid, wrong encoding)
    │   ├── HostileInput            bombs, traversals, absurd lengths: a limit was reached on purpose
    │   └── UnsupportedInput        well formed, but a feature Galien does not read
    ├── QueryError                  a query that cannot be understood
    ├── NotFound                    no such record, for this reader
    ├── AccessRefused               policy or ledger says no
    ├── WorkspaceError              the workspace cannot be used
    │   ├── WorkspaceBusy           another process owns it
    │   ├── WorkspaceTooNew         written by a later Galien
    │   └── IntegrityError          stored bytes, ledger or projection disagree
    ├── StorageFull                 the disk refused bytes; nothing acknowledged was lost
    ├── MissingExtra                an optional tool is absent; the hint installs it
    └── UsageError                  an unknown name, a bad option

Every error has a stable ``code`` and a ``hint`` for the person who meets it. Messages and fields
never hold patient data: a path inside an archive, a line number, a tag, a limit; never content.
"""

from __future__ import annotations

from typing import ClassVar


class GalienError(Exception):
    """Base of every error that Galien raises on purpose.

    Parameters
    ----------
    message : str
        What happened, without patient data.
    hint : str, optional
        What the reader can do about it.
    **fields : str or int or float
        Structured details (a limit, a position), without patient data.
    """

    code: ClassVar[str] = "galien"
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, hint: str = "", **fields: str | int | float) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint
        self.fields = fields

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross process boundaries (workers); keyword arguments need help to survive pickling.
        return _rebuild, (type(self), self.message, self.hint, self.fields)


def _rebuild(kind: type[GalienError], message: str, hint: str, fields: dict[str, str | int | float]) -> GalienError:
    return kind(message, hint=hint, **fields)


class InputError(GalienError):
    """What came in is at fault; it is refused or quarantined, and the rest goes on."""

    code = "input"


class UnknownFormat(InputError):
    """No source recognises this content."""

    code = "input.unknown_format"
    default_hint = "`galien formats` lists what can be read; a CSV or Parquet table needs a mapping file."


class MalformedInput(InputError):
    """Recognised, then found broken: truncated, invalid, wrongly encoded."""

    code = "input.malformed"
    default_hint = "Ask the sending system for the file again; `galien quarantine retry` after replacing it."


class HostileInput(InputError):
    """A protective limit was reached: bomb, traversal, absurd length."""

    code = "input.hostile"
    default_hint = "If the file is legitimate, raise the limit in the configuration and retry."


class UnsupportedInput(InputError):
    """Well formed, but not something Galien reads (yet)."""

    code = "input.unsupported"


class QueryError(GalienError):
    """The query cannot be understood as written."""

    code = "query"
    default_hint = "Check quotes and parentheses; words alone always work."


class NotFound(GalienError):
    """No such record, or none that this reader may see (the two are not told apart)."""

    code = "not_found"


class AccessRefused(GalienError):
    """Policy refuses, or the disclosure could not be recorded."""

    code = "access.refused"


class WorkspaceError(GalienError):
    """The workspace cannot be used as it is."""

    code = "workspace"


class WorkspaceBusy(WorkspaceError):
    """Another process owns the workspace."""

    code = "workspace.busy"
    default_hint = "Wait for it to end, or stop it; a running server answers commands by itself."


class WorkspaceTooNew(WorkspaceError):
    """The workspace was written by a later version of Galien."""

    code = "workspace.too_new"
    default_hint = "Upgrade Galien."


class IntegrityError(WorkspaceError):
    """Stored bytes, ledger and projections disagree."""

    code = "workspace.integrity"
    default_hint = "`galien workspace verify` says where; `galien rebuild` mends a projection."


class StorageFull(GalienError):
    """The disk refused bytes. What was acknowledged before is safe."""

    code = "storage.full"
    default_hint = "Free some space, then run the same command again: it resumes."


class MissingExtra(GalienError):
    """An optional tool or package is absent."""

    code = "missing_extra"


class UsageError(GalienError):
    """An unknown name or an option that makes no sense."""

    code = "usage"
