"""OMOP CDM 5.4 tables on DuckDB: a projection of the ledger, for analysis and for the patient page."""

from galien.store.omop.cdm import Cdm

__all__ = ["Cdm"]
