"""HL7 CDA R2: the French CI-SIS (levels 1 and 3) and the American C-CDA."""

from galien.sources.cda.reading import read_document, source

__all__ = ["read_document", "source"]
