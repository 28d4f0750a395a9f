"""Drawing one frame (DICOM PS3.3, C.7.6.3 and C.11): modality and VOI transforms, colour, orientation as stored."""

from __future__ import annotations

import io
import warnings
from typing import Any

import msgspec
import numpy as np
import pydicom
from PIL import Image as Pillow
from pydicom.pixels import apply_color_lut, apply_modality_lut, convert_color_space
from pydicom.uid import ExplicitVRLittleEndian

from galien.model.errors import HostileInput, MalformedInput, NotFound, UnsupportedInput

MAX_PIXELS = 300_000_000
Pillow.MAX_IMAGE_PIXELS = MAX_PIXELS


class Rendered(msgspec.Struct, frozen=True):
    """One drawn frame; ``center`` and ``width`` are those used, in the units of the modality."""

    png: bytes
    rows: int
    columns: int
    frames: int
    center: float = 0.0
    width: float = 0.0


def render(
    data: bytes,
    *,
    frame: int = 0,
    center: float | None = None,
    width: float | None = None,
    side: int = 1024,
) -> Rendered:
    """Draw one frame of a DICOM object or of an ordinary picture as PNG.

    Without a window, the object's own first one is used, else the 0.5 to 99.5 percentiles.

    Raises
    ------
    NotFound
        No such frame.
    UnsupportedInput
        It has no pixels, or a compression that cannot be decoded here.
    MalformedInput, HostileInput
        The pixels are broken, or absurdly many.
    """
    if not is_dicom(data):
        return _picture(data, side)
    dataset = _dataset(data)
    grey, frames, used = _frame(dataset, frame, center, width)
    picture = Pillow.fromarray(grey)
    rows, columns = grey.shape[:2]
    picture.thumbnail((side, side))
    return Rendered(_png(picture), rows, columns, frames, *used)


def thumbnail(data: bytes, side: int = 192) -> bytes:
    """A small PNG of the middle frame; see `render` for errors."""
    if not is_dicom(data):
        return _picture(data, side).png
    dataset = _dataset(data)
    return render(data, frame=max(0, _frames(dataset) // 2), side=side).png


def is_dicom(data: bytes) -> bool:
    return data[128:132] == b"DICM" or data[:4] in (
        b"\x08\x00\x05\x00",
        b"\x08\x00\x08\x00",
        b"\x08\x00\x00\x00",
        b"\x02\x00\x00\x00",
    )


def _dataset(data: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        except Exception as error:
            raise MalformedInput("the DICOM object cannot be read") from error
    if "PixelData" not in dataset and "FloatPixelData" not in dataset and "DoubleFloatPixelData" not in dataset:
        raise UnsupportedInput("this object has no pixels")
    if not hasattr(dataset, "file_meta") or "TransferSyntaxUID" not in dataset.file_meta:
        dataset.ensure_file_meta()
        dataset.file_meta.TransferSyntaxUID = (
            pydicom.uid.ImplicitVRLittleEndian if dataset.original_encoding[0] else ExplicitVRLittleEndian
        )
    return dataset


def _frames(dataset: Any) -> int:
    try:
        return max(1, int(str(dataset.get("NumberOfFrames", 1) or 1)))
    except ValueError:
        return 1


def _frame(dataset: Any, frame: int, center: float | None, width: float | None) -> tuple[Any, int, tuple[float, float]]:
    frames = _frames(dataset)
    if not 0 <= frame < frames:
        raise NotFound("no such frame")
    rows, columns = int(dataset.get("Rows", 0) or 0), int(dataset.get("Columns", 0) or 0)
    if rows * columns <= 0 or rows * columns > MAX_PIXELS:
        raise HostileInput("absurd picture size", limit=MAX_PIXELS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            pixels = pydicom.pixels.pixel_array(dataset, index=frame) if frames > 1 else dataset.pixel_array
        except Exception as error:
            raise UnsupportedInput("the pixels cannot be decoded") from error
        if pixels.ndim > 2 and frames == 1 and pixels.shape[-1] not in (3, 4):
            pixels = pixels[0]
        photometric = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
        try:
            if photometric == "PALETTE COLOR":
                colour = apply_color_lut(pixels, dataset)
                return _eight_bits(colour), frames, (0.0, 0.0)
            if pixels.ndim == 3:
                if photometric.startswith("YBR") and not dataset.file_meta.TransferSyntaxUID.is_compressed:
                    pixels = convert_color_space(pixels, photometric, "RGB")
                return _eight_bits(pixels), frames, (0.0, 0.0)
            values = apply_modality_lut(pixels, dataset).astype(np.float32)
        except Exception as error:
            raise MalformedInput("the pixels do not follow their description") from error
    low, high = _window(dataset, values, center, width)
    grey = np.clip((values - low) / max(high - low, 1e-6), 0, 1)
    if photometric == "MONOCHROME1":
        grey = 1 - grey
    return (grey * 255).astype(np.uint8), frames, ((low + high) / 2, high - low)


def _window(dataset: Any, values: Any, center: float | None, width: float | None) -> tuple[float, float]:
    """Bounds of grey; PS3.3 C.11.2.1.2 with its half-unit offsets left out, invisible at 8 bits."""
    if center is None or width is None:
        center, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    if center is not None and width is not None and width > 0:
        low, high = center - width / 2, center + width / 2
        if (values > low).any() and (values < high).any():
            return low, high
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(finite[:: max(1, finite.size // 200_000)], (0.5, 99.5)))
    return (low, high) if high > low else (low, low + 1)


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        return float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value)
    except (TypeError, ValueError, IndexError):
        return None


def _eight_bits(pixels: Any) -> Any:
    if pixels.dtype == np.uint8:
        return pixels[..., :3]
    top = float(pixels.max()) or 1.0
    return (pixels[..., :3].astype(np.float32) / max(top, 255) * 255).astype(np.uint8)


def _picture(data: bytes, side: int) -> Rendered:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Pillow.DecompressionBombWarning)
        try:
            with Pillow.open(io.BytesIO(data)) as opened:
                columns, rows = opened.size
                opened.draft("RGB", (side, side))
                small = opened.convert("L" if opened.mode in ("1", "L", "I", "I;16", "F") else "RGB")
                small.thumbnail((side, side))
        except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
            raise HostileInput("absurd picture size", limit=MAX_PIXELS) from error
        except (OSError, ValueError, SyntaxError) as error:
            raise MalformedInput("the picture cannot be read") from error
    return Rendered(_png(small), rows, columns, 1)


def _png(picture: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=3)
    return out.getvalue()
