"""Rows of the tables that terminologies are distributed in: Parquet, or text with a delimiter."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from galien.model.errors import MalformedInput

_AGAIN = "Download the file again, or give another with --from."
_BATCH = 8192
_BLOCK = 1 << 20
csv.field_size_limit(10_000_000)


def rows(
    path: Path, needed: Sequence[str], *, delimiter: str = ";", header: Sequence[str] = ()
) -> Iterator[Mapping[str, str]]:
    """Rows as text by column name; an absent value is an empty text.

    Parameters
    ----------
    needed : sequence of str
        Columns that must be there.
    delimiter, header : str, sequence of str
        Of a text file: what separates its cells, and the names of its columns where it does not begin with them.

    Raises
    ------
    MalformedInput
        Not a table, a column missing, a line cut short, an encoding that cannot be read.
    """
    found = _parquet(path, needed) if path.suffix == ".parquet" else _delimited(path, needed, delimiter, header)
    empty = True
    for row in found:
        empty = False
        yield row
    if empty:
        raise MalformedInput(f"{path.name} has no row", hint=_AGAIN)


def _parquet(path: Path, needed: Sequence[str]) -> Iterator[Mapping[str, str]]:
    try:
        table = pq.ParquetFile(path)
        _expect(path, table.schema_arrow.names, needed)
        for batch in table.iter_batches(_BATCH):
            for row in batch.to_pylist():
                yield {name: str(value) if value is not None else "" for name, value in row.items()}
    except (pa.ArrowException, OSError) as error:
        raise MalformedInput(f"{path.name} is no readable Parquet file", hint=_AGAIN) from error


def _delimited(path: Path, needed: Sequence[str], delimiter: str, header: Sequence[str]) -> Iterator[Mapping[str, str]]:
    quoted = delimiter in ",;"
    with path.open(encoding=encoding_of(path), newline="") as lines:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
        try:
            columns = list(header) or [name.strip() for name in next(reader, [])]
            _expect(path, columns, needed)
            last = max(columns.index(name) for name in needed)
            for cells in reader:
                if not any(cells):
                    continue
                if len(cells) <= last:
                    raise MalformedInput(f"{path.name} is cut short at line {reader.line_num}", hint=_AGAIN)
                yield dict(zip(columns, [cell.strip() for cell in cells], strict=False))
        except csv.Error as error:
            raise MalformedInput(f"{path.name} is no table: line {reader.line_num}", hint=_AGAIN) from error


def encoding_of(path: Path) -> str:
    """UTF-8 (with or without its mark), else the Windows code page that French agencies use.

    Raises
    ------
    MalformedInput
        Neither of them.
    """
    for encoding in ("utf-8-sig", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    if b"\0" in block:
                        break
                    decoder.decode(block)
                else:
                    decoder.decode(b"", final=True)
                    return encoding
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise MalformedInput(f"{path.name} cannot be read", hint=_AGAIN) from error
    raise MalformedInput(f"{path.name} is not text in UTF-8 or Windows-1252", hint="Save it as UTF-8, then retry.")


def text_of(path: Path) -> str:
    """A whole text file, in the encoding that `encoding_of` tells."""
    return path.read_text(encoding_of(path))


def _expect(path: Path, columns: Sequence[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in columns]
    if missing:
        raise MalformedInput(
            f"{path.name} has no column {', '.join(missing)}",
            hint="`galien terminology install --help` lists the layouts that are read.",
        )
