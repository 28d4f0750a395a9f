"""Remembered patient sets always equal what the index would say."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from galien.index import clauses as c
from galien.index.embedded import TantivyIndex
from galien.testing.index_conformance import entry, word

WORDS = ("hanche", "genou", "cheville")
CHANGES = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 5), st.sampled_from(WORDS), st.booleans()), min_size=1, max_size=4
)


@settings(max_examples=12, deadline=None)
@given(batches=st.lists(CHANGES, min_size=2, max_size=6))
def test_sets_follow_additions_moves_and_removals(tmp_path_factory, batches) -> None:
    index = TantivyIndex(Path(tmp_path_factory.mktemp("index")))
    clauses = [word(w) for w in WORDS] + [c.All((word("hanche"), c.Value("service", ("A",))))]
    held = []
    for sequence, batch in enumerate(batches, 1):
        entries = {
            f"d{number}": entry(f"d{number}", "Note", f"Douleur de {site}.", patient=patient, service="A")
            for number, patient, site, gone in batch
            if not gone
        }
        removed = {f"d{number}" for number, _, _, gone in batch if gone} - entries.keys()
        index.apply(sequence, list(entries.values()), sorted(removed))
        now = index.snapshot()
        held.append((now, [list(now._find_patients(clause)) for clause in clauses]))
        for snapshot, expected in held[-3:]:
            assert [list(snapshot.patients(clause)) for clause in clauses] == expected
    index.close()
