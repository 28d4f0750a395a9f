"""The port: texts in, unit vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Role = Literal["document", "query"]


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors whose dot product says how near two meanings are.

    Attributes
    ----------
    name : str
        For people and for records: the model's name.
    dims : int
        Length of a vector.
    fingerprint : str
        Changes whenever the vectors would: vectors of different fingerprints are never compared.
    """

    @property
    def name(self) -> str: ...
    @property
    def dims(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...

    def encode(self, texts: Sequence[str], role: Role = "document") -> Vectors:
        """One row a text, float32, of length 1; all zeros for a text in which nothing is known.

        ``role`` matters to models that were trained with one prefix for queries and another for documents.
        """
        ...
