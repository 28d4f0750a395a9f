"""A collection through the real engine, and the command that people and scripts call."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import galien
from galien.cli import main
from galien.evaluation import evaluate, load, prepared


@pytest.fixture
def run(tmp_path: Path):
    def running(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--workspace", str(tmp_path / "ws"), "--language", "en", *arguments])

    return running


def test_a_collection_is_ingested_searched_and_measured(collection_folder: Path, tmp_path: Path) -> None:
    collection = load(collection_folder)
    home, seconds = prepared(collection, tmp_path / "store")
    assert seconds is not None
    with galien.open(home) as workspace:
        result = evaluate(collection, workspace, system="words")
    found = {outcome.id: outcome for outcome in result.per_query}
    assert found["Q1"].found[0].id == "D1"
    assert found["Q1"].measures["nDCG@10"] == 1.0
    assert [shown.id for shown in found["Q2"].found[:2]] == ["D2", "D6"]  # a long question: best match, not every word
    assert found["Q3"].measures["MRR"] == 0.0  # its judged document holds none of its words
    assert (found["Q3"].found[0].id, found["Q3"].found[0].grade) == ("D4", None)
    assert [(shown.title, shown.grade) for shown in found["Q3"].expected] == [("Cinnamon and diabetes", 1)]
    assert result.metrics["nDCG@10"] == pytest.approx(2 / 3, abs=1e-4)
    assert result.documents == 6
    assert set(result.latency_ms) == {"p50", "p95", "p99", "mean"}


def test_an_index_is_used_again_until_the_corpus_changes(collection_folder: Path, tmp_path: Path) -> None:
    home, first = prepared(load(collection_folder), tmp_path / "store")
    again, second = prepared(load(collection_folder), tmp_path / "store")
    assert (again, second) == (home, None)
    assert first is not None
    with (collection_folder / "corpus.jsonl").open("a") as corpus:
        corpus.write('{"_id": "D7", "title": "Tea", "text": "Green tea."}\n')
    other, third = prepared(load(collection_folder), tmp_path / "store")
    assert other != home
    assert third is not None


def test_an_ingest_that_was_stopped_is_done_again(collection_folder: Path, tmp_path: Path) -> None:
    home, _ = prepared(load(collection_folder), tmp_path / "store")
    (home / "evaluated.json").unlink()
    again, seconds = prepared(load(collection_folder), tmp_path / "store")
    assert (again, seconds is not None) == (home, True)
    with galien.open(home) as workspace:
        assert workspace.status().kinds["articles"] == 6


def test_the_command_prints_measures_and_latency_as_json(run, collection_folder: Path, tmp_path: Path) -> None:
    done = run("eval", str(collection_folder), "--json", "--system", "words")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert set(said["metrics"]) == {"nDCG@10", "Recall@100", "MAP", "MRR"}
    assert said["latency_ms"]["p50"] > 0
    assert (said["system"], said["queries"], "per_query" in said) == ("words", 3, False)
    assert len(json.loads(run("eval", str(collection_folder), "--json", "--per-query").stdout)["per_query"]) == 3
    assert not (tmp_path / "ws" / "ledger.sqlite").exists()  # the workspace of the person is not touched


def test_the_command_takes_other_wordings_in_the_other_language(run, collection_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "fr.tsv").write_text("query_id\ttext\nQ1\tles statines et le cancer du sein\n", encoding="utf-8")
    done = run("eval", str(collection_folder), "--queries", str(tmp_path / "fr.tsv"), "--json")
    assert json.loads(done.stdout)["metrics"]["MRR"] == 1.0


def test_two_runs_are_compared(run, collection_folder: Path, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    assert run("eval", str(collection_folder), "--out", str(before)).exit_code == 0
    done = run("eval", str(collection_folder), "--compare", str(before), "--json")
    assert {c["measure"]: (c["difference"], c["p"]) for c in json.loads(done.stdout)["compared"]} == dict.fromkeys(
        ("nDCG@10", "Recall@100", "MAP", "MRR"), (0.0, 1.0)
    )
    shown = run("eval", str(collection_folder), "--against", "words")
    assert "10000 permutations" in " ".join(shown.output.split())


def test_the_page_stands_alone_and_shows_the_worst_queries(run, collection_folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run("eval", str(collection_folder), "--page", str(page)).exit_code == 0
    html = page.read_text("utf-8")
    assert "night work of pilots" in html
    assert "Sleep of nurses" in html
    assert html.count("<rect") == 3
    assert not re.search(r"<script|https?://|src=|<link|@import", html)
    french = tmp_path / "fr.html"
    assert run("--language", "fr", "eval", str(collection_folder), "--page", str(french)).exit_code == 0
    assert "Les requêtes à regarder" in french.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--split", "dev"], 2), (["--compare", "nowhere.json"], 2), (["--against", "words", "--compare", "x"], 2)],
)
def test_refusals_are_typed(run, collection_folder: Path, arguments: list[str], code: int) -> None:
    done = run("eval", str(collection_folder), *arguments)
    assert done.exit_code == code
    assert "Traceback" not in done.output


def test_a_malformed_collection_is_refused_with_its_line(run, collection_folder: Path) -> None:
    (collection_folder / "qrels" / "test.tsv").write_text("Q1\tD1\t1\n")
    done = run("eval", str(collection_folder))
    assert done.exit_code == 1
    assert "input.malformed" in done.output
    assert "line 1" in done.output


def test_without_the_measuring_library_it_is_said_before_any_work(
    run, collection_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    done = run("eval", str(collection_folder))
    assert done.exit_code == 1
    assert "pip install ir-measures" in done.output
    assert not (tmp_path / "ws" / "eval").exists()
