"""The truth of a workspace (source bytes and ledger) and its relational projection (OMOP CDM)."""
