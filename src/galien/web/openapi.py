"""The OpenAPI description of the REST interface, made from the same structs that answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from galien.app.facade import Job
from galien.model import answers, replies

VERSION = "1.0.0"


class Suggestions(msgspec.Struct, frozen=True):
    """Completions of a prefix."""

    suggestions: tuple[answers.Suggestion, ...]


class Batches(msgspec.Struct, frozen=True):
    """Batches of ingestion, newest first."""

    batches: tuple[answers.BatchView, ...]


class Quarantine(msgspec.Struct, frozen=True):
    """What was set aside, with reasons."""

    quarantine: tuple[answers.Quarantined, ...]


class Jobs(msgspec.Struct, frozen=True):
    """Works running or done on this server since it started."""

    jobs: tuple[Job, ...]


class IngestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Paths on the server to ingest, and the feed whose local identifiers they use."""

    paths: tuple[str, ...]
    feed: str = "default"


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457 problem; ``code`` is stable, ``hint`` says what to do. Never holds patient data."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str = ""


@dataclass(frozen=True)
class Parameter:
    name: str
    about: str
    place: str = "query"
    type: str = "string"


@dataclass(frozen=True)
class Operation:
    """One operation: what it takes and what it gives (a struct, or a mime type for bytes)."""

    method: str
    path: str
    about: str
    gives: type | str
    takes: type | None = None
    parameters: tuple[Parameter, ...] = ()
    success: int = 200


_ID = Parameter("id", "public id", "path")
_Q = Parameter("q", "query whose words are marked")
_SEARCH = (
    Parameter("q", "the query as typed"),
    Parameter("kind", "patients, documents, images or articles; absent: the first that answers"),
    *(Parameter(name, "facet filter; may be repeated (any of the values)") for name in answers.FACETS),
    Parameter("since", "from this ISO date on"),
    Parameter("until", "up to this ISO date"),
    Parameter("patient", "search within one patient (p12)"),
    Parameter("sort", "relevance, newest or oldest"),
    Parameter("match", "all or any of the words"),
    Parameter("limit", "hits a page, 1 to 200", type="integer"),
    Parameter("cursor", "from next_cursor, or follow the Link header"),
    Parameter("near", "1 to be told who misses one criterion only"),
)

OPERATIONS: tuple[Operation, ...] = (
    Operation("get", "/search", "Search by address", answers.SearchResponse, parameters=_SEARCH),
    Operation("post", "/search", "Search by JSON", answers.SearchResponse, takes=answers.SearchRequest),
    Operation(
        "get",
        "/suggest",
        "Completions that the index really holds",
        Suggestions,
        parameters=(Parameter("prefix", "what was typed"), Parameter("limit", "1 to 50", type="integer")),
    ),
    Operation("get", "/patients/{id}", "Everything about a patient", answers.PatientPage, parameters=(_ID,)),
    Operation(
        "get",
        "/patients/{id}/why",
        "Why a patient answers a query, or why not, criterion by criterion",
        answers.WhyResponse,
        parameters=(_ID, _Q),
    ),
    Operation("post", "/questions", "Answer a question about one patient", replies.Reply, takes=replies.Ask),
    Operation("get", "/documents/{id}", "A document, with marks", answers.DocumentPage, parameters=(_ID, _Q)),
    Operation("get", "/documents/{id}/original", "Its original bytes", "application/octet-stream", parameters=(_ID,)),
    Operation("get", "/articles/{id}", "An article, with marks", answers.ArticlePage, parameters=(_ID, _Q)),
    Operation("get", "/studies/{id}", "An imaging study", answers.StudyPage, parameters=(_ID,)),
    Operation("get", "/studies/{id}/thumbnail", "Small picture of a study", "image/png", parameters=(_ID,)),
    Operation(
        "get",
        "/instances/{id}/pixels",
        "One frame as PNG, windowed (DICOM PS3.3 C.11.2)",
        "image/png",
        parameters=(
            _ID,
            Parameter("frame", "from 0", type="integer"),
            Parameter("center", "window centre", type="number"),
            Parameter("width", "window width, 1 or more", type="number"),
            Parameter("side", "longest side in pixels, 16 to 4096", type="integer"),
        ),
    ),
    Operation("get", "/status", "State of the workspace", answers.Status),
    Operation(
        "get", "/batches", "Last batches", Batches, parameters=(Parameter("limit", "1 to 1000", type="integer"),)
    ),
    Operation(
        "get",
        "/quarantine",
        "What was set aside",
        Quarantine,
        parameters=(Parameter("limit", "1 to 10000", type="integer"),),
    ),
    Operation("post", "/ingest", "Start to ingest paths of the server", Job, takes=IngestRequest, success=202),
    Operation("get", "/jobs", "Works of this server", Jobs),
    Operation("get", "/jobs/{id}", "One work and its progress", Job, parameters=(_ID,)),
)


@cache
def description() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    structs = [t for o in OPERATIONS for t in (o.gives, o.takes) if isinstance(t, type) and t is not str]
    models = list(dict.fromkeys([*structs, ProblemDetails]))
    _, components = msgspec.json.schema_components(models, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault("/api/v1" + operation.path, {})[operation.method] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Galien",
            "version": VERSION,
            "summary": "Search records, documents, images and articles, with evidence.",
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def _described(operation: Operation) -> dict[str, Any]:
    gives = operation.gives
    content: dict[str, Any] = (
        {gives: {"schema": {"type": "string", "format": "binary"}}}
        if isinstance(gives, str)
        else {"application/json": {"schema": _ref(gives)}}
    )
    name = operation.path.strip("/").replace("/", "_").replace("{id}", "by_id")
    described: dict[str, Any] = {
        "summary": operation.about,
        "operationId": f"{operation.method}_{name}",
        "parameters": [
            {
                "name": p.name,
                "in": p.place,
                "required": p.place == "path",
                "description": p.about,
                "schema": {"type": p.type},
            }
            for p in operation.parameters
        ],
        "responses": {
            str(operation.success): {"description": operation.about, "content": content},
            "default": {
                "description": "A problem (RFC 9457)",
                "content": {"application/problem+json": {"schema": _ref(ProblemDetails)}},
            },
        },
    }
    if operation.takes is not None:
        body = {"application/json": {"schema": _ref(operation.takes)}}
        described["requestBody"] = {"required": True, "content": body}
    return described


def _ref(struct: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{struct.__name__}"}
