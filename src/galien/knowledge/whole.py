"""The lexicon and installed terminologies as one, memory-mapped: concepts are decoded when they are asked for.

One file holds every concept (MessagePack), sorted tables of ids and codes, the hierarchy as integers, and the
dictionaries of the reader. It is made once and opened in milliseconds by every process, which share its pages.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from galien.knowledge.codes import key, same_as
from galien.knowledge.lexicon import Lexicon
from galien.knowledge.terminologies.nodes import Kept
from galien.model.concepts import Concept, Label
from galien.model.errors import IntegrityError

_MAGIC = b"GALIEN-KNOWLEDGE-1\n"
_CODED = msgspec.msgpack.Decoder(Kept)
_REMEMBERED = 20_000
_AGAIN = "Remove the file: it is made again."
Ints = npt.NDArray[np.int64]


def write(path: Path, kept: Sequence[Kept], clues: Mapping[str, Mapping[str, tuple[str, ...]]], reader: bytes) -> None:
    """Write concepts in the form that `WholeLexicon` opens.

    Parameters
    ----------
    reader : bytes
        The reader's dictionaries, kept as they are.
    """
    at = {item.concept.id: number for number, item in enumerate(kept)}
    coded: dict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(kept):
        for code in item.concept.codes:
            coded[code].append(number)
    codes = sorted(coded, key=str.encode)
    above = [[at[parent] for parent in item.concept.parents if parent in at] for item in kept]
    below: list[list[int]] = [[] for _ in kept]
    for number, parents in enumerate(above):
        for parent in parents:
            below[parent].append(number)
    ids = sorted(at, key=str.encode)
    families = sorted({len(code) - 1 for code in codes if code.endswith("*")}, reverse=True)
    sections: dict[str, bytes] = {
        "reader": reader,
        "clues": msgspec.msgpack.encode(clues),
        "family lengths": msgspec.msgpack.encode(families),
    }
    sections |= _texts("concepts", [msgspec.msgpack.encode(item) for item in kept])
    sections |= _texts("own ids", [id.encode() for id in at])
    sections |= _texts("ids", [id.encode() for id in ids])
    sections["ids order"] = np.array([at[id] for id in ids], np.int64).tobytes()
    sections |= _texts("codes", [code.encode() for code in codes])
    sections |= _lists("codes of", [coded[code] for code in codes])
    sections |= _lists("above", above)
    sections |= _lists("below", below)
    places: dict[str, tuple[int, int]] = {}
    end = 0
    for name, data in sections.items():
        places[name] = (end, len(data))
        end += len(data) + -len(data) % 8
    header = msgspec.msgpack.encode(places)
    with path.open("wb") as out:
        start = _MAGIC + len(header).to_bytes(8, "little") + header
        out.write(start + b"\0" * (-len(start) % 8))
        for data in sections.values():
            out.write(data + b"\0" * (-len(data) % 8))


def _texts(name: str, items: list[bytes]) -> dict[str, bytes]:
    lengths = np.array([0, *map(len, items)], np.int64)
    return {name: b"".join(items), f"{name} at": np.cumsum(lengths).tobytes()}


def _lists(name: str, items: list[list[int]]) -> dict[str, bytes]:
    flat = [number for item in items for number in item]
    lengths = np.array([0, *map(len, items)], np.int64)
    return {name: np.array(flat, np.int64).tobytes(), f"{name} at": np.cumsum(lengths).tobytes()}


class _Texts(Sequence[bytes]):
    """Texts of a section, sorted or not."""

    def __init__(self, data: memoryview, at: Ints) -> None:
        self._data, self._at = data, at

    def __len__(self) -> int:
        return len(self._at) - 1

    def __getitem__(self, number: int) -> bytes:  # type: ignore[override]
        return bytes(self._data[self._at[number] : self._at[number + 1]])

    def find(self, text: str) -> int:
        """Where a text stands among sorted ones; -1 where it does not."""
        sought = text.encode()
        number = bisect_left(self, sought)
        return number if number < len(self) and self[number] == sought else -1


class _Lists:
    """Lists of numbers of a section."""

    def __init__(self, flat: Ints, at: Ints) -> None:
        self._flat, self._at = flat, at

    def __getitem__(self, number: int) -> list[int]:
        found: list[int] = self._flat[self._at[number] : self._at[number + 1]].tolist()
        return found


def _opened(path: Path) -> tuple[memoryview, int, dict[str, tuple[int, int]]]:
    """The file in memory, where its sections begin, and where each of them lies."""
    try:
        with path.open("rb") as file:
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        head = len(_MAGIC) + 8
        size = int.from_bytes(view[len(_MAGIC) : head], "little")
        start = head + size + -(head + size) % 8
        places = msgspec.msgpack.decode(view[head : head + size], type=dict[str, tuple[int, int]])
        whole = start + max(offset + length for offset, length in places.values()) <= len(view)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise IntegrityError("the compiled terminologies cannot be read", hint=_AGAIN) from error
    if not whole or bytes(view[: len(_MAGIC)]) != _MAGIC:
        raise IntegrityError("the compiled terminologies are cut short", hint=_AGAIN)
    return view, start, places


class WholeLexicon(Lexicon):
    """What `write` wrote, behind the interface of `Lexicon`.

    Parameters
    ----------
    path : Path
    fingerprint : str
        Of what it was made from.

    Raises
    ------
    IntegrityError
        Not such a file, or cut short.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._view, self._start, self._places = _opened(path)
        self._kept_texts = self._texts("concepts")
        self._own_ids = self._texts("own ids")
        self._ids, self._order = self._texts("ids"), self._ints("ids order")
        self._codes, self._codes_of = self._texts("codes"), self._lists("codes of")
        self._above, self._below = self._lists("above"), self._lists("below")
        self.clues = msgspec.msgpack.decode(self._section("clues"), type=dict[str, Mapping[str, tuple[str, ...]]])
        self._family_lengths = msgspec.msgpack.decode(self._section("family lengths"), type=list[int])
        self.fingerprint = fingerprint
        self._kept = lru_cache(_REMEMBERED)(self._decode)
        self._number = lru_cache(_REMEMBERED)(self._find)
        self.descendants = lru_cache(1024)(self._descendants)

    @property
    def reader(self) -> memoryview:
        """The reader's dictionaries, as they were given."""
        return self._section("reader")

    def __contains__(self, id: str) -> bool:
        return self._number(id) >= 0

    def __getitem__(self, id: str) -> Concept:
        found = self.get(id)
        if found is None:
            raise KeyError(id)
        return found

    def __iter__(self) -> Iterator[Concept]:
        return (self._decode(number).concept for number in range(len(self)))

    def __len__(self) -> int:
        return len(self._kept_texts)

    def get(self, id: str) -> Concept | None:
        number = self._number(id)
        return self._kept(number).concept if number >= 0 else None

    def kept(self, id: str) -> Kept | None:
        """A concept with what is kept of it besides."""
        number = self._number(id)
        return self._kept(number) if number >= 0 else None

    def children(self, id: str) -> list[str]:
        number = self._number(id)
        return [self._id(child) for child in self._below[number]] if number >= 0 else []

    def parents(self, id: str) -> list[str]:
        number = self._number(id)
        return [self._id(parent) for parent in self._above[number]] if number >= 0 else []

    def _descendants(self, id: str) -> frozenset[str]:
        number = self._number(id)
        return frozenset(self._id(found) for found in self._reach(number, self._below)) if number >= 0 else {id}  # type: ignore[return-value]

    def ancestors(self, id: str) -> frozenset[str]:
        number = self._number(id)
        return frozenset(self._id(found) for found in self._reach(number, self._above) - {number})

    @staticmethod
    def _reach(number: int, lists: _Lists) -> set[int]:
        found = {number} if number >= 0 else set()
        ahead = list(found)
        while ahead:
            for other in lists[ahead.pop()]:
                if other not in found:
                    found.add(other)
                    ahead.append(other)
        return found

    def coded(self, vocabulary: str, code: str) -> list[str]:
        whole = key(vocabulary, code)
        found: dict[str, None] = {}
        for written in dict.fromkeys((whole, same_as(whole))):
            found.update(dict.fromkeys(self._with(written)))
            for length in self._family_lengths:
                if length <= len(written):
                    found.update(dict.fromkeys(self._with(f"{written[:length]}*")))
        return list(found)

    def _with(self, code: str) -> list[str]:
        number = self._codes.find(code)
        return [self._id(holder) for holder in self._codes_of[number]] if number >= 0 else []

    def labels(self) -> Iterator[tuple[str, Label]]:
        for number in range(len(self)):
            item = self._decode(number)
            yield from heard(item)

    def extended(self, concepts: Iterable[Concept]) -> Lexicon:
        return Lexicon([*self, *concepts], self.clues)

    def _find(self, id: str) -> int:
        place = self._ids.find(id)
        return int(self._order[place]) if place >= 0 else -1

    def _id(self, number: int) -> str:
        return self._own_ids[number].decode()

    def _decode(self, number: int) -> Kept:
        return _CODED.decode(self._kept_texts[number])

    def _section(self, name: str) -> memoryview:
        offset, length = self._places[name]
        return self._view[self._start + offset : self._start + offset + length]

    def _ints(self, name: str) -> Ints:
        return np.frombuffer(self._section(name), np.int64)

    def _texts(self, name: str) -> _Texts:
        return _Texts(self._section(name), self._ints(f"{name} at"))

    def _lists(self, name: str) -> _Lists:
        return _Lists(self._ints(name), self._ints(f"{name} at"))


def heard(item: Kept) -> Iterator[tuple[str, Label]]:
    """Every way in which a concept is looked for in texts."""
    concept = item.concept
    for language in item.said.split():
        if text := getattr(concept, language):
            yield concept.id, Label(text, language)
    for label in concept.labels[: item.heard]:
        yield concept.id, label
