"""The commands that read texts, explain queries and learn the hospital's words."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from galien.cli import main


def run(*arguments: str, text: str | None = None) -> str:
    done = CliRunner().invoke(main, list(arguments), input=text)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_read_gives_mentions_with_their_context() -> None:
    told = json.loads(run("read", "-", "--json", text="Pas de fièvre. Créatinine 150 µmol/L."))
    (fever,) = [m for m in told["mentions"] if m["concept"] == "fever"]
    assert fever["text"] == "fièvre"
    assert fever["context"]["negated"]
    assert fever["context"]["cue"] == ["Pas de"]
    assert [(q["concept"], q["value"]) for q in told["quantities"]] == [("creatinine", 150.0)]


def test_read_spans_answers_each_line(tmp_path: Path) -> None:
    file = tmp_path / "spans.jsonl"
    file.write_text(json.dumps({"id": "a", "text": "Suspicion d'embolie.", "spans": [[12, 19]]}) + "\n", "utf-8")
    told = json.loads(run("read", "--spans", str(file), "--lang", "fr"))
    assert told["id"] == "a"
    assert told["contexts"][0]["hedged"]
    assert told["contexts"][0]["subject"] == "patient"


def test_a_malformed_line_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "spans.jsonl"
    file.write_text('{"text": "x"}\n', "utf-8")
    done = CliRunner().invoke(main, ["read", "--spans", str(file)])
    assert done.exit_code == 1
    assert "Traceback" not in done.output


def test_explain_tells_what_was_not_understood() -> None:
    told = json.loads(run("explain", "HTA sans zblorg", "--json"))
    assert told["syntax"] == "condition:hypertension NOT zblorg"
    assert told["not_understood"] == ["zblorg"]
    assert [c["negated"] for c in told["criteria"]] == [False, True]


def test_a_hospital_teaches_its_words(tmp_path: Path) -> None:
    workspace = ("--workspace", str(tmp_path / "ws"))
    run(*workspace, "synonyms", "add", "hypertension", "--fr", "tension trop haute")
    run(*workspace, "synonyms", "add", "hypertension", "--fr", "tension trop haute")
    assert (tmp_path / "ws/lexicon/hospital.tsv").read_text("utf-8").count("tension trop haute") == 1
    told = json.loads(run(*workspace, "explain", "tension trop haute", "--json"))
    assert told["syntax"] == "condition:hypertension"


def test_an_unknown_concept_cannot_be_taught(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["-w", str(tmp_path), "synonyms", "add", "nothing", "--fr", "rien"])
    assert done.exit_code == 1
    assert "synonyms show" in done.output


def test_what_the_hospital_taught_is_checked(tmp_path: Path) -> None:
    workspace = ("--workspace", str(tmp_path))
    file = tmp_path / "lexicon" / "sections.toml"
    file.parent.mkdir()
    file.write_text('history = ["passé"]\n', "utf-8")
    assert "sections.toml" in run(*workspace, "synonyms", "check")
    file.write_text('histoire = ["passé"]\n', "utf-8")
    done = CliRunner().invoke(main, [*workspace, "synonyms", "check"])
    assert done.exit_code == 1
    assert "sections.toml, histoire" in " ".join(done.output.split())


def test_read_tells_the_side() -> None:
    told = json.loads(run("read", "-", "--json", "--lang", "fr", text="Fracture du col du fémur gauche."))
    assert {m["concept"]: m["side"] for m in told["mentions"]}["femoral-neck-fracture"] == "left"
