"""PDF letters, with a text layer, a header and a footer on every page."""

from __future__ import annotations

import io
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph, Spacer, Table, TableStyle

from galien.synthetic.formats.plain import foot, head
from galien.synthetic.lexicon import table
from galien.synthetic.text import Mention, unmark
from galien.synthetic.writing import Report

_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=14)
_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=13, leading=18, spaceAfter=6)
_SECTION = ParagraphStyle("section", fontName="Helvetica-Bold", fontSize=10.5, leading=15, spaceBefore=6)
_LATIN = str.maketrans({"œ": "oe", "Œ": "OE", "ı": "i", "≤": "<=", "≥": ">="})
"""The standard PDF fonts hold Windows-1252 only."""


def pdf(report: Report) -> tuple[bytes, list[Mention]]:
    """A PDF and its mentions; their offsets are those of the composed text, not of an extraction."""
    mentions: list[Mention] = []
    story: list[object] = [Paragraph(_safe(report.title), _TITLE)]
    for block in report.blocks:
        if block.title:
            story.append(Paragraph(_safe(block.title), _SECTION))
        for line in block.lines:
            text, found = unmark(line)
            mentions += found
            story.append(Paragraph(_safe(text), _BODY))
    if report.results:
        story += [Spacer(1, 4 * mm), _results(report)]
    out = io.BytesIO()
    document = BaseDocTemplate(
        out,
        pagesize=A4,
        leftMargin=22 * mm,
        rightMargin=22 * mm,
        topMargin=38 * mm,
        bottomMargin=22 * mm,
        title=_latin(report.title),
        author=_latin(f"Dr {report.author.name}"),
        invariant=1,
    )
    frame = Frame(document.leftMargin, document.bottomMargin, document.width, document.height)
    lines, last = [_latin(line) for line in head(report) if line], _latin(foot(report))
    word = table(report.language)["words"]["page"]

    def dress(canvas: Canvas, _: object) -> None:
        canvas.setFont("Helvetica", 8.5)
        canvas.setFillColor(colors.HexColor("#333333"))
        for i, line in enumerate(lines):
            canvas.drawString(22 * mm, A4[1] - 14 * mm - i * 4.2 * mm, line)
        canvas.line(22 * mm, A4[1] - 32 * mm, A4[0] - 22 * mm, A4[1] - 32 * mm)
        canvas.drawString(22 * mm, 12 * mm, last)
        canvas.drawRightString(A4[0] - 22 * mm, 12 * mm, f"{word} {canvas.getPageNumber()}")

    document.addPageTemplates([PageTemplate(frames=[frame], onPage=dress)])
    document.build(story)
    return out.getvalue(), mentions


def _results(report: Report) -> Table:
    words = table(report.language)["words"]
    rows = [[words["results"], "", words["reference"]]]
    for r in report.results:
        rows.append([r.label, f"{r.text(report.language)} {r.unit} {r.flag}".strip(), f"{r.low:g} - {r.high:g}"])
    made = Table([[_latin(cell) for cell in row] for row in rows], colWidths=[60 * mm, 50 * mm, 45 * mm])
    made.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 9),
                ("FONT", (0, 1), (-1, -1), "Helvetica", 9),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.grey),
            ]
        )
    )
    return made


def _safe(text: str) -> str:
    return escape(_latin(text))


def _latin(text: str) -> str:
    return text.translate(_LATIN).encode("cp1252", "replace").decode("cp1252")
