"""Reading one file, in a parsing process: recognise, parse, analyse words, hash, compress.

Nothing here touches the workspace; everything it finds is returned as values (`ReadFile`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import msgspec

from galien.app.meanings import packed, passage
from galien.app.understanding import Understanding, shipped_understanding
from galien.images import thumbnail
from galien.language import analyse
from galien.meaning import Encoder
from galien.model.errors import GalienError, InputError, MalformedInput
from galien.model.records import AnySourceRecord, Article, Attachment, Document, Image
from galien.sources.extraction import extract
from galien.sources.manifest import Manifest
from galien.sources.port import Limits, Problem, Raw, ReadOptions
from galien.sources.registry import recognise
from galien.store.packs import Blob, blob_of
from galien.store.reading import ReadFile, ReadProblem, ReadRecord, Words, digest_of, key_of, kind_of

HEAD = 64 << 10


class Context(msgspec.Struct, frozen=True):
    """What a file was read with, besides its bytes; stored with it, so that it can be read again."""

    mapping: dict[str, Any] = {}
    manifest: bytes = b""
    """The manifest line of this file, when a ``manifest.jsonl`` stands beside it."""


def read_file(
    data: bytes,
    path: str,
    feed: str,
    context: Context,
    limits: Limits,
    *,
    ocr: bool = True,
    understanding: Understanding | None = None,
    encoder: Callable[[], Encoder | None] | None = None,
) -> ReadFile:
    """Read one unpacked file; never raises for what is in it."""
    began = time.perf_counter()
    sha = hashlib.sha256(data).digest()
    base = ReadFile(path=path, sha=sha, size=len(data), feed=feed, context=msgspec.msgpack.encode(context))
    try:
        source = recognise(_telling(data), path)
    except GalienError as error:
        return _set_aside(base, error, data, began)
    options = ReadOptions(feed=feed, mapping=context.mapping, ocr=ocr, limits=limits)
    manifest = Manifest.load(context.manifest) if context.manifest else None
    reader = _Reader(data, sha, path, options, manifest, understanding or shipped_understanding())
    base = msgspec.structs.replace(base, source=source.name, source_version=source.version)
    try:
        for item in source.read(Raw(data=data, path=path), options):
            reader.take(item)
    except InputError as error:
        return _set_aside(base, error, data, began)
    except RecursionError:
        return _set_aside(base, MalformedInput("nested too deeply"), data, began)
    except MemoryError:
        return _set_aside(base, MalformedInput("needs more memory than allowed"), data, began)
    except Exception as error:  # A bug in a source must not stop the batch; the class name holds no data.
        wrapped = MalformedInput(f"the {source.name} source failed ({type(error).__name__})")
        return _set_aside(base, wrapped, data, began)
    return msgspec.structs.replace(
        base,
        blobs=(blob_of(data), *reader.blobs),
        records=tuple(_encoded(reader.records, encoder) if encoder is not None else reader.records),
        problems=tuple(reader.problems),
        seconds=time.perf_counter() - began,
    )


def _encoded(records: list[ReadRecord], choose: Callable[[], Encoder | None]) -> list[ReadRecord]:
    """The records with a vector for each article; together, which is faster."""
    articles = {place: item.record for place, item in enumerate(records) if isinstance(item.record, Article)}
    encoder = choose() if articles else None
    if encoder is None:
        return records
    texts = [passage(article.title, article_text(article)) for article in articles.values()]
    for place, vector in zip(articles, packed(encoder.encode(texts)), strict=True):
        records[place] = msgspec.structs.replace(records[place], vector=vector)
    return records


def _telling(data: bytes) -> bytes:
    """The bytes that say what a file is: its head; of Parquet, its footer, where the columns are named."""
    return data[:4] + data[-HEAD:] if data.startswith(b"PAR1") else data[:HEAD]


def _set_aside(base: ReadFile, error: GalienError, data: bytes, began: float) -> ReadFile:
    problem = ReadProblem("", error.code, error.message, error.hint)
    return msgspec.structs.replace(base, fatal=problem, blobs=(blob_of(data),), seconds=time.perf_counter() - began)


class _Reader:
    """Gathers the records of one file, with the blobs and the words of each."""

    def __init__(
        self,
        data: bytes,
        sha: bytes,
        path: str,
        options: ReadOptions,
        manifest: Manifest | None,
        understanding: Understanding,
    ) -> None:
        self._understanding = understanding
        self._data = data
        self._sha = sha
        self._name = path.rsplit("!", 1)[-1].rsplit("/", 1)[-1]
        self._options = options
        self._manifest = manifest
        self.blobs: list[Blob] = []
        self.records: list[ReadRecord] = []
        self.problems: list[ReadProblem] = []

    def take(self, item: AnySourceRecord | Problem) -> None:
        if isinstance(item, Problem):
            self._problem(item.locator, item.error)
            return
        if self._manifest is not None:
            item = self._manifest.describe(item, self._name)
        match item:
            case Document():
                self.records.append(self._document(item))
            case Article():
                self.records.append(self._article(item))
            case Image():
                self.records.append(self._image(item))
            case _:
                self.records.append(ReadRecord(item, key_of(kind_of(item), item.key), digest_of(item)))

    def _document(self, record: Document) -> ReadRecord:
        digest = digest_of(record)
        original_sha, mime = b"", ""
        if record.original is not None:
            original = record.original
            mime = original.mime
            if not record.text:
                try:
                    text, pages = extract(original.mime, original.data, self._options)
                    record = msgspec.structs.replace(record, text=text, pages=pages)
                except InputError as error:
                    self._problem(record.locator, error)
            original_sha = self._blob(original.data)
            record = msgspec.structs.replace(record, original=Attachment(original.mime, b"", original.title))
        words = _words(record.title, record.text, record.language)
        return ReadRecord(
            record,
            key_of("document", record.key),
            digest,
            text_sha=self._blob(record.text.encode()),
            original_sha=original_sha,
            original_mime=mime,
            words=words,
            findings=self._understanding.findings(record.text, words.language, record.at.text if record.at else ""),
        )

    def _article(self, record: Article) -> ReadRecord:
        digest = digest_of(record)
        text = article_text(record)
        keywords = " ; ".join((*record.keywords, *record.mesh))
        words = _words(record.title, f"{text}\n{keywords}", record.language)
        return ReadRecord(
            record,
            key_of("article", record.key),
            digest,
            text_sha=self._blob(text.encode()),
            words=words,
            findings=(
                *self._understanding.findings(text, words.language, ""),
                *self._understanding.named_besides(record.title, keywords, words.language),
            ),
        )

    def _image(self, record: Image) -> ReadRecord:
        digest = digest_of(record)
        small = b""
        if record.thumbnail is not None:
            small = self._blob(record.thumbnail.data)
        elif record.instance.rows and record.instance.number <= 1:
            try:
                small = self._blob(thumbnail(self._data))
            except GalienError:
                small = b""  # an undecodable picture is still listed; opening it says why
        record = msgspec.structs.replace(record, thumbnail=None)
        return ReadRecord(record, key_of("image", record.key), digest, thumbnail_sha=small)

    def _blob(self, data: bytes) -> bytes:
        blob = blob_of(data)
        if blob.sha != self._sha:
            self.blobs.append(blob)
        return blob.sha

    def _problem(self, locator: str, error: InputError) -> None:
        self.problems.append(ReadProblem(locator or "?", error.code, error.message, error.hint))


def article_text(article: Article) -> str:
    """The text that an article is searched and shown by; its sections are offsets in ``text``."""
    if article.text:
        return article.text
    return article.abstract


def _words(title: str, text: str, language: str) -> Words:
    analysed = analyse(title, text, language)
    return Words(
        analysed.title_stem,
        analysed.title_exact,
        analysed.body_stem,
        analysed.body_exact,
        analysed.language,
    )
