"""PDF: the text layer page by page; scanned pages by tesseract, when it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pypdfium2 as pdfium

from galien.model.errors import HostileInput, MalformedInput, UnsupportedInput
from galien.model.records import AnySourceRecord
from galien.model.time import parse_moment
from galien.sources.encoding import normal
from galien.sources.plain import document
from galien.sources.port import Problem, Raw, ReadOptions

_PASSWORD = 4  # FPDF_ERR_PASSWORD
_SCAN_DPI = 200
_OCR_SECONDS = 60
_OCR_PAGES = 200


class _Pdf:
    name = "pdf"
    version = 1

    def recognises(self, head: bytes, path: str) -> int:
        place = head[:1024].find(b"%PDF-")
        return 95 if place >= 0 else 0

    def read(self, raw: Raw, options: ReadOptions) -> Iterator[AnySourceRecord | Problem]:
        text, pages = extract_text(raw.data, options)
        title, made = _information(raw.data)
        yield document(raw, options, text, pages=pages, title=title, at=parse_moment(made))


def extract_text(data: bytes, options: ReadOptions) -> tuple[str, tuple[int, ...]]:
    """Text of a PDF and the offset at which each page begins.

    A page without a text layer is read by tesseract (French and English) when that is installed and
    ``options.ocr`` allows; else it stays empty.

    Raises
    ------
    UnsupportedInput
        It is protected by a password.
    MalformedInput, HostileInput
        It is broken, or has an absurd number of pages.
    """
    book = _open(data)
    try:
        if len(book) > options.limits.pages:
            raise HostileInput("the PDF has too many pages", limit=options.limits.pages)
        parts: list[str] = []
        starts: list[int] = []
        length = scanned = 0
        for number in range(len(book)):
            text = _page(book, number)
            if not text.strip() and options.ocr and scanned < _OCR_PAGES and tesseract():
                text = _scan(book, number)
                scanned += 1
            starts.append(length)
            text = normal(text).rstrip() + "\n"
            parts.append(text)
            length += len(text)
            if length > options.limits.text_chars:
                raise HostileInput("the PDF holds an absurd amount of text", limit=options.limits.text_chars)
        return "".join(parts).rstrip("\n"), tuple(starts)
    finally:
        book.close()


@lru_cache(maxsize=1)
def tesseract() -> str | None:
    """Path of the tesseract program, or None."""
    return shutil.which("tesseract")


def _open(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD or "assword" in str(error):
            raise UnsupportedInput("the PDF is protected by a password", hint="Have it sent without.") from None
        raise MalformedInput("the PDF is broken") from None


def _page(book: pdfium.PdfDocument, number: int) -> str:
    try:
        page = book[number]
        words = page.get_textpage()
        text = str(words.get_text_range())
        words.close()
        page.close()
    except pdfium.PdfiumError:
        return ""  # one broken page must not hide the others
    # PDFium marks a word broken at a line's end with U+FFFE: the word is whole.
    return re.sub(r"[\ufffe\u0002]\s*", "", text)


def _scan(book: pdfium.PdfDocument, number: int) -> str:
    page = book[number]
    width, height = page.get_size()
    scale = min(_SCAN_DPI / 72, 5000 / max(width, height, 1))
    picture = page.render(scale=scale, grayscale=True).to_pil()
    page.close()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.png"
        picture.save(path)
        try:
            done = subprocess.run(
                [tesseract() or "tesseract", str(path), "stdout", "-l", _languages()],
                capture_output=True,
                timeout=_OCR_SECONDS,
                check=False,
                env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin:/bin:/usr/local/bin"},
            )
        except (subprocess.TimeoutExpired, OSError):
            return ""
    return done.stdout.decode("utf-8", errors="replace")


@lru_cache(maxsize=1)
def _languages() -> str:
    listed = subprocess.run(
        [tesseract() or "tesseract", "--list-langs"], capture_output=True, check=False, timeout=20
    ).stdout.decode()
    have = [name for name in ("fra", "eng") if name in listed.split()]
    return "+".join(have) or "eng"


def _information(data: bytes) -> tuple[str, str]:
    book = _open(data)
    try:
        about = book.get_metadata_dict()
    except pdfium.PdfiumError:
        return "", ""
    finally:
        book.close()
    title = str(about.get("Title", "")).strip()
    if title.lower() in ("untitled", "anonymous", "(anonymous)") or title.lower().endswith((".doc", ".docx", ".pdf")):
        title = ""
    found = re.match(r"D:(\d{8})", str(about.get("CreationDate", "")))
    return title, found.group(1) if found else ""


source = _Pdf()
