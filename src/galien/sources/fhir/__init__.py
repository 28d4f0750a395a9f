"""HL7 FHIR R4: Bundles of every type, single resources, bulk NDJSON."""

from galien.sources.fhir.reading import source

__all__ = ["source"]
