"""Archives, folders, standard input: opened by content, bounded, never unpacked to disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard

from galien.model.errors import HostileInput, MalformedInput
from galien.sources.containers import Item, Refused, expand, walk
from galien.sources.port import Limits

TEXT = b"Compte rendu."


def found(*paths: Path, limits: Limits | None = None) -> dict[str, object]:
    """Name in the archive to bytes, or the code of the refusal."""
    out: dict[str, object] = {}
    for item in walk(paths, limits or Limits()):
        name = item.path.split("/")[-1] if "!" not in item.path else item.path.split("!", 1)[1]
        if isinstance(item, Refused):
            out[name] = item.error.code
        else:
            assert isinstance(item, Item)
            out[name] = item.data if item.data is not None else Path(item.file).read_bytes()
    return out


def tar(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


PACKERS = {
    "zip": zipped,
    "tar": tar,
    "tar.gz": lambda m: gzip.compress(tar(m)),
    "tar.xz": lambda m: lzma.compress(tar(m)),
    "tar.zst": lambda m: zstandard.compress(tar(m)),
    "tar.bz2": lambda m: bz2.compress(tar(m)),
}


@pytest.mark.parametrize("kind", PACKERS)
def test_every_archive_is_opened_whatever_its_name(tmp_path: Path, kind: str):
    path = tmp_path / "lot.dat"
    path.write_bytes(PACKERS[kind]({"a/1.txt": TEXT, "b/2.txt": TEXT * 2, "__MACOSX/x": b"junk"}))
    assert found(path) == {"a/1.txt": TEXT, "b/2.txt": TEXT * 2}


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.compress, bz2.compress])
def test_one_compressed_file(pack):
    assert expand(pack(TEXT), Limits()) == TEXT
    with pytest.raises(MalformedInput):
        expand(pack(os.urandom(5000))[:-400], Limits())


def test_archives_inside_archives_up_to_a_depth(tmp_path: Path):
    data = zipped({"in.txt": TEXT})
    for _ in range(5):
        data = zipped({"n.zip": data})
    path = tmp_path / "deep.zip"
    path.write_bytes(data)
    assert set(found(path).values()) == {"input.hostile"}
    path.write_bytes(zipped({"n.zip": zipped({"in.txt": TEXT})}))
    assert list(found(path).values()) == [TEXT]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "..\\..\\b", "C:\\x"])
@pytest.mark.parametrize("pack", [zipped, tar])
def test_a_name_that_climbs_out_is_refused_and_the_rest_goes_in(tmp_path: Path, name: str, pack):
    path = tmp_path / "lot.zip"
    path.write_bytes(pack({name: b"x", "good.txt": TEXT}))
    results = found(path)
    assert results.pop("good.txt") == TEXT
    assert list(results.values()) == ["input.hostile"]


def test_links_in_a_tar_are_refused(tmp_path: Path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    path = tmp_path / "lot.tar"
    path.write_bytes(out.getvalue())
    assert list(found(path).values()) == ["input.hostile"]


def test_a_bomb_is_refused_after_bounded_work(tmp_path: Path):
    path = tmp_path / "bomb.zip"
    path.write_bytes(zipped({"zeros": bytes(64 << 20), "good.txt": TEXT}))
    assert path.stat().st_size < 100_000
    assert "input.hostile" in found(path).values()
    with pytest.raises(HostileInput):
        expand(gzip.compress(bytes(64 << 20)), Limits())


def test_limits_on_members_and_sizes(tmp_path: Path):
    path = tmp_path / "lot.zip"
    path.write_bytes(zipped({f"{n}.txt": TEXT for n in range(20)}))
    assert "input.hostile" in found(path, limits=Limits(archive_members=5)).values()
    path.write_bytes(zipped({"big.txt": os.urandom(5000)}))
    assert "input.hostile" in found(path, limits=Limits(file_bytes=1000)).values()
    plain = tmp_path / "big.bin"
    plain.write_bytes(os.urandom(5000))
    assert found(plain, limits=Limits(file_bytes=1000)) == {"big.bin": "input.hostile"}


def test_a_truncated_archive_gives_what_stands_before_the_cut(tmp_path: Path):
    path = tmp_path / "lot.tar"
    data = tar({"1.txt": TEXT, "2.txt": os.urandom(4000)})
    path.write_bytes(data[:2000])
    results = found(path)
    assert results.pop("1.txt") == TEXT
    assert set(results.values()) == {"input.malformed"}


def test_an_encrypted_member_is_named(tmp_path: Path):
    path = tmp_path / "lot.zip"
    data = bytearray(zipped({"secret.txt": TEXT}))
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(sign) + offset] |= 1
    path.write_bytes(bytes(data))
    assert found(path) == {"secret.txt": "input.unsupported"}


def test_a_folder_in_order_without_what_leads_out_of_it(tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "outside.txt").write_bytes(b"secret")
    (folder / "b.txt").write_bytes(TEXT)
    (folder / "a.txt").write_bytes(TEXT)
    (folder / ".DS_Store").write_bytes(b"junk")
    (folder / "out.txt").symlink_to(tmp_path / "outside.txt")
    os.mkfifo(folder / "pipe")
    results = found(folder)
    assert list(results) == ["a.txt", "b.txt", "out.txt", "pipe"]
    assert results["out.txt"] == "input.hostile"
    assert results["pipe"] == "input.unsupported"


def test_standard_input_may_be_an_archive():
    items = list(walk([Path("-")], Limits(), io.BytesIO(zipped({"1.txt": TEXT}))))
    assert [item.data for item in items if isinstance(item, Item)] == [TEXT]
