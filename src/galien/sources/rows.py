"""Rows of a table, whatever holds them: CSV, TSV, Parquet, JSON lines, a JSON list."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from galien.model.errors import HostileInput, MalformedInput
from galien.sources.encoding import decode, looks_like_text
from galien.sources.port import Problem

Row = dict[str, str]
PARQUET = b"PAR1"
_DELIMITERS = ("\t", ";", ",", "|")
_NAME = re.compile(r"^[\w .()/%°#&'’:+-]{1,60}$")
csv.field_size_limit(64 << 20)


def header(head: bytes, delimiter: str = "") -> tuple[str, ...]:
    """Column names of a CSV from the beginning of the file; empty when it does not look like one.

    A header is a line of at least two distinct, short names, and the line below has as many cells.
    """
    if not looks_like_text(head):
        return ()
    try:
        text = decode(head[: head.rfind(b"\n") + 1] or head)
    except MalformedInput:
        return ()
    sign = delimiter or _delimiter(text)
    if not sign:
        return ()
    try:
        lines = csv.reader(io.StringIO(text), delimiter=sign)
        names = [name.strip().lstrip("\ufeff") for name in next(lines, [])]
        below = next(lines, None)
    except csv.Error:
        return ()
    if len(names) < 2 or len(set(names)) < len(names) - 1 or not all(_NAME.match(n) for n in names if n):
        return ()
    if below is not None and below and len(below) != len(names):
        return ()
    return tuple(names)


def rows(data: bytes, *, delimiter: str = "", encoding: str = "") -> Iterator[tuple[str, Row] | Problem]:
    """Each row as text by column, with where it stands.

    Raises
    ------
    MalformedInput
        It is not a table.
    HostileInput
        It unpacks to an absurd size.
    """
    if data.startswith(PARQUET):
        yield from _parquet(data)
        return
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"["):
        yield from _json(data)
        return
    yield from _csv(data, delimiter, encoding)


def _csv(data: bytes, delimiter: str, encoding: str) -> Iterator[tuple[str, Row] | Problem]:
    try:
        text = data.decode(encoding) if encoding else decode(data)
    except (UnicodeDecodeError, LookupError) as error:
        raise MalformedInput("this table is not in the encoding that its mapping names") from error
    sign = delimiter or _delimiter(text[: 1 << 16])
    if not sign:
        raise MalformedInput("no delimiter separates the columns of this table")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    names = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            yield Problem(f"line {reader.line_num}", MalformedInput("this line cannot be read"))
            continue
        if cells is None:
            return
        if not any(cells):
            continue
        if len(cells) != len(names):
            wrong = MalformedInput(f"this line has {len(cells)} cells, the header {len(names)}")
            yield Problem(f"line {reader.line_num}", wrong)
            continue
        yield f"line {reader.line_num}", dict(zip(names, cells, strict=True))


def _parquet(data: bytes) -> Iterator[tuple[str, Row] | Problem]:
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups))
        if size > 8 << 30:
            raise HostileInput("the table unpacks to an absurd size")
        number = 0
        for batch in file.iter_batches(batch_size=4096):
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", {name: cell_text(value) for name, value in row.items()}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise MalformedInput("this Parquet file cannot be read") from error


def _json(data: bytes) -> Iterator[tuple[str, Row] | Problem]:
    text = decode(data)
    try:
        whole = msgspec.json.decode(text)
    except msgspec.DecodeError:
        yield from _json_lines(text)
        return
    except RecursionError:
        raise HostileInput("the JSON nests too deep") from None
    if isinstance(whole, dict):
        groups = {k: v for k, v in whole.items() if isinstance(v, list) and v and isinstance(v[0], dict)}
        if not groups:
            yield "/", {str(k): cell_text(v) for k, v in whole.items()}
            return
    else:
        groups = {"": whole if isinstance(whole, list) else []}
    for name, items in groups.items():
        for number, item in enumerate(items):
            place = f"/{name}/{number}".replace("//", "/")
            if isinstance(item, dict):
                yield place, {str(k): cell_text(v) for k, v in item.items()}
            else:
                yield Problem(place, MalformedInput("this element is not an object"))


def _json_lines(text: str) -> Iterator[tuple[str, Row] | Problem]:
    read = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            item: Any = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError):
            if not read:
                raise MalformedInput("the JSON is not well formed") from None
            yield Problem(f"line {number}", MalformedInput("this line is not JSON"))
            continue
        if isinstance(item, dict):
            read += 1
            yield f"line {number}", {str(k): cell_text(v) for k, v in item.items()}
        else:
            yield Problem(f"line {number}", MalformedInput("this line is not an object"))


def cell_text(value: object) -> str:
    """A cell as text; whole floats without their zero, dates in ISO 8601."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).replace("T00:00:00", "")
    if isinstance(value, list | tuple | Mapping):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return str(value)


def _delimiter(text: str) -> str:
    """The sign that splits the first line into the most cells."""
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    best = max(_DELIMITERS, key=first.count)
    return best if first.count(best) else ""
