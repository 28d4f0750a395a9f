"""Texts in any usual encoding and word-processor format; PDF with a text layer and scanned."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

from galien.app.reading import Context, read_file
from galien.model.records import Document
from galien.sources.pdf import tesseract
from galien.sources.port import Limits

NOTE = "Compte rendu opératoire\n\nPatiente âgée de 67 ans, opérée d'une prothèse de hanche. Œdème modéré, 7,5 mg/j.\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "iso-8859-15", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_plain_text_in_any_usual_encoding(read, one, encoding):
    data = NOTE.encode(encoding)
    if encoding in ("utf-16-le", "utf-16-be"):
        data = ("\ufeff" + NOTE).encode(encoding)
    document = one(read(data, "note"), Document)
    assert "prothèse de hanche. Œdème modéré, 7,5 mg/j." in document.text


def test_dos_western_text_is_read_too(read, one):
    document = one(
        read("Patiente opérée à Besançon, prothèse posée. État général conservé.\r\n".encode("cp850")), Document
    )
    assert "opérée à Besançon, prothèse posée" in document.text


def test_a_fraction_stays_a_fraction_and_oe_stays_oe(read, one):
    assert "½ comprimé" in one(read("Prendre ½ comprimé le soir, à jeun.".encode("latin-1")), Document).text
    assert "cœur" in one(read("Le cœur est régulier, opéré.".encode("iso-8859-15")), Document).text


def test_line_ends_and_accents_are_normalised(read, one):
    document = one(read("Re\u0301sume\u0301\r\nligne\rautre\r\n"), Document)
    assert document.text.startswith("Résumé\nligne\nautre")


def test_a_binary_is_not_text(read):
    assert read(bytes(range(256)) * 20, "notes.txt").fatal.code == "input.unknown_format"
    assert read(b"", "vide.txt").fatal.code == "input.malformed"


def test_html_keeps_words_and_drops_scripts(read, one):
    page = "<!DOCTYPE html><html><head><title>CR</title><script>alert('poison')</script><style>p{}</style></head>"
    page += (
        "<body><h1>Conclusion</h1><p>Pas de <b>fracture</b>.</p><table><tr><td>CRP</td><td>12</td></tr></table></body>"
    )
    document = one(read(page, "page.txt"), Document)
    assert "Pas de fracture." in document.text
    assert "poison" not in document.text
    assert any("CRP" in line and "12" in line for line in document.text.splitlines())


def test_markdown_gives_its_title_and_sections(read, one):
    document = one(read("# Lettre de sortie\n\n## Motif\n\nChute.\n\n## Évolution\n\nFavorable.\n", "l.md"), Document)
    assert "Favorable." in document.text
    assert "Lettre de sortie" in document.title


def test_rtf(read, one):
    data = rb"{\rtf1\ansi\ansicpg1252 Patiente \'e2g\'e9e, \b proth\'e8se\b0  de hanche.\par Fin.}"
    document = one(read(data, "x.doc"), Document)
    assert "Patiente âgée, prothèse de hanche." in document.text


def _zip(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text, zipfile.ZIP_STORED if name == "mimetype" else None)
    return out.getvalue()


def docx(*paragraphs: str) -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(f"<w:p><w:r><w:t>{p}</w:t></w:r></w:p>" for p in paragraphs)
    return _zip(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
        }
    )


def test_docx(read, one):
    document = one(read(docx("Conclusion", "Coxarthrose évoluée."), "x.bin"), Document)
    assert document.text.split("\n")[:2] == ["Conclusion", "Coxarthrose évoluée."]


def test_odt(read, one):
    text, office = "urn:oasis:names:tc:opendocument:xmlns:text:1.0", "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    content = f'<office:document-content xmlns:office="{office}" xmlns:text="{text}"><office:body><office:text>'
    content += "<text:h>Motif</text:h><text:p>Douleur de hanche.</text:p></office:text></office:body>"
    content += "</office:document-content>"
    data = _zip({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})
    assert "Douleur de hanche." in one(read(data, "x.bin"), Document).text


def pdf(*pages: str) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    for page in pages:
        for n, line in enumerate(page.split("\n")):
            canvas.drawString(72, 740 - 14 * n, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def test_pdf_with_a_text_layer_gives_text_and_pages(read, one):
    document = one(read(pdf("Lettre de sortie\nCoxarthrose droite", "Suite page deux"), "x"), Document)
    assert len(document.pages) == 2
    assert "Coxarthrose droite" in document.text[: document.pages[1]]
    assert "Suite page deux" in document.text[document.pages[1] :]


def test_a_truncated_pdf_is_refused(read):
    assert read(pdf("Lettre")[:200], "x.pdf").fatal.code == "input.malformed"


@pytest.mark.skipif(not tesseract(), reason="tesseract is not installed; scanned pages are then not read")
def test_a_scanned_page_is_read_by_tesseract():
    page = Picture.new("L", (1240, 600), 255)
    font = ImageFont.load_default(48)
    ImageDraw.Draw(page).text((80, 120), "Prothese totale de hanche droite", font=font, fill=0)
    out = io.BytesIO()
    page.save(out, "PDF", resolution=150)
    found = read_file(out.getvalue(), "scan.pdf", "test", Context(), Limits())
    (item,) = [i for i in found.records if isinstance(i.record, Document)]
    assert "hanche droite" in item.record.text


class TestPublicTexts:
    def test_french_cases_and_transcriptions_are_documents_with_their_language(self, read, public_data: Path):
        head = b"".join((public_data / "texts/e3c_cases_fr.jsonl").open("rb").readlines()[:200])
        found = read(head, "cases.jsonl")
        assert found.fatal is None
        assert len(found.records) == 200
        assert {item.words.language for item in found.records if item.words} == {"fr"}
        found = read((public_data / "texts/mtsamples_en/mtsamples.csv").read_bytes(), "x.csv")
        assert len(found.records) == 500
        languages = [item.words.language for item in found.records if item.words]
        assert languages.count("en") >= 495
