"""Reading a collection: the BEIR layout, and what is said when it is not followed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from galien.evaluation import half_of, load
from galien.model.errors import MalformedInput, UsageError


def test_a_collection_keeps_the_judged_queries_in_their_order(collection_folder: Path) -> None:
    collection = load(collection_folder)
    assert list(collection.queries) == ["Q1", "Q2", "Q3"]  # Q4 has no judgment
    assert list(collection.documents) == ["D1", "D2", "D3", "D4", "D5", "D6"]
    assert collection.documents["D2"] == "Vitamin D in asthma"
    assert collection.judgments["Q2"] == {"D2": 2, "D6": 1}
    assert collection.judged == 5


def test_compressed_files_read_the_same(collection_folder: Path) -> None:
    plain = load(collection_folder)
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        path = collection_folder / name
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    again = load(collection_folder)
    assert (again.queries, again.judgments, again.documents) == (plain.queries, plain.judgments, plain.documents)


def test_other_wordings_come_from_a_table_with_or_without_header(collection_folder: Path, tmp_path: Path) -> None:
    for header in ("query_id\ttext\n", ""):
        (tmp_path / "fr.tsv").write_text(f"{header}Q1\tstatines et cancer du sein\nQ9\tinconnue\n", encoding="utf-8")
        assert load(collection_folder, queries=tmp_path / "fr.tsv").queries == {"Q1": "statines et cancer du sein"}


def test_the_two_halves_share_nothing_and_make_the_whole(collection_folder: Path) -> None:
    whole = load(collection_folder)
    first, second = (set(whole.restricted(half).queries) for half in ("first", "second"))
    assert not first & second
    assert first | second == set(whole.queries)
    assert whole.restricted("all") is whole


def test_halves_never_move() -> None:
    """Reported figures depend on this split: a change of the hash would leak tuned queries into the reported half."""
    assert [half_of(f"PLAIN-{n}") for n in range(1, 9)] == HALVES


HALVES = ["second", "second", "second", "first", "second", "first", "second", "first"]


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("corpus.jsonl", '{"_id": "D1", "text": "a"}\nnot json\n', "corpus.jsonl, line 2"),
        ("queries.jsonl", '{"_id": "Q1"}\n', "queries.jsonl, line 1"),
        ("queries.jsonl", '{"_id": "Q1", "text": "a"}\n{"_id": "Q1", "text": "b"}\n', "came before"),
        ("qrels/test.tsv", "Q1\tD1\t2\n", "header"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nQ1\tD1\thigh\n", "line 2"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nQ1 D1 1\n", "line 2"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nZ1\tD1\t1\n", "none of the queries"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(collection_folder: Path, file: str, content: str, said: str) -> None:
    (collection_folder / file).write_text(content)
    with pytest.raises(MalformedInput, match=said):
        load(collection_folder)


def test_bytes_that_are_no_text_are_malformed(collection_folder: Path) -> None:
    (collection_folder / "queries.jsonl").write_bytes(b'{"_id": "Q1", "text": "\xff\xfe"}')
    with pytest.raises(MalformedInput):
        load(collection_folder)
    path = collection_folder / "corpus.jsonl"
    path.with_name("corpus.jsonl.gz").write_bytes(gzip.compress(path.read_bytes())[:-12])
    path.unlink()
    (collection_folder / "queries.jsonl").write_text('{"_id": "Q1", "text": "a"}')
    with pytest.raises(MalformedInput):
        load(collection_folder)


@pytest.mark.parametrize("missing", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_a_usage_error(collection_folder: Path, missing: str) -> None:
    (collection_folder / missing).unlink()
    with pytest.raises(UsageError, match=missing.rsplit("/", 1)[-1]):
        load(collection_folder)


def test_a_missing_folder_or_split_is_a_usage_error(collection_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="dev"):
        load(collection_folder, split="dev")
