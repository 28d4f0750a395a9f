"""Near misses: what comes nearest to a criterion, against plain loops over the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galien.app.workspace import Workspace
from galien.model.errors import NotFound, QueryError
from galien.query.criteria import Age, All, Concept, Counted, Lapse, Node, Not, Picked, Related, Sex, Value
from galien.query.execution import Execution
from galien.query.nearly import closest
from support.oracle import (
    CONCEPTS,
    DAYS_APART,
    QUERIES,
    TODAY,
    VALUES,
    Adapter,
    Records,
    answers_for,
    during,
    events,
    hospitals,
    is_event,
    years,
)

EVERY_VALUE = Value("hba1c", ">", -1e9)
RELATIONS = st.sampled_from(["after", "before", "around"])


def execution(hospital: Records) -> Execution:
    adapter = Adapter(hospital)
    return Execution(adapter, adapter, adapter, lambda *_: np.empty(0, np.int64), TODAY)  # type: ignore[arg-type]


def gap(number: float, asked: Value | Age) -> float:
    return max(asked.number - number if asked.op in (">", ">=", "=") else 0.0,
               number - asked.number if asked.op in ("<", "<=", "=") else 0.0, 0.0)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(hospitals(), st.lists(QUERIES, min_size=2, max_size=4))
def test_who_misses_one_criterion_only(hospital: Records, parts: list[Node]) -> None:
    query = All(tuple(parts))
    outcome = execution(hospital).run(query)
    first = next((p for p in parts if is_event(p)), None)
    anchor = during(events(hospital, first), ()) if first is not None else None
    for place in range(len(parts)):
        missing = [
            person
            for person in hospital.persons()
            if [answers_for(hospital, p, person, anchor, ()) for p in parts] == [n != place for n in range(len(parts))]
        ]
        assert outcome.missing_only(place).tolist() == missing


@settings(max_examples=300, deadline=None)
@given(hospitals(), VALUES)
def test_the_nearest_value(hospital: Records, value: Value) -> None:
    run = execution(hospital)
    everyone = np.array(hospital.persons(), np.int64)
    found = {
        int(p): (float(d), float(n))
        for near in closest(value, everyone, value, run)
        for p, d, n in zip(near.person, near.distance, near.number, strict=True)
    }
    for person in hospital.persons():
        numbers = [r.number for r in events(hospital, EVERY_VALUE) if r.person == person]
        if not numbers:
            assert person not in found
            continue
        best = min(gap(n, value) for n in numbers)  # type: ignore[arg-type]
        distance, number = found[person]
        assert distance == pytest.approx(best / value.number)
        assert gap(number, value) == pytest.approx(best)


@settings(max_examples=500, deadline=None)
@given(
    hospitals(), st.sampled_from(["after", "before", "around"]), CONCEPTS, CONCEPTS, st.none() | DAYS_APART, DAYS_APART
)
def test_the_nearest_lapse(
    hospital: Records, relation: str, left: Concept, right: Concept, low: Lapse | None, high: Lapse
) -> None:
    least, most = (low.n if low and relation != "around" else 0.0), high.n
    if least > most:
        return
    node = Related(relation, left, right, low if relation != "around" else None, high)  # type: ignore[arg-type]
    run = execution(hospital)
    missing = np.setdiff1d(np.array(hospital.persons(), np.int64), run.patients(node))
    found = {
        int(p): (float(d), float(n))
        for near in closest(node, missing, node, run)
        if near.reason == "lapse"
        for p, d, n in zip(near.person, near.distance, near.number, strict=True)
    }
    for person in missing.tolist():
        lapses = [
            row.day - other.day
            for row in events(hospital, left)
            for other in events(hospital, right)
            if row.person == other.person == person
        ]
        if not lapses:
            assert person not in found
            continue

        def excess(lapse: int) -> float:
            if relation == "around":
                return max(abs(lapse) - most, 0)
            asked = lapse if relation == "after" else -lapse
            return max(asked - most, least - asked, 0)

        best = min(excess(lapse) for lapse in lapses)
        distance, lapse = found[person]
        assert distance * max(most, 30.0) == pytest.approx(best)
        assert excess(int(lapse)) == pytest.approx(best)


@settings(max_examples=200, deadline=None)
@given(hospitals(), st.integers(2, 4), CONCEPTS)
def test_how_often(hospital: Records, least: int, concept: Concept) -> None:
    node = Counted(least, concept)
    run = execution(hospital)
    missing = np.setdiff1d(np.array(hospital.persons(), np.int64), run.patients(node))
    found = {
        int(p): int(n)
        for near in closest(node, missing, node, run)
        for p, n in zip(near.person, near.number, strict=True)
    }
    for person in missing.tolist():
        days = {r.day for r in events(hospital, concept) if r.person == person}
        assert found.get(person, 0) == len(days)


@settings(max_examples=200, deadline=None)
@given(hospitals(), st.sampled_from(["<", ">", ">="]), st.integers(10, 70))
def test_the_nearest_age(hospital: Records, op: str, number: int) -> None:
    age = Age(op, float(number))  # type: ignore[arg-type]
    query = All((Sex("female"), age))
    found = {
        int(p): float(n)
        for near in closest(age, np.array(hospital.persons(), np.int64), query, execution(hospital))
        for p, n in zip(near.person, near.number, strict=True)
    }
    assert found == {p: years(born, TODAY) for p, _, born in hospital.people}


def test_a_last_value_is_not_any_value() -> None:
    from support.oracle import Row

    hospital = Records(((1, "female", 0),), (Row(1, "hba1c", 100, 0, 1, 7.9), Row(1, "hba1c", 200, 0, 2, 6.0)))
    picked = Picked("last", Value("hba1c", ">", 8.0))
    (near,) = closest(picked, np.array([1]), picked, execution(hospital))
    assert near.number.tolist() == [6.0]


def test_the_moment_may_be_right_and_the_value_not() -> None:
    from support.oracle import Row

    rows = (Row(1, "stroke", 100, 0, 1), Row(1, "hba1c", 150, 0, 2, 7.9), Row(1, "hba1c", 900, 0, 3, 9.0))
    node = Related("after", Value("hba1c", ">", 8.0), Concept("stroke"), None, Lapse(100, "d"))
    reasons = {n.reason: n for n in closest(node, np.array([1]), node, execution(Records(((1, "male", 0),), rows)))}
    assert reasons["value"].number.tolist() == [7.9]
    assert reasons["lapse"].number.tolist() == [800.0]


def test_what_should_be_absent() -> None:
    from support.oracle import Row

    hospital = Records(((1, "male", 0),), (Row(1, "stroke", 100, 0, 7),))
    node = Not(Concept("stroke"))
    (near,) = closest(node, np.array([1]), node, execution(hospital))
    assert (near.reason, near.events.ref.tolist()) == ("present", [7])


def test_why_and_why_not(workspace: Workspace) -> None:
    (hit,) = workspace.search("prothèse de hanche", kind="patients").value.hits
    answer = workspace.why(hit.id, "prothèse de hanche, diabète de type 1").value
    assert [v.met for v in answer.verdicts] == [True, False]
    assert not answer.met
    assert answer.verdicts[0].evidence[0].document == "d2"
    assert answer.verdicts[1].short is not None
    with pytest.raises(NotFound):
        workspace.why("p999", "diabète")
    with pytest.raises(QueryError):
        workspace.why(hit.id, "xyzzy")


def test_nobody_answers_and_those_who_nearly_do_are_told(workspace: Workspace) -> None:
    answer = workspace.search("prothèse de hanche, femme, sans diabète", kind="patients").value
    groups = {group.criterion: group for group in answer.nearly}
    missed = groups["− diabète"]
    assert missed.count == 1
    assert missed.closest[0].short.reason == "present"
    assert missed.closest[0].short.evidence
