"""Ordinary pictures: PNG, JPEG, TIFF, BMP, WebP, GIF. Photographs, scans, figures."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from galien.model.errors import HostileInput, MalformedInput
from galien.model.records import AnySourceRecord, Image, Instance
from galien.sources.plain import stem
from galien.sources.port import Problem, Raw, ReadOptions

_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"GIF87a", b"GIF89a")


class _Picture:
    name = "picture"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        if head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
            return 90
        return 60 if head[:2] == b"BM" and len(head) > 30 and head[14:18] in (b"(\0\0\0", b"\x7c\0\0\0") else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        try:
            with Pillow.open(io.BytesIO(raw.data)) as picture:
                columns, rows = picture.size
                frames = getattr(picture, "n_frames", 1)
        except Pillow.DecompressionBombError as error:
            raise HostileInput("absurd picture size") from error
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
            raise MalformedInput("the picture cannot be read") from error
        name = hashlib.sha256(raw.data).hexdigest()
        yield Image(
            key=f"picture:{name}",
            study=f"picture:{name}",
            series=f"picture:{name}",
            instance=Instance(name, 1, frames, rows, columns),
            modality="XC",
            title=stem(raw.path),
        )


source = _Picture()
