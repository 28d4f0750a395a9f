"""What an adapter of Galien's ports must pass; for this project's tests and for those of extensions."""

from galien.testing.index_conformance import check_index

__all__ = ["check_index"]
