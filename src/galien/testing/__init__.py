"""What an adapter of Galien's ports must pass; for this project's tests and for those of extensions."""

from galien.testing.index_conformance import check_index
from galien.testing.meaning_conformance import check_encoder, check_store

__all__ = ["check_encoder", "check_index", "check_store"]
