"""Elements of large XML files, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from galien.model.errors import MalformedInput


def elements(path: Path, tag: str) -> Iterator[etree._Element]:
    """Each element of a name, whole, then forgotten; no entity of the file is resolved.

    Raises
    ------
    MalformedInput
        No XML, cut short, or wrongly encoded.
    """
    try:
        for _, item in etree.iterparse(
            str(path), tag=tag, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
        ):
            yield item
            item.clear()
            while item.getprevious() is not None:
                del item.getparent()[0]
    except (etree.XMLSyntaxError, OSError) as error:
        line = getattr(error, "lineno", None) or 0
        raise MalformedInput(
            f"{path.name} is no well-formed XML, or is cut short", hint="Download it again.", line=line
        ) from error
