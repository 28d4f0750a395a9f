"""What Galien shows: requests and answers of the search, and the pages of a record.

These are the shapes that the command line, REST, the pages and Python share. They are built by the
inner rooms and reach a face only inside ``governance.Disclosed``. Ids of things shown are public and
opaque: ``p12`` a patient, ``d12`` a document, ``i12`` an imaging study, ``a12`` an article.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from galien.model.evidence import Evidence
from galien.model.kinds import HitKind

Sort = Literal["relevance", "newest", "oldest"]
System = Literal["words", "full"]
SYSTEMS: tuple[System, ...] = ("words", "full")

FACETS: tuple[str, ...] = (
    "type",
    "service",
    "year",
    "sex",
    "age",
    "modality",
    "language",
    "source",
    "journal",
)
"""Facet names, usable as filters. ``age`` is a decade band ("60-69"), ``source`` the format's name."""


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A query and how to look at its answer.

    Attributes
    ----------
    query : str
        As typed. Empty means everything, newest first.
    kind : HitKind or None
        Which kind of hits; None lets the engine choose the first non-empty of
        patients, documents, images, articles.
    filters : dict of str to tuple of str
        Facet name to the accepted values (any of them); see `FACETS`.
    since, until : str
        ISO dates (inclusive) on the date of the document, study or article.
    patient : str
        Search within one patient (``p12``).
    match : {"all", "any"}
        Whether all words are required. ``all`` falls back to ``any`` when nothing matches, and says so.
    system : {"full", "words"}
        Ranking by everything that the workspace has, or by words alone (to compare the two).
    cursor : str
        Where the page starts, from ``SearchResponse.next_cursor``: stable while data arrive.
    """

    query: str = ""
    kind: HitKind | None = None
    filters: dict[str, tuple[str, ...]] = {}
    since: str = ""
    until: str = ""
    patient: str = ""
    sort: Sort = "relevance"
    match: Literal["all", "any"] = "all"
    system: System = "full"
    limit: int = 20
    cursor: str = ""
    facets: bool = True
    near: bool = False
    """Also say who misses one criterion only, and by how much (`SearchResponse.nearly`)."""


class PatientBrief(msgspec.Struct, frozen=True, kw_only=True):
    """A patient in one line. ``age`` is at ``SearchResponse`` time, or at death."""

    id: str
    name: str = ""
    sex: str = "unknown"
    birth_date: str = ""
    age: int | None = None
    deceased: str = ""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One answer with its evidence.

    ``type`` is a document kind, an image modality, or a publication type; ``thumbnail`` the id of the
    study or instance to draw (``i12``), or ``""``; ``place`` the service or journal.
    """

    kind: HitKind
    id: str
    title: str
    score: float
    patient: PatientBrief | None = None
    date: str = ""
    type: str = ""
    place: str = ""
    hospital: str = ""
    stay: str = ""
    author: str = ""
    language: str = ""
    source_path: str = ""
    thumbnail: str = ""
    evidence: tuple[Evidence, ...] = ()
    more: int = 0
    """For a patient: how many further matching documents and facts there are."""
    near: bool = False
    """An article that does not hold all that was asked, listed after those that do."""
    by: tuple[str, ...] = ()
    """What brought an article: ``words``, ``concepts`` (other names, the other language), or another scorer."""


class FacetValue(msgspec.Struct, frozen=True):
    value: str
    count: int


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """Another reading of a criterion: ``way`` is ``wider``, ``narrower`` or ``sense``; ``count`` in documents."""

    way: str
    id: str
    name: str
    count: int
    query: str


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of the understood query, shown as a chip.

    ``kind``: ``words``, ``phrase``, ``prefix``, ``fuzzy``, ``field``; ``count`` how many hits of the
    shown kind hold it; ``text`` what was typed.
    """

    text: str
    kind: str
    field: str = ""
    negated: bool = False
    count: int | None = None
    concept: str = ""
    """Id of the concept meant, with its preferred ``name``; empty for words."""
    name: str = ""
    said: str = ""
    """``present``, ``denied``, ``hedged``, ``family`` or ``any``."""
    syntax: str = ""
    start: int = 0
    end: int = 0
    corrected: str = ""
    """What was typed, where it was misspelt."""
    left: int | None = None
    """Patients left when the criteria up to this one are applied in order."""
    only: int | None = None
    """Patients whom this criterion alone keeps out."""
    without: str = ""
    """The query less this criterion, in medical language."""
    opposite: str = ""
    """The query with this criterion denied, or no longer denied."""
    variants: tuple[Variant, ...] = ()
    names: tuple[str, ...] = ()
    """Other names that the concept was found by."""


class Shortfall(msgspec.Struct, frozen=True, kw_only=True):
    """How a patient falls short of a criterion: what comes nearest to it.

    ``reason``: ``value`` (``number`` in ``unit``), ``lapse`` (days; negative: before), ``age`` (years), ``count``;
    ``hedged``, ``family`` or ``denied`` for what is written otherwise than asked; ``present`` for what should be
    absent; ``nothing`` where the record holds nothing near.
    """

    reason: str
    number: float | None = None
    unit: str = ""
    at: str = ""
    distance: float | None = None
    """0 and up, without unit: comparable between criteria."""
    evidence: tuple[Evidence, ...] = ()


class NearMiss(msgspec.Struct, frozen=True, kw_only=True):
    """A patient who misses one criterion only."""

    patient: PatientBrief
    short: Shortfall


class Nearly(msgspec.Struct, frozen=True, kw_only=True):
    """The patients whom one criterion alone keeps out: how many, and those who come closest.

    ``without`` is the query less this criterion, in medical language.
    """

    criterion: str
    syntax: str
    count: int
    without: str
    closest: tuple[NearMiss, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a patient meets one criterion, and what shows it, or how far from it they are."""

    criterion: str
    syntax: str
    met: bool
    evidence: tuple[Evidence, ...] = ()
    short: Shortfall | None = None


class WhyResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Why a patient answers a query, or why not. ``words`` are those that were not understood."""

    patient: PatientBrief
    query: str
    met: bool
    verdicts: tuple[Verdict, ...]
    words: tuple[str, ...] = ()


class SearchResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a `SearchRequest`.

    ``totals`` counts hits per kind. ``relaxed`` says that no hit holds every word. ``not_searched``
    counts what could not be looked at (``quarantined``, ``pending``). ``snapshot`` names the state of the
    data that was searched.
    """

    request: SearchRequest
    kind: HitKind
    hits: tuple[Hit, ...]
    total: int
    totals: dict[str, int] = {}
    facets: dict[str, tuple[FacetValue, ...]] = {}
    understood: tuple[Criterion, ...] = ()
    reading: str = ""
    """The query in the explicit syntax, when it was understood clinically."""
    relaxed: bool = False
    near: int = 0
    """Further articles beyond ``total``: the nearest of those that do not hold everything."""
    did_you_mean: str = ""
    next_cursor: str = ""
    not_searched: dict[str, int] = {}
    snapshot: str = ""
    took_ms: float = 0.0
    nearly: tuple[Nearly, ...] = ()
    """Of a clinical query on patients, criterion by criterion, when it was asked for or nobody answers."""


class Suggestion(msgspec.Struct, frozen=True):
    """A completion that the index really holds: a word, or the name of a ``concept``, with its usual names."""

    text: str
    count: int
    concept: str = ""
    fr: str = ""
    en: str = ""


class StayView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: str = ""
    start: str = ""
    end: str = ""
    service: str = ""
    hospital: str = ""
    reason: str = ""


class FactView(msgspec.Struct, frozen=True, kw_only=True):
    """A coded row: condition, act, drug, allergy..."""

    record: int
    label: str
    code: str = ""
    start: str = ""
    end: str = ""
    status: str = ""
    detail: str = ""
    stay: str = ""


class ResultPoint(msgspec.Struct, frozen=True, kw_only=True):
    at: str
    number: float | None = None
    comparator: str = ""
    text: str = ""
    interpretation: str = ""
    record: int = 0


class ResultSeries(msgspec.Struct, frozen=True, kw_only=True):
    """All values of one analyte in one unit, in time order, with its reference range if known."""

    label: str
    code: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    points: tuple[ResultPoint, ...] = ()


class DocumentBrief(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    type: str = "document"
    date: str = ""
    service: str = ""
    stay: str = ""
    status: str = "current"


class StudyBrief(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    modality: str = ""
    body_part: str = ""
    date: str = ""
    instances: int = 0
    stay: str = ""


class PatientPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one patient, newest first inside each list."""

    patient: PatientBrief
    identifiers: tuple[tuple[str, str], ...] = ()
    stays: tuple[StayView, ...] = ()
    conditions: tuple[FactView, ...] = ()
    procedures: tuple[FactView, ...] = ()
    exposures: tuple[FactView, ...] = ()
    observations: tuple[FactView, ...] = ()
    results: tuple[ResultSeries, ...] = ()
    documents: tuple[DocumentBrief, ...] = ()
    studies: tuple[StudyBrief, ...] = ()


class SectionView(msgspec.Struct, frozen=True):
    title: str
    start: int
    end: int


class Mark(msgspec.Struct, frozen=True):
    """A highlighted stretch of a document's text, and the query word it answers."""

    start: int
    end: int
    why: str = ""


class DocumentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One document, its text, what matched in it, its versions and its neighbours."""

    document: DocumentBrief
    patient: PatientBrief | None = None
    text: str = ""
    sections: tuple[SectionView, ...] = ()
    pages: tuple[int, ...] = ()
    marks: tuple[Mark, ...] = ()
    author: str = ""
    hospital: str = ""
    language: str = ""
    original_mime: str = ""
    """Mime type of the original that can be shown (``application/pdf``), or ``""``."""
    source_path: str = ""
    locator: str = ""
    versions: tuple[DocumentBrief, ...] = ()
    previous: DocumentBrief | None = None
    next: DocumentBrief | None = None
    facts: tuple[FactView, ...] = ()


class InstanceView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    """Public id of the instance (``x12``), for its pixels."""
    number: int = 0
    frames: int = 1
    rows: int = 0
    columns: int = 0


class SeriesView(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    modality: str = ""
    instances: tuple[InstanceView, ...] = ()


class StudyPage(msgspec.Struct, frozen=True, kw_only=True):
    """One imaging study: its series, its report if any, other studies of the patient."""

    study: StudyBrief
    patient: PatientBrief | None = None
    series: tuple[SeriesView, ...] = ()
    report: str = ""
    reports: tuple[DocumentBrief, ...] = ()
    others: tuple[StudyBrief, ...] = ()
    service: str = ""
    hospital: str = ""
    source_path: str = ""


class ArticlePage(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    journal: str = ""
    date: str = ""
    authors: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    licence: str = ""
    language: str = ""
    text: str = ""
    """Abstract then full text; ``sections`` are offsets in it."""
    sections: tuple[SectionView, ...] = ()
    marks: tuple[Mark, ...] = ()
    source_path: str = ""


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A file, or a part of one, that was set aside with its reason."""

    id: int
    path: str
    locator: str = ""
    code: str = ""
    reason: str = ""
    hint: str = ""
    at: str = ""
    bytes: int = 0


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    at: str
    feed: str
    files: int
    records: int
    quarantined: int
    duplicates: int
    state: str = "done"


class IngestReport(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an ingest: what came, what went where, and how long it took."""

    files: int = 0
    bytes: int = 0
    records: dict[str, int] = {}
    duplicates: int = 0
    unchanged: int = 0
    superseded: int = 0
    quarantined: tuple[Quarantined, ...] = ()
    seconds: float = 0.0
    stages: dict[str, float] = {}
    dry_run: bool = False
    batch: int = 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a workspace."""

    version: str
    snapshot: str
    kinds: dict[str, int]
    omop: dict[str, int]
    batches: int
    files: int
    quarantined: int
    bytes_stored: int
    index: dict[str, int | str]
    server: str = ""
