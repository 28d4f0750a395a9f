"""The OMOP projection on DuckDB: applied commit by commit, rebuilt at will, read by the patient page.

DuckDB allows one process at a time; the owner of the workspace is that process. The number of the
last commit is written in the same transaction as its rows, so that a crash leaves the two in agreement.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from galien.model.errors import StorageFull
from galien.store.omop.rows import Columns, Row
from galien.store.omop.tables import GENDERS, PERSON_TABLES, SQL_TYPES, TABLES

_ARROW = {
    "i": pa.int64(),
    "f": pa.float64(),
    "d": pa.date32(),
    "t": pa.timestamp("us"),
    "s": pa.string(),
}


class Cdm:
    """One DuckDB file of OMOP tables.

    Parameters
    ----------
    path : Path
        The file; made with its tables when absent.
    memory : str
        DuckDB's own bound, so that ingest stays within its budget.
    """

    def __init__(self, path: Path, memory: str = "512MB") -> None:
        self._path = path
        # A schema must not bear the name of the file: DuckDB calls it an ambiguous reference.
        self._db = duckdb.connect(str(path), config={"memory_limit": memory, "threads": 2})
        self._lock = threading.Lock()
        self._create()
        self.upsets = 0
        """How often rows left or changed hands; between two of the same number, rows only came."""
        self._last = int(self._db.execute("SELECT last_commit FROM galien_projection").fetchall()[0][0])

    def _create(self) -> None:
        self._db.execute("CREATE TABLE IF NOT EXISTS galien_projection (last_commit BIGINT)")
        for name, columns in TABLES.items():
            body = ", ".join(f'"{column}" {SQL_TYPES[kind]}' for column, kind in columns.items())
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {name} ({body})")
        if not self._db.execute("SELECT count(*) FROM galien_projection").fetchall()[0][0]:
            self._db.execute("INSERT INTO galien_projection VALUES (0)")

    def last_commit(self) -> int:
        """Number of the last commit that the tables hold; told from memory, as its owner alone writes."""
        return self._last

    def apply(
        self,
        commit_id: int,
        rows: Mapping[str, Sequence[Row]],
        removed: Sequence[int] = (),
        persons: Sequence[Row] = (),
        deaths: Sequence[Row] = (),
        moved: Mapping[str, Sequence[tuple[int, int]]] | None = None,
        absorbed: Sequence[int] = (),
        concepts: Sequence[tuple[int, str, str, str]] = (),
        columns: Mapping[str, Columns] | None = None,
    ) -> None:
        """Apply one commit, all or nothing; applying it again changes nothing.

        Parameters
        ----------
        rows : mapping of table to rows
        removed : record ids whose rows leave (superseded or withdrawn)
        persons, deaths : rows that replace those of the same person
        moved : table to (row id, person) pairs: rows of identities just merged, or just parted again
        absorbed : persons that no longer stand by themselves
        concepts : (id, vocabulary, code, label) of local concepts seen in this commit
        columns : mapping of table to further rows, by column
        """
        try:
            with self._lock:
                db = self._db.cursor()
                db.execute("BEGIN")
                try:
                    self._write(db, rows, removed, persons, deaths, moved or {}, absorbed, concepts)
                    for name, cells in (columns or {}).items():
                        self._insert(db, name, cells)
                    db.execute("UPDATE galien_projection SET last_commit = greatest(last_commit, ?)", [commit_id])
                    db.execute("COMMIT")
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                self._last = max(self._last, commit_id)
                if removed or moved or absorbed:
                    self.upsets += 1
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise StorageFull("the OMOP tables cannot be written") from error

    def _write(
        self,
        db: duckdb.DuckDBPyConnection,
        rows: Mapping[str, Sequence[Row]],
        removed: Sequence[int],
        persons: Sequence[Row],
        deaths: Sequence[Row],
        moved: Mapping[str, Sequence[tuple[int, int]]],
        absorbed: Sequence[int],
        concepts: Sequence[tuple[int, str, str, str]],
    ) -> None:
        if removed:
            gone = pa.table({"id": pa.array(removed, pa.int64())})
            db.register("gone", gone)
            for name in PERSON_TABLES:
                if name not in ("visit_occurrence", "death"):
                    db.execute(f"DELETE FROM {name} WHERE {name}_id IN (SELECT id FROM gone)")
            db.execute("DELETE FROM note_nlp WHERE note_id IN (SELECT id FROM gone)")
            db.unregister("gone")
        if concepts:
            self._replace(db, "concept", "concept_id", [_concept_row(*concept) for concept in concepts])
        for name, replaced in (("person", persons), ("death", deaths)):
            if replaced:
                self._replace(db, name, "person_id", replaced)
        for name, new in rows.items():
            if name == "visit_occurrence":
                self._replace(db, name, "visit_occurrence_id", new)
            elif new:
                self._insert(db, name, by_column(name, new))
        for name, pairs in moved.items():
            db.register(
                "moving",
                pa.table(
                    {
                        "id": pa.array([pair[0] for pair in pairs], pa.int64()),
                        "person": pa.array([pair[1] for pair in pairs], pa.int64()),
                    }
                ),
            )
            db.execute(f"UPDATE {name} SET person_id = moving.person FROM moving WHERE {name}.{name}_id = moving.id")
            db.unregister("moving")
        for person in absorbed:
            db.execute("DELETE FROM person WHERE person_id = ?", [person])
            db.execute("DELETE FROM death WHERE person_id = ?", [person])

    def _replace(self, db: duckdb.DuckDBPyConnection, table: str, key: str, rows: Sequence[Row]) -> None:
        latest = {row[key]: row for row in rows}
        if not latest:
            return
        db.register("incoming", pa.table({"id": pa.array(list(latest), pa.int64())}))
        db.execute(f'DELETE FROM {table} WHERE "{key}" IN (SELECT id FROM incoming)')
        db.unregister("incoming")
        self._insert(db, table, by_column(table, list(latest.values())))

    @staticmethod
    def _insert(db: duckdb.DuckDBPyConnection, table: str, cells: Columns) -> None:
        types = TABLES[table]
        db.register("incoming", pa.table({name: pa.array(cells[name], _ARROW[types[name]]) for name in cells}))
        names = ", ".join(f'"{name}"' for name in cells)
        db.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming")
        db.unregister("incoming")

    def counts(self) -> dict[str, int]:
        """Rows per OMOP table."""
        db = self.cursor()
        return {name: int(db.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]) for name in TABLES}

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Rows of a read-only query, on a cursor of its own (any thread)."""
        return self.cursor().execute(sql, list(parameters)).fetchall()

    def ids(self, table: str) -> set[int]:
        """Row ids of a table, for verification."""
        return {int(str(row[0])) for row in self.query(f"SELECT {table}_id FROM {table}")}

    def clear(self) -> None:
        """Empty every table, before a rebuild."""
        with self._lock:
            db = self._db.cursor()
            db.execute("BEGIN")
            for name in TABLES:
                db.execute(f"DELETE FROM {name}")
            db.execute("UPDATE galien_projection SET last_commit = 0")
            db.execute("COMMIT")
            self._last = 0
            self.upsets += 1

    def close(self) -> None:
        self._db.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own, for any thread."""
        return self._db.cursor()


def among(column: str, numbers: Iterable[int]) -> str:
    """A condition on row ids or concept ids. Written out: as a bound list, DuckDB joins, and takes twice as long.

    >>> among("note_id", [3, 5]), among("note_id", [])
    ('note_id IN (3,5)', 'note_id IN (NULL)')
    """
    return f"{column} IN ({','.join(str(int(number)) for number in numbers) or 'NULL'})"


def person_row(person_id: int, sex: str, birth: str, source: str) -> Row:
    """PERSON row from the ledger's demographics."""
    parts = [int(part) for part in birth[:10].split("-")] if birth else []
    return {
        "person_id": person_id,
        "gender_concept_id": GENDERS.get(sex, 0),
        "year_of_birth": parts[0] if parts else None,
        "month_of_birth": parts[1] if len(parts) > 1 else None,
        "day_of_birth": parts[2] if len(parts) > 2 else None,
        "race_concept_id": 0,
        "ethnicity_concept_id": 0,
        "person_source_value": source,
        "gender_source_value": sex,
    }


def death_row(person_id: int, day: date | None) -> Row:
    return {"person_id": person_id, "death_date": day, "death_type_concept_id": 32817}


def by_column(table: str, rows: Sequence[Row]) -> Columns:
    """Rows turned on their side; columns that none of the first has are left out."""
    used = [name for name in TABLES[table] if any(name in row for row in rows[:50])]
    return {name: [row.get(name) for row in rows] for name in used}


def by_table(pairs: Iterable[tuple[str, Row]]) -> dict[str, list[Row]]:
    """Group (table, row) pairs."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for table, row in pairs:
        grouped[table].append(row)
    return dict(grouped)


def _concept_row(concept_id: int, vocabulary: str, code: str, label: str) -> Row:
    return {
        "concept_id": concept_id,
        "concept_name": label[:255],
        "domain_id": "Metadata",
        "vocabulary_id": vocabulary,
        "concept_class_id": "Source",
        "concept_code": code,
        "valid_start_date": date(1970, 1, 1),
        "valid_end_date": date(2099, 12, 31),
    }
