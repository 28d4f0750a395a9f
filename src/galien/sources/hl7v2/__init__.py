"""HL7 v2: admissions, results, documents, orders, appointments, vaccines; French and American profiles."""

from galien.sources.hl7v2.reading import source

__all__ = ["source"]
