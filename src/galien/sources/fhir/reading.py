"""Bundles, single resources and NDJSON to records, one resource at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from galien.model.errors import HostileInput, InputError, MalformedInput
from galien.model.records import (
    AnySourceRecord,
    Condition,
    Exposure,
    Measurement,
    Observation,
    Procedure,
    Withdrawal,
)
from galien.sources.encoding import decode
from galien.sources.fhir.bundle import Together
from galien.sources.fhir.resources import READERS
from galien.sources.fhir.values import Json, obj, objs, string
from galien.sources.port import Problem, Raw, ReadOptions

_DECODER = msgspec.json.Decoder()


class _Fhir:
    name = "fhir"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if start not in (b"{", b"["):
            return 0
        return 95 if b'"resourceType"' in head else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        text = raw.data
        try:
            whole = _decode(text)
        except MalformedInput:
            lines = text.split(b"\n")
            if len(lines) < 2 or not lines[0].strip().endswith(b"}"):
                raise
            yield from _lines(lines, options)
            return
        if isinstance(whole, list):
            yield from _together([("", obj(r), f"/{i}") for i, r in enumerate(whole)], options, text)
        elif isinstance(whole, dict) and whole.get("resourceType") == "Bundle":
            entries = objs(whole.get("entry"))
            flat = []
            for i, entry in enumerate(entries):
                gone = _deleted(entry, options.feed)
                if gone is not None:
                    yield msgspec.structs.replace(gone, locator=f"/entry/{i}")
                else:
                    flat.append((string(entry.get("fullUrl")), obj(entry.get("resource")), f"/entry/{i}"))
            yield from _together(flat, options, text)
        elif isinstance(whole, dict):
            yield from _together([("", whole, "")], options, text)
        else:
            raise MalformedInput("this JSON is not a FHIR resource")


def _deleted(entry: Json, feed: str) -> Withdrawal | None:
    """What a history or a transaction takes away (HL7 FHIR R4, section 3.1.0.11)."""
    request = obj(entry.get("request"))
    kind, _, id = string(request.get("url")).split("/_history")[0].rpartition("/")
    if request.get("method") != "DELETE" or not (kind and id):
        return None
    return Withdrawal(key=Together(feed).key(kind.rsplit("/", 1)[-1], id), reason="deleted by the sender")


def _is_empty(record: AnySourceRecord) -> bool:
    match record:
        case Measurement() | Observation():
            return record.code is None and not record.text and not record.value_text
        case Condition() | Exposure() | Procedure():
            return record.code is None and not record.text
        case _:
            return False


def _decode(data: bytes) -> object:
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    except RecursionError:
        raise HostileInput("the JSON nests too deep") from None
    try:
        return _DECODER.decode(decode(data).lstrip("\ufeff").encode())
    except (msgspec.DecodeError, UnicodeError):
        raise MalformedInput("the JSON is not well formed") from None
    except RecursionError:
        raise HostileInput("the JSON nests too deep") from None


def _lines(lines: list[bytes], options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
    flat: list[tuple[str, Json, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            flat.append(("", obj(_decode(line)), f"line {number}"))
        except InputError as error:
            yield Problem(f"line {number}", error)
    yield from _together(flat, options, b"")


def _together(
    flat: list[tuple[str, Json, str]], options: ReadOptions, data: bytes
) -> Iterator[AnySourceRecord | Problem]:
    together = Together(options.feed)
    content = ""
    for url, resource, place in flat:
        if not resource.get("id") and resource.get("resourceType") in READERS:
            # Without an id the only stable name is the content and the place in it.
            content = content or hashlib.sha256(data or msgspec.json.encode(resource)).hexdigest()[:24]
            resource["id"] = url.removeprefix("urn:uuid:") or f"{content}{place}"
        together.add(resource, url)
    for _, resource, place in flat:
        kind = resource.get("resourceType")
        reader = READERS.get(kind) if isinstance(kind, str) else None
        if reader is None:
            if not isinstance(kind, str):
                yield Problem(place, MalformedInput("this entry holds no resource"))
            continue
        if resource.get("resourceType") == "Bundle":
            continue
        try:
            for record in reader(resource, together):
                if _is_empty(record):
                    raise MalformedInput(f"this {kind} says neither by code nor by words what it is about")
                yield msgspec.structs.replace(record, locator=place)
        except InputError as error:
            yield Problem(place, error)
        except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
            wrong = MalformedInput(f"this {kind} does not have the shape of one ({type(error).__name__})")
            yield Problem(place, wrong)


source = _Fhir()
