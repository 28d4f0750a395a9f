"""The address of a search: what a query string asks for, and the links that change one thing in it."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from galien.model.answers import FACETS, Criterion, SearchRequest
from galien.model.errors import UsageError

_KEYS = ("kind", "since", "until", "patient", "sort", "match", "limit", "cursor", "near")


def read(params: QueryParams) -> SearchRequest:
    """The request that a query string makes.

    Raises
    ------
    UsageError
        A value that means nothing (an unknown kind or order, a limit that is no number).
    """
    raw: dict[str, object] = {"query": params.get("q", "").strip()}
    for key in _KEYS:
        value = params.get(key, "")
        if value:
            raw[key] = value
    raw["filters"] = {name: tuple(values) for name in FACETS if (values := params.getlist(name))}
    try:
        request = msgspec.convert(raw, SearchRequest, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError("a search option has no meaning " + str(error).partition(" - ")[2]) from None
    return checked(request)


def checked(request: SearchRequest) -> SearchRequest:
    """The request with its dates and limit verified.

    Raises
    ------
    UsageError
    """
    for value in (request.since, request.until):
        if value and not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value):
            raise UsageError("a date is not written as YYYY-MM-DD")
    if not 1 <= request.limit <= 200:
        raise UsageError("the limit lies between 1 and 200")
    return request


def write(request: SearchRequest) -> str:
    """The address of a request, shortest form."""
    pairs: list[tuple[str, str]] = [("q", request.query)] if request.query else []
    default = SearchRequest()
    for key in _KEYS:
        value = getattr(request, key)
        if value and value != getattr(default, key):
            pairs.append((key, "1" if value is True else str(value)))
    pairs += [(name, value) for name in FACETS for value in request.filters.get(name, ())]
    return "/search" + ("?" + urlencode(pairs) if pairs else "?q=")


class Links:
    """Addresses of the neighbours of a search; each starts again at the first page."""

    def __init__(self, request: SearchRequest) -> None:
        self.request = msgspec.structs.replace(request, cursor="", near=False)

    def _with(self, **changes: object) -> str:
        return write(msgspec.structs.replace(self.request, **changes))

    def kind(self, kind: str) -> str:
        """Another kind; filters that only the old kind knows are left behind."""
        kept = {k: v for k, v in self.request.filters.items() if k in ("sex", "age", "service", "year", "source")}
        return self._with(kind=kind, filters=kept)

    def page(self, cursor: str) -> str:
        return self._with(cursor=cursor)

    def sort(self, order: str) -> str:
        return self._with(sort=order)

    def query(self, words: str) -> str:
        return self._with(query=words)

    def toggled(self, facet: str, value: str) -> str:
        """The same search with one facet value added or taken away."""
        values = self.request.filters.get(facet, ())
        changed = tuple(v for v in values if v != value) if value in values else (*values, value)
        filters: dict[str, tuple[str, ...]] = {**self.request.filters, facet: changed}
        return self._with(filters={k: v for k, v in filters.items() if v})

    def holds(self, facet: str, value: str) -> bool:
        return value in self.request.filters.get(facet, ())

    def everything(self) -> str:
        """Without filters and dates."""
        return self._with(filters={}, since="", until="")

    def without(self, criterion: Criterion) -> str:
        """Without one understood criterion: its words leave the query, with their quotes and signs."""
        word = re.escape(criterion.text)
        cut = re.sub(rf'(?<!\w)[-+!]?(?:\w+:)?["«]?\s?{word}\s?["»]?(?!\w)', " ", self.request.query, count=1)
        return self._with(query=" ".join(cut.split()))

    def near(self) -> str:
        """With those who miss one criterion only."""
        return self._with(near=True)

    def anyway(self) -> str:
        """With any of the words instead of all."""
        return self._with(match="any")

    def hidden(self, *left_out: str) -> list[tuple[str, str]]:
        """Fields that a form must carry to keep the rest of the search."""
        default = SearchRequest()
        pairs = [
            (key, str(getattr(self.request, key)))
            for key in _KEYS
            if key not in left_out and getattr(self.request, key) != getattr(default, key)
        ]
        if "q" not in left_out:
            pairs.append(("q", self.request.query))
        return pairs + [(n, v) for n in FACETS for v in self.request.filters.get(n, ())]


def following(request: SearchRequest, cursor: str) -> str:
    """The address of the next page under REST."""
    address = write(msgspec.structs.replace(request, cursor=cursor))
    return "/api/v1" + address
