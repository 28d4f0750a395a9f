"""`galien workspace verify`: stored bytes against hashes, projections against the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from galien.index.port import SearchIndex
from galien.store.ledger import Ledger
from galien.store.omop.cdm import Cdm
from galien.store.omop.rows import table_of
from galien.store.told import Told

_KINDS = ("condition", "measurement", "observation", "exposure", "procedure", "document", "image")


def discrepancies(ledger: Ledger, cdm: Cdm, told: Told, index: SearchIndex, *, bytes_too: bool) -> Iterator[str]:
    """One line per disagreement; nothing when all is well. Lines hold ids, never content."""
    if bytes_too:
        yield from ledger.verify_blobs()
    for kind in _KINDS:
        table = table_of(kind)
        assert table is not None
        wanted = {
            row[0]
            for row in ledger.db.execute(
                "SELECT record_id FROM records WHERE kind = ? AND state = 'current' AND patient_id IS NOT NULL",
                (kind,),
            )
        }
        yield from _difference(f"OMOP {table}", {str(i) for i in wanted}, {str(i) for i in cdm.ids(table)})
    roots = {str(row[0]) for row in ledger.db.execute("SELECT patient_id FROM patients WHERE merged_into IS NULL")}
    yield from _difference("OMOP person", roots, {str(i) for i in cdm.ids("person")})
    yield from _difference("index", expected_entries(ledger), set(index.ids()))
    last = ledger.db.execute("SELECT coalesce(max(commit_id), 0) FROM commits").fetchone()[0]
    held_by = {"OMOP": cdm.last_commit(), "told": told.last_commit(), "index": index.sequence()}
    for name, held in held_by.items():
        if held != last:
            yield f"{name} holds commit {held}, the ledger {last}"


def expected_entries(ledger: Ledger) -> set[str]:
    """Ids that the index must hold, from the ledger alone."""
    db = ledger.db
    queries = {
        "d": "SELECT record_id FROM records WHERE kind = 'document' AND state = 'current'",
        "a": "SELECT record_id FROM records WHERE kind = 'article' AND state = 'current'",
        "i": "SELECT DISTINCT study_id FROM instances JOIN records USING (record_id) WHERE state = 'current'",
        "f": "SELECT fact_id FROM facts WHERE occurrences > 0",
        "p": "SELECT patient_id FROM patients WHERE merged_into IS NULL",
    }
    return {f"{prefix}{row[0]}" for prefix, sql in queries.items() for row in db.execute(sql)}


def _difference(name: str, wanted: set[str], held: set[str]) -> Iterator[str]:
    missing, extra = wanted - held, held - wanted
    if missing:
        yield f"{name}: {len(missing)} missing, such as {', '.join(sorted(missing)[:5])}"
    if extra:
        yield f"{name}: {len(extra)} too many, such as {', '.join(sorted(extra)[:5])}"
