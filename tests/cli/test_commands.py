"""The commands that others script against: shapes, exit codes, no traceback."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from galien.cli import main


@pytest.fixture
def run(tmp_path: Path):
    def running(*arguments: str, input: bytes | None = None) -> Result:
        return CliRunner().invoke(main, ["--workspace", str(tmp_path / "ws"), *arguments], input=input)

    return running


def test_ingest_search_status(run, hospital: Path) -> None:
    (hospital / "bad.json").write_text('{"resourceType": "Patient", ')
    done = run("ingest", str(hospital), "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["files"] == 5
    assert report["records"]["document"] == 4
    assert [(Path(q["path"]).name, bool(q["reason"])) for q in report["quarantined"]] == [("bad.json", True)]
    assert json.loads(run("ingest", str(hospital), "--json").stdout)["duplicates"] == 4
    found = json.loads(run("search", "hanche droite", "--kind", "documents", "--limit", "5", "--json").stdout)
    (hit,) = found["hits"]
    assert {"kind", "id", "title", "patient", "date", "source_path", "score", "evidence"} <= hit.keys()
    evidence = hit["evidence"][0]
    assert evidence["end"] - evidence["start"] == len(evidence["quote"])
    status = json.loads(run("status", "--json").stdout)
    assert status["kinds"] == {"patients": 3, "documents": 4, "images": 0, "articles": 1}
    assert status["omop"]["person"] == 3
    assert status["batches"] == 2
    assert status["index"]["behind"] == 0


def test_tables_for_people(run, hospital: Path) -> None:
    assert run("ingest", str(hospital)).exit_code == 0
    shown = run("search", "prothèse")
    assert shown.exit_code == 0
    assert "LEFÈVRE" in shown.output
    assert run("status").exit_code == 0
    assert run("workspace", "verify").exit_code == 0
    assert "agrees" in run("workspace", "verify").output


def test_the_commands_speak_french_and_english(run, hospital: Path) -> None:
    assert "enregistrements" in run("--language", "fr", "ingest", str(hospital)).output
    assert "Tout concorde." in run("--language", "fr", "workspace", "verify").output
    assert "files already known" in run("--language", "en", "ingest", str(hospital)).output


def test_standard_input(run) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        data = "Compte rendu : lithiase vésiculaire.".encode()
        about = tarfile.TarInfo("cr.txt")
        about.size = len(data)
        archive.addfile(about, io.BytesIO(data))
    done = run("ingest", "-", "--json", input=out.getvalue())
    assert json.loads(done.stdout)["records"] == {"document": 1}


def test_quarantine_list_show_retry(run, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"resourceType": "Patient", ')
    run("ingest", str(tmp_path / "bad.json"))
    (item,) = json.loads(run("quarantine", "list", "--json").stdout)
    assert item["code"] == "input.malformed"
    shown = run("quarantine", "show", str(item["id"]))
    assert item["reason"] in shown.output
    assert run("quarantine", "retry").exit_code == 0


def test_rebuild(run, hospital: Path) -> None:
    run("ingest", str(hospital))
    for projection in ("index", "omop"):
        assert run("rebuild", projection).exit_code == 0
    assert run("workspace", "verify").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("ingest", "/no/such/place"), 2),
        (("search",), 2),
        (("nonsense",), 2),
        (("search", "x", "--kind", "horses"), 2),
        (("search", "x" * 3000), 1),
        (("serve", "--host", "0.0.0.0"), 2),
        (("quarantine", "show", "7"), 1),
    ],
)
def test_refusals_have_their_exit_code_and_no_traceback(run, hospital: Path, arguments, code) -> None:
    run("ingest", str(hospital))
    refused = run(*arguments)
    assert refused.exit_code == code, refused.output
    assert "Traceback" not in refused.output


def test_a_file_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ws").write_text("not a folder")
    refused = CliRunner().invoke(main, ["--workspace", str(tmp_path / "ws"), "status"])
    assert refused.exit_code in (1, 2)
    assert "Traceback" not in refused.output


def test_help_teaches() -> None:
    for command in ([], ["ingest"], ["search"], ["serve"], ["demo", "generate"], ["quarantine"], ["workspace"]):
        shown = CliRunner().invoke(main, [*command, "--help"])
        assert shown.exit_code == 0
        assert len(shown.output) > 200, command
    assert "galien ingest" in CliRunner().invoke(main, ["--help"]).output


def test_demo_generate(tmp_path: Path) -> None:
    out = tmp_path / "made"
    done = CliRunner().invoke(main, ["demo", "generate", str(out), "--patients", "2", "--seed", "3", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["patients"] == 2
    assert any((out / "files").rglob("*.dcm"))


def test_ask_answers_or_says_where_it_looked(run, hospital: Path) -> None:
    assert run("ingest", str(hospital)).exit_code == 0
    found = run("--language", "fr", "ask", "p1", "date de la pose de la PTH")
    assert found.exit_code == 0, found.output
    assert "12/03/2024" in found.output
    nothing = run("--language", "en", "ask", "p1", "is she on warfarin?")
    assert "Nothing says so" in nothing.output
    assert "Documents 2 (2024-03-12" in nothing.output
    unknown = run("--language", "en", "ask", "p1", "what is the colour of her eyes?")
    assert unknown.output.count("galien ask p1") == 3
    assert run("ask", "nobody", "HTA ?").exit_code == 1
