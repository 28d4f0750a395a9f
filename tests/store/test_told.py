"""What documents say, by document and by concept, agrees with NOTE_NLP, whatever the order and size of commits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galien.app.workspace import Workspace
from galien.store import told as module
from galien.store.reading import Finding
from galien.store.told import ALLERGY, NAMED, OPERATORS, VALUED, Told, bits

FINDINGS = st.lists(
    st.one_of(
        st.builds(
            Finding,
            st.integers(0, 50),
            st.integers(51, 90),
            st.sampled_from(["hypertension", "fever", "asthma"]),
            st.just("condition"),
            st.sampled_from(["", "n", "h", "af", "nr"]),
            st.sampled_from(["", "allergy"]),
        ),
        st.builds(
            Finding,
            st.integers(0, 50),
            st.integers(51, 90),
            st.sampled_from(["hba1c", "creatinine"]),
            st.just("value"),
            comparator=st.sampled_from(OPERATORS),
            value=st.floats(0, 100),
        ),
    ),
    max_size=6,
).map(tuple)


@settings(max_examples=30, deadline=None)
@given(commits=st.lists(st.lists(FINDINGS, max_size=4), max_size=5))
def test_both_arrangements_hold_the_same(
    commits: list[list[tuple[Finding, ...]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = Told(tmp_path_factory.mktemp("told") / "told.sqlite")
    everything: dict[int, tuple[Finding, ...]] = {}
    record = 0
    for number, commit in enumerate(commits, 1):
        found = {}
        for findings in commit:
            record += 1
            found[record] = findings
        kept.apply(number, found)
        kept.apply(number, found)  # again: nothing is doubled
        everything |= found
    for record, findings in everything.items():
        assert [(p.start, p.end, p.concept, p.context) for p in kept.of([record])[record]] == [
            (f.start, f.end, f.concept, f.context) for f in findings
        ]
    flat = [(r, n, f) for r, findings in everything.items() for n, f in enumerate(findings)]
    for concept in ("hypertension", "fever", "hba1c", "creatinine"):
        named = sorted(kept.named([concept]).tolist())
        assert named == sorted(
            (r, n, bits(f.context) | (ALLERGY if f.section == "allergy" else 0))
            for r, n, f in flat
            if f.concept == concept and f.kind != "value"
        )
        valued = sorted(kept.valued([concept]).tolist())
        assert valued == sorted(
            (r, n, OPERATORS.index(f.comparator), f.value)
            for r, n, f in flat
            if f.concept == concept and f.kind == "value"
        )
    kept.close()


def test_a_common_concept_fills_several_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SEGMENT", 100)
    kept = Told(tmp_path / "told.sqlite")
    for number in range(1, 40):
        kept.apply(number, {number: (Finding(0, 5, "fever", "finding"),)})
    assert kept.named(["fever"])["record"].tolist() == list(range(1, 40))
    segments = kept._db.execute("SELECT count(*) FROM posting").fetchone()[0]
    assert 1 < segments < 39
    kept.close()


def test_what_left_is_forgotten_by_document(tmp_path: Path) -> None:
    kept = Told(tmp_path / "told.sqlite")
    kept.apply(1, {1: (Finding(0, 5, "fever", "finding"),)})
    kept.apply(2, {2: (Finding(0, 5, "fever", "finding", "n"),)}, removed=[1])
    assert list(kept.of([1, 2])) == [2]
    kept.clear()
    assert kept.last_commit() == 0
    assert not len(kept.named(["fever"]))
    kept.close()


def test_a_failed_commit_leaves_nothing(tmp_path: Path) -> None:
    kept = Told(tmp_path / "told.sqlite")
    bad = Finding(0, 5, "asthma", "condition", "not letters")
    with pytest.raises(ValueError, match="substring"):
        kept.apply(1, {1: (Finding(0, 5, "fever", "finding"), bad)})
    assert kept.last_commit() == 0
    assert not len(kept.named(["fever", "asthma"]))
    kept.apply(1, {1: (Finding(0, 5, "asthma", "condition"),)})
    assert kept.of([1])[1][0].concept == "asthma"
    kept.close()


def test_it_agrees_with_note_nlp(workspace: Workspace) -> None:
    rows = workspace._cdm.query("SELECT note_id, lexical_variant, term_exists FROM note_nlp ORDER BY note_nlp_id")
    told = workspace._told.of(sorted({int(str(row[0])) for row in rows}))
    texts = {id: workspace._corpus.text(f"d{id}") for id in told}
    shown = [
        (note, texts[note][p.start : p.end], "N" if set(p.context) & set("nhcfl") else "Y")
        for note in sorted(told)
        for p in told[note]
    ]
    assert shown == [(int(str(n)), str(v), str(y)) for n, v, y in rows]
    assert rows


def test_types_are_packed() -> None:
    """The blobs are read where they lie: the layouts must not depend on the machine."""
    assert NAMED.itemsize == 14
    assert VALUED.itemsize == 21
    assert np.dtype("<i8") == NAMED["record"]
