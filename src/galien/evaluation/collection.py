"""A test collection in the BEIR layout (Thakur et al., 2021): a corpus, queries, and judgments.

::

    DIR/corpus.jsonl[.gz]     {"_id", "title", "text"}
    DIR/queries.jsonl[.gz]    {"_id", "text"}
    DIR/qrels/test.tsv        query-id, corpus-id, score; with that header
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from galien.model.errors import MalformedInput, UsageError

Half = Literal["first", "second", "all"]
_TITLE = 100
_QRELS = ["query-id", "corpus-id", "score"]
_LAYOUT = "A folder in the BEIR layout: corpus.jsonl, queries.jsonl, qrels/test.tsv (each jsonl may be a .gz)."


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """Judged queries on a corpus.

    ``queries`` are those that have judgments, in the order of their file; ``judgments`` gives, for each, the grade
    of each judged document (0: not relevant).
    """

    name: str
    split: str
    corpus: Path
    documents: dict[str, str]
    """Each with its title, or its first words."""
    queries: dict[str, str]
    judgments: dict[str, dict[str, int]]

    @property
    def judged(self) -> int:
        """Number of judgments of these queries."""
        return sum(len(self.judgments[query]) for query in self.queries)

    def restricted(self, half: Half) -> Collection:
        """With the queries of one half only; see `half_of`."""
        if half == "all":
            return self
        kept = {id: text for id, text in self.queries.items() if half_of(id) == half}
        return msgspec.structs.replace(self, queries=kept)


class _Passage(msgspec.Struct, frozen=True, rename={"id": "_id"}):
    id: str
    text: str
    title: str | None = None


class _Query(msgspec.Struct, frozen=True, rename={"id": "_id"}):
    id: str
    text: str


def half_of(query: str) -> Literal["first", "second"]:
    """To which fixed half a query belongs, by a hash of its id: one half to tune on, the other to report.

    >>> {half_of(f"PLAIN-{n}") for n in range(20)} == {"first", "second"}
    True
    """
    return "second" if hashlib.blake2b(query.encode(), digest_size=1).digest()[0] & 1 else "first"


def load(folder: Path, *, split: str = "test", queries: Path | None = None) -> Collection:
    """Read a collection.

    Parameters
    ----------
    folder : Path
    split : str
        Which judgments: ``qrels/<split>.tsv``.
    queries : Path, optional
        Other wordings of the queries: a table ``query_id, text`` (TSV with header), or JSON lines as BEIR's.

    Raises
    ------
    UsageError
        A file is missing.
    MalformedInput
        A file is not in the layout; the fields say which, and the line.
    """
    if not folder.is_dir():
        raise UsageError(f"no such folder: {folder}", hint=_LAYOUT)
    corpus = _file(folder, "corpus.jsonl")
    asked = _read_queries(queries if queries is not None else _file(folder, "queries.jsonl"))
    judgments = _read_judgments(_file(folder, f"qrels/{split}.tsv"))
    kept = {id: text for id, text in asked.items() if id in judgments}
    if not kept:
        raise MalformedInput("none of the queries has a judgment", hint="Do queries and qrels have the same ids?")
    return Collection(
        name=folder.resolve().name,
        split=split,
        corpus=corpus,
        documents=dict(_read_titles(corpus)),
        queries=kept,
        judgments={id: judgments[id] for id in kept},
    )


def _file(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise UsageError(f"{folder} holds no {name}", hint=_LAYOUT)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without the empty ones."""
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8-sig") as file
        ):
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise MalformedInput(f"{path.name} is no UTF-8 text, or is truncated", file=path.name) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read") from error


def _read_titles(path: Path) -> Iterator[tuple[str, str]]:
    decoder = msgspec.json.Decoder(_Passage)
    for number, line in _lines(path):
        try:
            passage = decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise _malformed(path, number, '{"_id", "title", "text"}') from error
        yield passage.id, (passage.title or passage.text)[:_TITLE]


def _read_queries(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise UsageError(f"no such file: {path}", hint="Queries are a TSV (query_id, text) or BEIR's JSON lines.")
    found: dict[str, str] = {}
    decoder = msgspec.json.Decoder(_Query)
    table = path.name.removesuffix(".gz").endswith((".tsv", ".txt"))
    for number, line in _lines(path):
        if table:
            id, tab, text = line.partition("\t")
            if not tab:
                raise _malformed(path, number, "query_id, a tab, text")
            if number == 1 and id.strip().lower().replace("-", "_") in ("query_id", "_id", "id"):
                continue
        else:
            try:
                query = decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise _malformed(path, number, '{"_id", "text"}') from error
            id, text = query.id, query.text
        if id in found:
            raise MalformedInput(f"{path.name}, line {number}: this query id came before", file=path.name, line=number)
        found[id] = text
    return found


def _read_judgments(path: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        fields = line.split("\t")
        if number == 1:
            if fields != _QRELS:
                raise _malformed(path, number, "the header query-id, corpus-id, score")
            continue
        try:
            query, document, grade = fields
            found.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            raise _malformed(path, number, "query-id, corpus-id and a whole number, with tabs between") from error
    return found


def _malformed(path: Path, line: int, wanted: str) -> MalformedInput:
    return MalformedInput(f"{path.name}, line {line}: not {wanted}", hint=_LAYOUT, file=path.name, line=line)
