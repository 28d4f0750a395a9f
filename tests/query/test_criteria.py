"""The typed query: three equivalent forms, and its migrations."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galien.app.understanding import shipped_understanding
from galien.model.errors import QueryError
from galien.query import compact, phrasing
from galien.query.criteria import (
    Age,
    All,
    Any,
    Concept,
    Counted,
    DocumentKind,
    Lapse,
    Node,
    Not,
    Period,
    Picked,
    Related,
    Service,
    Sex,
    Stay,
    Text,
    Value,
    from_json,
    to_json,
)
from galien.query.medical import Interpreter

UNDERSTANDING = shipped_understanding()
INTERPRETER = Interpreter(UNDERSTANDING.reader, UNDERSTANDING.lexicon)
KNOWN = [
    Concept(id, UNDERSTANDING.lexicon[id].kind)  # type: ignore[arg-type]
    for id in (
        "hypertension",
        "diabetes",
        "stroke",
        "metformin",
        "anticoagulants",
        "total-hip-replacement",
        "fever",
        "copd",
    )
]
LAPSES = st.builds(Lapse, st.integers(2, 40).map(float), st.sampled_from(["d", "w", "mo", "y"]))
LEAVES = st.one_of(
    st.sampled_from(KNOWN),
    st.builds(
        Concept,
        st.sampled_from(["hypertension", "diabetes", "stroke"]),
        st.just("condition"),
        st.sampled_from(["hedged", "family", "denied"]),
    ),
    st.builds(
        Value,
        st.sampled_from(["hba1c", "creatinine", "crp"]),
        st.sampled_from(["<", "<=", ">", ">="]),
        st.integers(1, 300).map(float),
        st.none(),
        st.just(""),
    ),
    st.builds(Sex, st.sampled_from(["female", "male"])),
    st.builds(Age, st.sampled_from(["<", "<=", ">", ">=", "="]), st.integers(1, 99).map(float)),
    st.builds(DocumentKind, st.sampled_from(["operative-report", "discharge-letter"])),
    st.builds(Service, st.sampled_from(["cardiologie", "medecine interne"])),
    st.builds(
        Stay, st.sampled_from(["any", "inpatient", "emergency"]), st.sampled_from(["", "orthop", "soins continus"])
    ),
    st.just(Text("Palacos")),
    st.just(Text("perte de poids", phrase=True)),
    st.just(Period("2020-01-01", "2021-12-31")),
)
EVENTS = LEAVES.filter(lambda leaf: isinstance(leaf, Concept | Value))


def _related(left: Node, right: Node, low: Lapse | None, high: Lapse | None) -> Node:
    return Related("after", left, right, low, high)


def trees(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Composite queries in their canonical, flat form."""
    flat_all = st.lists(children.filter(lambda n: not isinstance(n, All)), min_size=2, max_size=4)
    flat_any = st.lists(children.filter(lambda n: not isinstance(n, Any)), min_size=2, max_size=3)
    return st.one_of(
        flat_all.map(lambda parts: All(tuple(parts))),
        flat_any.map(lambda parts: Any(tuple(parts))),
        children.filter(lambda n: not isinstance(n, Not)).map(Not),
        st.builds(_related, EVENTS, EVENTS, st.none() | LAPSES, st.none() | LAPSES),
        EVENTS.map(lambda part: Picked("last", part)),
        EVENTS.map(lambda part: Counted(2, part)),
    )


QUERIES = st.recursive(LEAVES, trees, max_leaves=6)


@settings(max_examples=300, deadline=None)
@given(QUERIES)
def test_explicit_syntax_and_json_round_trip(query: Node) -> None:
    assert compact.parse(compact.render(query)) == query
    assert from_json(to_json(query)) == query


@settings(max_examples=300, deadline=None)
@given(QUERIES, st.sampled_from(["fr", "en"]))
def test_medical_language_round_trips(query: Node, language: str) -> None:
    written = phrasing.render(query, UNDERSTANDING.lexicon, UNDERSTANDING.reader, language)
    assert INTERPRETER.understand(written).query == query, written


def test_a_query_of_version_1_is_migrated() -> None:
    old = b'{"version":1,"query":{"type":"concept","id":"x","context":"negated"}}'
    assert from_json(old) == Concept("x", said="denied")


@pytest.mark.parametrize("data", [b"", b"{}", b'{"version":99,"query":{}}', b'{"version":2,"query":{"type":"?"}}'])
def test_what_is_no_query_is_refused(data: bytes) -> None:
    with pytest.raises(QueryError):
        from_json(data)


@pytest.mark.parametrize(
    ("typed", "reading"),
    [
        (
            "femme de plus de 60 ans, HTA sans diabète, sous metformine ou insuline,"
            " HbA1c > 8 % dans les 6 mois après une PTH",
            "sex:female age>60 condition:hypertension NOT condition:diabetes (drug:metformin OR class:insulins)"
            " value:hba1c>8% AFTER[..6mo] act:total-hip-replacement",
        ),
        ("diabette", "condition:diabetes"),
        ("women over 60 with AVC", "sex:female age>60 condition:stroke"),
        ("dernière créatinine > 150 µmol/L", "LAST value:creatinine>150umol/L"),
        ("fièvre sans toux ni dyspnée", "finding:fever NOT finding:cough NOT finding:dyspnoea"),
    ],
)
def test_what_is_typed_is_understood(typed: str, reading: str) -> None:
    assert compact.render(INTERPRETER.understand(typed).query) == reading


def test_what_is_not_understood_is_kept_as_words() -> None:
    understood = INTERPRETER.understand("HTA et zblorg")
    assert understood.words == ("zblorg",)
    assert compact.render(understood.query) == "condition:hypertension zblorg"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120))
def test_whatever_is_typed_is_read(typed: str) -> None:
    INTERPRETER.understand(typed)
