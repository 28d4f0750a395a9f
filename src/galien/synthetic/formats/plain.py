"""Text files as hospitals make them: header, sections in the style of the author, hard-wrapped or not, footer."""

from __future__ import annotations

from random import Random

import msgspec

from galien.synthetic.lexicon import HOSPITAL, SERVICES, table
from galien.synthetic.text import Mention, mistype, unmark, wrap
from galien.synthetic.writing import Report


def plain(report: Report, *, header: bool = True) -> tuple[str, list[Mention]]:
    """Text of a report and the mentions in it.

    The same report gives the same text, typing errors included.
    """
    random = Random(f"{report.person.seed}/{report.title}/{report.at}")
    if report.author.style == 2 and random.random() < 0.6:
        report = _hurried(report, random)
    marked = _layout(report, header)
    text, mentions = unmark(marked)
    return wrap(text, report.author.wrap), mentions


def _hurried(report: Report, random: Random) -> Report:
    """The same report with a few typing errors in what its author typed."""
    at = {random.randrange(len(report.blocks)) for _ in range(2)}
    blocks = tuple(
        msgspec.structs.replace(b, lines=tuple(mistype(line, random, 1) for line in b.lines)) if i in at else b
        for i, b in enumerate(report.blocks)
    )
    return msgspec.structs.replace(report, blocks=blocks)


def _layout(report: Report, header: bool) -> str:
    lines: list[str] = []
    if header:
        lines += head(report)
    lines += [report.title, ""]
    for block in report.blocks:
        lines += _block(block.title, block.lines, report.author.style)
    if report.results and report.kind == "discharge-letter":
        lines += results(report)
    if header:
        lines += ["", foot(report)]
    return "\n".join(lines) + "\n"


def _block(title: str, content: tuple[str, ...], style: int) -> list[str]:
    """Formal: title then a paragraph; neutral: one line each; telegraphic: all on the title's line."""
    if not title:
        return [*content, ""]
    if style == 0:
        return [f"{title} :", " ".join(content), ""]
    if style == 1:
        return [title.upper(), *(line if line.startswith("- ") else f"- {line}" for line in content), ""]
    return [f"{title} : {' '.join(line.removeprefix('- ') for line in content)}", ""]


def head(report: Report) -> list[str]:
    """What stands at the top of every page of the hospital."""
    person, words = report.person, table(report.language)["words"]
    born = words["born"].replace("{e}", "e" if person.sex == "female" else "")
    service = SERVICES[report.service][0 if report.language == "fr" else 1]
    return [
        f"{HOSPITAL} - {report.site}",
        f"{service}    Dr {report.author.given} {report.author.name}",
        f"{words[person.sex]} {person.family.upper()} {person.given}, {born} {person.birth:%d/%m/%Y}"
        f"    IPP {person.ipp}",
        f"{report.at:%d/%m/%Y}",
        "",
    ]


def foot(report: Report) -> str:
    lines = table(report.language)["words"]["footer"]
    return str(lines[report.person.number % len(lines)])


def results(report: Report) -> list[str]:
    """A table of results in plain text, aligned with spaces."""
    words = table(report.language)["words"]
    lines = [f"{words['results']} ({words['reference']})"]
    for r in report.results:
        value = f"{r.text(report.language)} {r.unit}{' ' + r.flag if r.flag else ''}"
        lines.append(f"  {r.label:<24}{value:<20}({r.low:g} - {r.high:g})")
    return [*lines, ""]
