"""XML read as what it is: a file from elsewhere. No network, no entities, no DTD, bounded depth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from galien.model.errors import HostileInput, MalformedInput
from galien.sources.port import Limits

_DOCTYPE = re.compile(rb"<!DOCTYPE[^>\[]*\[", re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_ROOT = re.compile(r"<(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)((?:\s[^<>]*)?)/?>?")
_SKIPPED = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\])?[^>]*>", re.DOTALL)


def parse_xml(data: bytes, limits: Limits) -> Any:
    """Root element of an XML document.

    Raises
    ------
    HostileInput
        It declares entities, or nests deeper than ``limits.depth``.
    MalformedInput
        It is not well formed.
    """
    if _DOCTYPE.search(data[: 1 << 20]) and _ENTITY.search(data):
        raise HostileInput("the XML declares entities", hint="Have it sent without a DOCTYPE.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=True,
        remove_comments=True, remove_pis=True, recover=False,
    )  # fmt: skip
    _check_depth(data, limits.depth)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise MalformedInput("the XML is not well formed", line=error.lineno or 0) from None
    except ValueError as error:
        raise MalformedInput("the XML cannot be read") from error
    if root is None:
        raise MalformedInput("the XML is empty")
    return root


def root_name(head: bytes) -> tuple[str, str] | None:
    """Namespace and local name of the root, from the beginning of a file; None when it is not XML."""
    text = _text(head)
    place = 0
    while found := _SKIPPED.match(text, place):
        place = found.end()
    root = _ROOT.match(text, place)
    if not root:
        return None
    prefix, name, attributes = root.groups()
    declared = re.search(
        rf"xmlns:{prefix}\s*=\s*[\"']([^\"']*)" if prefix else r"xmlns\s*=\s*[\"']([^\"']*)", attributes or ""
    )
    return (declared.group(1) if declared else ""), name


def text_of(element: Any) -> str:
    """All the text in an element, white space collapsed."""
    return " ".join("".join(_strings(element)).split()) if element is not None else ""


def local(element: Any) -> str:
    """Local name of an element; ``""`` for comments and instructions."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def _strings(element: Any) -> Iterator[str]:
    yield from element.itertext()


def _check_depth(data: bytes, depth: int) -> None:
    """Refuse absurd nesting before a tree is built of it."""
    level = 0
    for found in re.finditer(rb"<(/?)[A-Za-z_][^<>]*?(/?)>", data):
        closing, empty = found.groups()
        if closing:
            level -= 1
        elif not empty:
            level += 1
            if level > depth:
                raise HostileInput("the XML nests too deep", limit=depth)


def _text(head: bytes) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", errors="ignore").lstrip("\ufeff")
    return head.decode("utf-8", errors="replace").lstrip("\ufeff")
