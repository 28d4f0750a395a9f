"""Any table (CSV, TSV, Parquet, JSON), with a small mapping file, or by the names of its columns."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from galien.model.errors import InputError, MalformedInput, UnsupportedInput, UsageError
from galien.model.records import AnySourceRecord
from galien.model.time import parse_moment
from galien.sources.encoding import looks_like_text
from galien.sources.mapped import COLUMNS, RECORDS, Table, record
from galien.sources.port import Problem, Raw, ReadOptions
from galien.sources.rows import PARQUET, Row, header, rows

_GUESSES: dict[str, tuple[str, ...]] = {
    "text": ("text", "texte", "note", "note_text", "report", "transcription", "compte_rendu", "content",
        "contenu", "body", "description"),
    "id": ("id", "_id", "doc_id", "document_id", "note_id", "encounter_id", "identifiant", "uid"),
    "title": ("title", "titre", "sample_name", "libelle", "label_text", "note_title", "objet"),
    "at": ("date", "publication_date", "note_date", "date_document", "datetime", "created", "date_creation"),
    "service": ("service", "medical_specialty", "specialty", "department", "unite", "uf"),
    "kind": ("kind", "document_type", "note_type", "type_document"),
    "author": ("author", "auteur", "doctor_name", "praticien"),
    "patient": ("patient_id", "ipp", "nip", "mrn", "person_id", "subject_id", "numero_patient"),
    "language": ("language", "lang", "langue"),
}  # fmt: skip
_FRENCH_DATE = re.compile(r"^[0-3]\d/[01]\d/\d{4}$")
_SHORTEST = 40
"""A guessed text column holds prose: the middle value of its first lengths is at least this."""


class _Table:
    name = "table"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        if head.startswith(PARQUET):
            return 60
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if start in (b"{", b"[") and looks_like_text(head):
            return 30
        names = header(head)
        if not names:
            return 0
        # Extension breaks the tie with prose whose first lines happen to hold commas.
        named = path.lower().rsplit("!", 1)[-1].endswith((".csv", ".tsv", ".tab"))
        return 45 if named or len(names) >= 4 else 15 if _columns(names).get("text") else 5

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        tables = chosen(options.mapping, raw.path)
        if not tables:
            yield from _guessed(raw, options)
            return
        for table in tables:
            yield from _mapped(raw, options, table)


def chosen(mapping: Mapping[str, Any], path: str) -> list[Table]:
    """The tables of a mapping file that are about one file.

    Raises
    ------
    UsageError
        The mapping does not follow `galien.sources.mapped.Table`.
    """
    declared = mapping.get("table", [])
    declared = [declared] if isinstance(declared, Mapping) else declared
    found = []
    for item in declared:
        try:
            table = msgspec.convert(item, Table)
        except msgspec.ValidationError as error:
            raise UsageError(f"the mapping file is wrong: {error}") from error
        if table.record not in RECORDS:
            raise UsageError(f"unknown record {table.record!r} in the mapping", hint=f"Known: {', '.join(RECORDS)}.")
        unknown = set(table.columns) - COLUMNS[table.record]
        if unknown:
            raise UsageError(
                f"a {table.record} has no field {', '.join(sorted(unknown))}",
                hint=f"Known: {', '.join(sorted(COLUMNS[table.record]))}.",
            )
        name = path.rsplit("!", 1)[-1].rsplit("/", 1)[-1]
        if fnmatch.fnmatch(name.lower(), table.files.lower()):
            found.append(table)
    return found


def _mapped(raw: Raw, options: ReadOptions, table: Table) -> Iterator[AnySourceRecord | Problem]:
    missing: set[str] | None = None
    for item in rows(raw.data, delimiter=table.delimiter, encoding=table.encoding):
        if isinstance(item, Problem):
            yield item
            continue
        place, row = item
        if missing is None:
            missing = {c for c in table.columns.values() if c not in row}
            if missing:
                raise MalformedInput(f"columns named by the mapping are missing: {', '.join(sorted(missing))}")
        yield from _one(row, place, table, options, raw)


def _one(row: Row, place: str, table: Table, options: ReadOptions, raw: Raw) -> Iterator[AnySourceRecord | Problem]:
    try:
        name = row.get(table.columns.get("id", ""), "").strip()
        if not name:
            name = hashlib.sha256(msgspec.json.encode(sorted(row.items()))).hexdigest()[:32]
        scope = table.name or (table.files if table.files != "*" else "") or _stem(raw.path)
        yield record(row, table, key=f"table:{options.feed}:{scope}:{name}", feed=options.feed, place=place)
    except InputError as error:
        yield Problem(place, error)


def _guessed(raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
    """Documents from a table that names a column of text; anything else needs a mapping."""
    first: list[tuple[str, Row]] = []
    table: Table | None = None
    for item in rows(raw.data):
        if isinstance(item, Problem):
            yield item
            continue
        if table is not None:
            yield from _one(item[1], item[0], table, options, raw)
            continue
        first.append(item)
        if len(first) == 50:
            table = _guess(first)
            for place, row in first:
                yield from _one(row, place, table, options, raw)
    if table is None:
        if not first:
            raise MalformedInput("this table has no rows")
        table = _guess(first)
        for place, row in first:
            yield from _one(row, place, table, options, raw)


def _guess(first: list[tuple[str, Row]]) -> Table:
    columns = _columns(tuple(first[0][1]))
    text = ""
    for name in _GUESSES["text"]:
        actual = next((c for c in first[0][1] if c.lower() == name), "")
        lengths = sorted(len(row.get(actual, "")) for _, row in first)
        if actual and lengths[len(lengths) // 2] >= _SHORTEST:
            text = actual
            break
    if not text:
        raise UnsupportedInput(
            "no column of this table holds text, and no mapping says what it is",
            hint="Say it with --mapping FILE.toml; see docs/mapping.md.",
        )
    ids = [row.get(columns.get("id", ""), "") for _, row in first]
    if len(set(ids)) < len(ids):
        columns.pop("id", None)
    long = max(_GUESSES["text"], key=lambda n: max(len(row.get(n, "")) for _, row in first))
    if columns.get("title") is None and "description" in first[0][1] and long != "description":
        columns["title"] = "description"
    dates = _date_format([row.get(columns.get("at", ""), "") for _, row in first])
    if dates is None:
        columns.pop("at", None)
    return Table(record="document", columns={**columns, "text": text}, dates=dates or "")


def _date_format(values: list[str]) -> str | None:
    """``""`` for ISO 8601, the format of French dates, or None when it is neither."""
    written = [value for value in values if value]
    if all(parse_moment(value) for value in written):
        return ""
    return "%d/%m/%Y" if all(_FRENCH_DATE.match(value) for value in written) else None


def _columns(names: tuple[str, ...]) -> dict[str, str]:
    """The columns whose names say what they are."""
    lower = {name.lower(): name for name in names}
    found = {}
    for field, guesses in _GUESSES.items():
        actual = next((lower[g] for g in guesses if g in lower), None)
        if actual:
            found[field] = actual
    return found


def _stem(path: str) -> str:
    return path.rsplit("!", 1)[-1].rsplit("/", 1)[-1]


source = _Table()
