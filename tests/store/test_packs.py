"""Packs keep bytes by content, verified on every read."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galien.model.errors import IntegrityError, StorageFull
from galien.store.packs import Blob, Packs, Place, blob_of


def test_what_is_appended_is_read_back_before_and_after_reopening(tmp_path: Path) -> None:
    packs = Packs(tmp_path)
    blobs = [blob_of(f"document {n}".encode() * n) for n in range(50)]
    places = [packs.append(blob) for blob in blobs]
    assert packs.read(places[7], blobs[7].sha) == b"document 7" * 7
    packs.sync()
    packs.close()
    again = Packs(tmp_path)
    assert [again.read(p, b.sha) for p, b in zip(places, blobs, strict=True)] == [
        f"document {n}".encode() * n for n in range(50)
    ]


@given(st.binary(max_size=2000))
def test_any_bytes_survive_compression(data: bytes) -> None:
    blob = blob_of(data)
    assert blob.size == len(data)
    import zstandard

    assert zstandard.ZstdDecompressor().decompress(blob.data, max_output_size=max(1, blob.size)) == data


def test_a_flipped_byte_is_an_integrity_error(tmp_path: Path) -> None:
    packs = Packs(tmp_path)
    blob = blob_of(b"compte rendu " * 100)
    place = packs.append(blob)
    packs.sync()
    packs.close()
    path = next(tmp_path.glob("*.pack"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(IntegrityError):
        Packs(tmp_path).read(place, blob.sha)


def test_a_torn_tail_is_harmless(tmp_path: Path) -> None:
    packs = Packs(tmp_path)
    first = blob_of(b"acknowledged")
    place = packs.append(first)
    packs.sync()
    packs.close()
    with next(tmp_path.glob("*.pack")).open("ab") as file:
        file.write(b"half a frame")
    again = Packs(tmp_path)
    second = blob_of(b"after the crash")
    later = again.append(second)
    assert again.read(place, first.sha) == b"acknowledged"
    assert again.read(later, second.sha) == b"after the crash"


def test_a_full_disk_is_a_typed_error(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    (tmp_path / "00000001.pack").symlink_to("/dev/full")
    packs = Packs(tmp_path)
    packs.append(Blob(b"x" * 32, 10, b"y" * 10))
    with pytest.raises(StorageFull):
        packs.sync()
    packs.abandon()


def test_reading_while_another_thread_appends_never_misplaces_a_frame(tmp_path: Path) -> None:
    packs = Packs(tmp_path)
    written: list[tuple[Place, bytes]] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def reader() -> None:
        try:
            while not done.is_set():
                if written:
                    place, sha = written[-1]
                    packs.read(place, sha)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=reader) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(3000):
        blob = blob_of(os.urandom(64) * (1 + n % 40))
        written.append((packs.append(blob), blob.sha))
    done.set()
    for thread in threads:
        thread.join()
    packs.sync()
    assert failed == []
    for place, sha in written:
        packs.read(place, sha)
    packs.close()
