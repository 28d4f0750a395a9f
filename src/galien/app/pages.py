"""What the pages of a patient, a document, a study and an article show, read from ledger and OMOP tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import msgspec

from galien.app.corpus import StoreCorpus
from galien.model.answers import (
    ArticlePage,
    DocumentBrief,
    DocumentPage,
    FactView,
    InstanceView,
    Mark,
    PatientPage,
    ResultPoint,
    ResultSeries,
    SectionView,
    SeriesView,
    StayView,
    StudyBrief,
    StudyPage,
)
from galien.model.errors import NotFound
from galien.model.records import Article, Section
from galien.store.identity import members, root_of
from galien.store.ledger import Ledger
from galien.store.omop.cdm import Cdm
from galien.store.omop.tables import OPERATORS

Marker = Callable[[str, str, str], tuple[Mark, ...]]
_COMPARATORS = {concept: sign for sign, concept in OPERATORS.items()}


class Pages:
    """Builds the page values; ``marker(text, query, language)`` finds what a query matched in a text."""

    def __init__(self, ledger: Ledger, cdm: Cdm, corpus: StoreCorpus, marker: Marker) -> None:
        self._ledger = ledger
        self._cdm = cdm
        self._corpus = corpus
        self._marker = marker

    def patient(self, id: str) -> PatientPage:
        root = root_of(self._ledger.db, number_of(id, "p"))
        brief = self._corpus.patients([root]).get(root)
        if brief is None:
            raise NotFound("no such patient")
        who = members(self._ledger.db, root)
        identifiers = self._ledger.many(
            "SELECT system, value FROM identifiers WHERE patient_id IN ({}) AND system NOT LIKE 'urn:galien:feed:%'"
            " ORDER BY system",
            who,
        )
        return PatientPage(
            patient=brief,
            identifiers=tuple((str(system), str(value)) for system, value in identifiers),
            stays=self._stays(root),
            conditions=self._facts(root, "condition_occurrence", "condition_start_date", "condition_end_date",
                                   "condition_source_concept_id", "condition_status_source_value", "stop_reason"),
            procedures=self._facts(root, "procedure_occurrence", "procedure_date", "procedure_end_date",
                                   "procedure_source_concept_id", "modifier_source_value", "''"),
            exposures=self._facts(root, "drug_exposure", "drug_exposure_start_date", "drug_exposure_end_date",
                                  "drug_source_concept_id", "stop_reason", "sig"),
            observations=self._facts(root, "observation", "observation_date", "NULL",
                                     "observation_source_concept_id", "qualifier_source_value",
                                     "coalesce(value_as_string, CAST(value_as_number AS VARCHAR), '')"),
            results=self._results(root),
            documents=self._documents(who),
            studies=self._study_briefs(who),
        )  # fmt: skip

    def document(self, id: str, query: str = "") -> DocumentPage:
        record_id = number_of(id, "d")
        row = self._ledger.db.execute(
            "SELECT r.patient_id, r.key, r.file_id, r.ordinal, t.layout, t.original_sha, t.original_mime, t.author,"
            " t.hospital, t.language, f.path, f.source FROM records r JOIN texts t USING (record_id)"
            " JOIN files f USING (file_id) WHERE r.record_id = ? AND r.kind = 'document'",
            (record_id,),
        ).fetchone()
        if row is None:
            raise NotFound("no such document")
        patient, key, _, ordinal, layout, original, mime, author, hospital, language, path, source = row
        text = self._corpus.text(id)
        sections, pages = msgspec.msgpack.decode(layout, type=tuple[tuple[Section, ...], tuple[int, ...]])
        root = root_of(self._ledger.db, patient) if patient is not None else None
        neighbours = self._documents(members(self._ledger.db, root)) if root is not None else ()
        current = [d for d in neighbours if d.status == "current" or d.id == id]
        place = next((i for i, d in enumerate(current) if d.id == id), None)
        versions = self._ledger.db.execute(
            f"{_DOCUMENT_BRIEFS} WHERE r.key = ? AND r.kind = 'document' ORDER BY r.record_id DESC", (key,)
        ).fetchall()
        briefs = [_document_brief(v) for v in versions]
        shown = "application/pdf" if source == "pdf" else mime if original is not None else ""
        return DocumentPage(
            document=next(b for b in briefs if b.id == id),
            patient=self._corpus.patients([root]).get(root) if root is not None else None,
            text=text,
            sections=tuple(SectionView(s.title, s.start, s.end) for s in sections),
            pages=pages,
            marks=self._marker(text, query, language) if query else (),
            author=author,
            hospital=hospital,
            language=language,
            original_mime=shown,
            source_path=path,
            locator=f"#{ordinal}",
            versions=tuple(briefs) if len(briefs) > 1 else (),
            # The list is newest first: what precedes in time comes after in it.
            previous=current[place + 1] if place is not None and place + 1 < len(current) else None,
            next=current[place - 1] if place else None,
        )

    def article(self, id: str, query: str = "") -> ArticlePage:
        record_id = number_of(id, "a")
        row = self._ledger.db.execute(
            "SELECT t.layout, t.detail, t.language, f.path FROM records r JOIN texts t USING (record_id)"
            " JOIN files f USING (file_id) WHERE r.record_id = ? AND r.kind = 'article'",
            (record_id,),
        ).fetchone()
        if row is None:
            raise NotFound("no such article")
        sections, _ = msgspec.msgpack.decode(row[0], type=tuple[tuple[Section, ...], tuple[int, ...]])
        article = msgspec.msgpack.decode(row[1], type=Article)
        text = self._corpus.text(id)
        return ArticlePage(
            id=id,
            title=article.title,
            journal=article.journal,
            date=article.at.text if article.at else "",
            authors=article.authors,
            kinds=article.kinds,
            keywords=article.keywords,
            mesh=article.mesh,
            doi=article.doi,
            pmid=article.pmid,
            pmcid=article.pmcid,
            licence=article.licence,
            language=row[2],
            text=text,
            sections=tuple(SectionView(s.title, s.start, s.end) for s in sections),
            marks=self._marker(text, query, row[2]) if query else (),
            source_path=row[3],
        )

    def study(self, id: str) -> StudyPage:
        study_id = number_of(id, "i")
        rows = self._ledger.db.execute(
            "SELECT i.record_id, i.series, i.series_title, i.modality, i.number, i.frames, i.rows, i.columns,"
            " i.report, i.service, i.hospital, f.path, r.patient_id, i.pixels_sha IS NOT NULL, r.stay_id"
            " FROM instances i JOIN records r USING (record_id) JOIN files f USING (file_id)"
            " WHERE i.study_id = ? AND r.state = 'current' ORDER BY i.series, i.number, i.record_id",
            (study_id,),
        ).fetchall()
        if not rows:
            raise NotFound("no such imaging study")
        series: dict[str, list[tuple[object, ...]]] = defaultdict(list)
        for row in rows:
            series[row[1]].append(row)
        patients = [row[12] for row in rows if row[12] is not None]
        root = root_of(self._ledger.db, patients[0]) if patients else None
        who = members(self._ledger.db, root) if root is not None else ()
        studies = self._study_briefs(who) if who else ()
        brief = next((s for s in studies if s.id == id), None) or self._study_brief(study_id)
        reports = (
            tuple(d for d in self._documents(who) if d.type == "imaging-report" and d.date[:10] == brief.date[:10])
            if who
            else ()
        )
        return StudyPage(
            study=brief,
            patient=self._corpus.patients([root]).get(root) if root is not None else None,
            series=tuple(
                SeriesView(
                    title=str(members_[0][2]),
                    modality=str(members_[0][3]),
                    instances=tuple(
                        InstanceView(
                            id=f"x{row[0]}",
                            number=int(str(row[4])),
                            frames=int(str(row[5])),
                            rows=int(str(row[6])),
                            columns=int(str(row[7])),
                        )
                        for row in members_
                        if row[13]
                    ),
                )
                for members_ in series.values()
            ),
            report=next((row[8] for row in rows if row[8]), ""),
            reports=reports,
            others=tuple(s for s in studies if s.id != id),
            service=rows[0][9],
            hospital=rows[0][10],
            source_path=rows[0][11],
        )

    # -- lists of a patient

    def _stays(self, root: int) -> tuple[StayView, ...]:
        rows = self._cdm.query(
            "SELECT visit_occurrence_id, visit_concept_id, coalesce(visit_start_datetime, visit_start_date),"
            " coalesce(visit_end_datetime, visit_end_date), visit_source_value FROM visit_occurrence"
            " WHERE person_id = ? ORDER BY 3 DESC NULLS LAST",
            (root,),
        )
        kinds = {9201: "IMP", 9202: "AMB", 9203: "EMER", 581476: "HH", 5083: "VR"}
        return tuple(
            StayView(
                id=f"s{stay}",
                kind=kinds.get(int(str(kind or 0)), ""),
                start=_iso(start),
                end=_iso(end),
                service=str(service or ""),
            )
            for stay, kind, start, end, service in rows
        )

    def _facts(
        self, root: int, table: str, start: str, end: str, concept: str, status: str, detail: str
    ) -> tuple[FactView, ...]:
        rows = self._cdm.query(
            f"SELECT t.{table}_id, c.concept_name, c.vocabulary_id, c.concept_code, t.{start}, {end},"
            f" t.{status}, {detail}, t.visit_occurrence_id FROM {table} t"
            f" LEFT JOIN concept c ON c.concept_id = t.{concept} WHERE t.person_id = ?"
            f" ORDER BY t.{start} DESC NULLS LAST, 1 DESC",
            (root,),
        )
        return tuple(
            FactView(
                record=int(str(record)),
                label=str(label or ""),
                code="" if vocabulary in (None, "text") else f"{vocabulary}:{code}",
                start=_iso(begin),
                end=_iso(stop),
                status=str(state or ""),
                detail=str(more or ""),
                stay=f"s{stay}" if stay is not None else "",
            )
            for record, label, vocabulary, code, begin, stop, state, more, stay in rows
        )

    def _results(self, root: int) -> tuple[ResultSeries, ...]:
        rows = self._cdm.query(
            "SELECT m.measurement_source_concept_id, c.concept_name, c.vocabulary_id, c.concept_code,"
            " coalesce(m.unit_source_value, ''), coalesce(m.measurement_datetime, m.measurement_date),"
            " m.value_as_number, m.operator_concept_id, m.value_source_value, m.range_low,"
            " m.range_high, m.measurement_id,"
            " v.concept_name FROM measurement m LEFT JOIN concept c ON c.concept_id = m.measurement_source_concept_id"
            " LEFT JOIN concept v ON v.concept_id = m.value_as_concept_id WHERE m.person_id = ?"
            " ORDER BY 6 NULLS FIRST, m.measurement_id",
            (root,),
        )
        groups: dict[tuple[object, str], list[tuple[object, ...]]] = defaultdict(list)
        for row in rows:
            groups[row[0], str(row[4])].append(row)
        series = [_series(unit, points) for (_, unit), points in groups.items()]
        return tuple(sorted(series, key=lambda s: (s.points[-1].at, len(s.points)), reverse=True))

    def _documents(self, who: tuple[int, ...]) -> tuple[DocumentBrief, ...]:
        rows = list(self._ledger.many(f"{_DOCUMENT_BRIEFS} WHERE r.kind = 'document' AND r.patient_id IN ({{}})", who))
        briefs = [_document_brief(row) for row in rows]
        live = [b for b in briefs if b.status in ("current", "cancelled")]
        return tuple(sorted(live, key=lambda b: (b.date, b.id), reverse=True))

    def _study_briefs(self, who: tuple[int, ...]) -> tuple[StudyBrief, ...]:
        rows = self._ledger.many(
            f"{_STUDY_BRIEFS} WHERE r.state = 'current' AND r.patient_id IN ({{}}) GROUP BY i.study_id", who
        )
        return tuple(sorted((_study(row) for row in rows), key=lambda s: s.date, reverse=True))

    def _study_brief(self, study_id: int) -> StudyBrief:
        row = self._ledger.db.execute(
            f"{_STUDY_BRIEFS} WHERE r.state = 'current' AND i.study_id = ? GROUP BY i.study_id", (study_id,)
        ).fetchone()
        return _study(row)


_DOCUMENT_BRIEFS = (
    "SELECT r.record_id, t.title, t.type, r.at, t.service, r.stay_id, r.state FROM records r"
    " JOIN texts t USING (record_id)"
)
_STUDY_BRIEFS = (
    "SELECT i.study_id, max(i.title), max(i.modality), max(i.body_part), min(nullif(r.at, '')), count(*),"
    " max(r.stay_id) FROM instances i JOIN records r USING (record_id)"
)


def number_of(id: str, prefix: str) -> int:
    """The number in a public id (``d12``); `NotFound` when it is not one of that kind."""
    if not id.startswith(prefix) or not id[1:].isdigit() or len(id) > 18:
        raise NotFound("no such record")
    return int(id[1:])


def _document_brief(row: tuple[object, ...]) -> DocumentBrief:
    record, title, kind, at, service, stay, state = row
    return DocumentBrief(
        id=f"d{record}",
        title=str(title),
        type=str(kind),
        date=str(at),
        service=str(service),
        stay=f"s{stay}" if stay is not None else "",
        status=str(state),
    )


def _study(row: tuple[object, ...]) -> StudyBrief:
    study, title, modality, part, at, count, stay = row
    return StudyBrief(
        id=f"i{study}",
        title=str(title or ""),
        modality=str(modality or ""),
        body_part=str(part or ""),
        date=str(at or ""),
        instances=int(str(count)),
        stay=f"s{stay}" if stay is not None else "",
    )


def _series(unit: str, rows: list[tuple[object, ...]]) -> ResultSeries:
    last = rows[-1]
    coded = last[2] not in (None, "text")
    ranged = next((row for row in reversed(rows) if row[9] is not None or row[10] is not None), None)
    return ResultSeries(
        label=str(last[1] or ""),
        code=f"{last[2]}:{last[3]}" if coded else "",
        unit=unit,
        low=_number(ranged[9]) if ranged else None,
        high=_number(ranged[10]) if ranged else None,
        points=tuple(
            ResultPoint(
                at=_iso(row[5]),
                number=_number(row[6]),
                comparator=_COMPARATORS.get(int(str(row[7] or 0)), ""),
                text=str(row[12] or row[8] or ""),
                record=int(str(row[11])),
            )
            for row in rows
        ),
    )


def _number(value: object) -> float | None:
    return float(str(value)) if value is not None else None


def _iso(value: object) -> str:
    """ISO text of a DuckDB date or timestamp; midnight exactly is a day without hour."""
    text = str(value) if value is not None else ""
    return text.removesuffix(" 00:00:00").replace(" ", "T")
