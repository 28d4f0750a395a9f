"""The one gate through which patient data leave.

A function that returns patient data to a face returns ``Disclosed[T]``. Only `Gate.disclose` builds
one, after the policy agreed and the access ledger holds a durable line about it; where that line
cannot be written, nothing leaves. Faces read ``.value``.

Until accounts exist, the policy is the narrowest that is useful: the local operating-system account,
on the loopback interface. The ledger is real from the first day, so that it is complete later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

from galien.model.errors import AccessRefused

T = TypeVar("T")
_KEY = object()


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and in which mode. ``channel`` is ``web``, ``rest``, ``cli`` or ``python``."""

    account: str = "local"
    mode: Literal["care", "reuse"] = "care"
    purpose: str = ""
    channel: str = "python"


class AccessEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One disclosure, as the ledger keeps it. ``subjects`` are public ids (``p12``, ``d3``), never names."""

    account: str
    mode: str
    purpose: str
    channel: str
    action: str
    subjects: tuple[str, ...]
    query: str = ""
    count: int = 0


class AccessLedger(Protocol):
    """Where disclosures are written, durably, before data leave."""

    def write(self, event: AccessEvent) -> None: ...


class Disclosed(Generic[T]):
    """Patient data that may leave. Built by `Gate` only."""

    __slots__ = ("value",)

    def __init__(self, value: T, key: object = None) -> None:
        if key is not _KEY:
            raise AccessRefused("only the gate may disclose patient data")
        self.value = value


class Gate:
    """Writes the access ledger, then lets a value through."""

    def __init__(self, ledger: AccessLedger) -> None:
        self._ledger = ledger

    def disclose(
        self,
        viewer: Viewer,
        action: str,
        value: T,
        subjects: Sequence[str],
        *,
        query: str = "",
        count: int = 0,
    ) -> Disclosed[T]:
        """Record who sees what, then wrap it.

        Raises
        ------
        AccessRefused
            The ledger cannot be written: nothing leaves.
        """
        event = AccessEvent(
            account=viewer.account,
            mode=viewer.mode,
            purpose=viewer.purpose,
            channel=viewer.channel,
            action=action,
            subjects=tuple(subjects),
            query=query,
            count=count,
        )
        try:
            self._ledger.write(event)
        except Exception as error:
            raise AccessRefused("the access ledger cannot be written, so nothing is shown") from error
        return Disclosed(value, _KEY)


def received(value: T) -> Disclosed[T]:
    """Wrap an answer that another Galien process disclosed, and recorded, on its side."""
    return Disclosed(value, _KEY)
