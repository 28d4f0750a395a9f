"""Installing terminologies from the command line, and what searching then understands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from galien.app import terminologies
from galien.app.understanding import understanding_of
from galien.app.workspace import Workspace
from galien.cli import main
from galien.model.errors import InputError
from support.hospital import bundle, note, patient
from support.terminologies import given


def run(workspace: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["-w", str(workspace), *arguments])


def told(workspace: Path, *arguments: str) -> Any:
    done = run(workspace, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with four tiny terminologies."""
    folder = tmp_path_factory.mktemp("terminologies")
    names = ("cim10", "hpo", "bdpm", "orphanet")
    done = run(folder / "ws", "terminology", "install", *names, "--from", str(given(folder / "files", *names)))
    assert done.exit_code == 0, done.output
    return folder / "ws"


def test_list_tells_version_source_and_licence(workspace: Path) -> None:
    by_name = {item["name"]: item for item in told(workspace, "terminology", "list")}
    hpo = by_name["hpo"]["installed"]
    assert hpo["version"] == "hp/releases/2025-01-16"
    assert len(hpo["sha256"]) == 64
    assert hpo["licence"]
    assert by_name["mesh"]["installed"] is None


def test_installing_twice_changes_nothing(workspace: Path) -> None:
    folder = workspace / "terminologies"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    done = run(
        workspace, "--language", "fr", "terminology", "install", "hpo", "--from", str(workspace.parent / "files")
    )
    assert done.exit_code == 0
    assert "rien n'a changé" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before


def test_a_query_finds_the_kinds_of_what_it_names(workspace: Path) -> None:
    lexicon = understanding_of(workspace).lexicon
    assert "CIM10:I21.0" in lexicon.descendants("myocardial-infarction")
    assert "HP:0009001" in lexicon.descendants("headache")
    assert told(workspace, "explain", "céphalée du mardi")["syntax"] == "finding:HP:0009001"
    assert told(workspace, "explain", "condition:CIM10:I21.0")["syntax"] == "condition:CIM10:I21.0"


def test_a_brand_means_its_substance_and_a_rare_disease_lies_in_its_category(workspace: Path) -> None:
    understanding = understanding_of(workspace)
    assert told(workspace, "explain", "trucalgine")["syntax"] == "drug:paracetamol"
    assert understanding.lexicon.parents("Orphanet:99999") == ["CIM10:Q38.2"]


def test_coded_rows_are_linked_by_codes_and_cross_maps(workspace: Path) -> None:
    understanding = understanding_of(workspace)
    assert understanding.linked("SNOMED", "25064002", "")[:1] == ["headache"]
    assert understanding.linked("CIM10", "I2100", "")[:1] == ["CIM10:I21.00"]
    assert understanding.linked("CIS", "60000001", "")[:1] == ["CIS:60000001"]
    assert "CIS:60000001" in understanding.lexicon.descendants("paracetamol")


def test_a_code_that_no_concept_of_the_lexicon_holds_is_linked_by_its_label_too(workspace: Path) -> None:
    understanding = understanding_of(workspace)
    assert understanding.linked("Orphanet", "99999", "Fièvre (disorder)") == ["Orphanet:99999", "fever"]
    assert understanding.linked("CIM10", "Q38.2", "Fièvre") == ["CIM10:Q38.2", "congenital-anomaly"]


def test_texts_are_read_with_what_is_installed(workspace: Path) -> None:
    mentions = understanding_of(workspace).reader.read("Pas de macroglossie. Prend de la Trucalgine.", "fr").mentions
    assert [(m.concept, m.context.negated) for m in mentions if m.kind != "body"] == [
        ("CIM10:Q38.2", True),
        ("paracetamol", False),
    ]


@pytest.mark.parametrize("what", ["I21.0", "CIM10:I210", "CIM10:I21.0"])
def test_show_finds_a_code_however_written(workspace: Path, what: str) -> None:
    (shown,) = told(workspace, "terminology", "show", what)
    assert shown["concept"]["id"] == "CIM10:I21.0"
    assert "myocardial-infarction" in shown["parents"]


def test_show_finds_a_name(workspace: Path) -> None:
    done = run(workspace, "terminology", "show", "macroglossie")
    assert "CIM10:Q38.2" in done.stdout
    refused = run(workspace, "terminology", "show", "zblorg")
    assert refused.exit_code == 1
    assert "Traceback" not in refused.output


def test_removing_takes_its_concepts_away(tmp_path: Path) -> None:
    files = given(tmp_path / "files", "cim10", "orphanet")
    assert run(tmp_path / "ws", "terminology", "install", "cim10", "orphanet", "--from", str(files)).exit_code == 0
    assert run(tmp_path / "ws", "terminology", "remove", "orphanet").exit_code == 0
    lexicon = understanding_of(tmp_path / "ws").lexicon
    assert "Orphanet:99999" not in lexicon
    assert "CIM10:Q38.2" in lexicon
    assert run(tmp_path / "ws", "terminology", "remove", "orphanet").exit_code == 1
    assert len(list((tmp_path / "ws/terminologies").glob("compiled-*"))) == 1
    assert run(tmp_path / "ws", "terminology", "remove", "cim10").exit_code == 0
    assert understanding_of(tmp_path / "ws").reader.whole("fièvre") == ("fever",)


def test_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    done = run(tmp_path / "ws", "terminology", "install", "zblorg")
    assert done.exit_code == 2
    assert "cim10" in done.output


@pytest.mark.parametrize("name", ["snomed", "loinc", "cim10"])
def test_what_is_not_fetched_says_how_to_give_it(tmp_path: Path, name: str) -> None:
    done = run(tmp_path / "ws", "terminology", "install", name)
    assert done.exit_code == 2
    assert "--from" in done.output


def test_offline_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        terminologies.fetch("http://127.0.0.1:9/hp.obo", tmp_path / "hp.obo", "hpo")
    assert "--from" in refused.value.hint


def test_a_broken_file_leaves_the_installed_one_as_it_was(tmp_path: Path) -> None:
    files = given(tmp_path / "files", "cim10")
    assert run(tmp_path / "ws", "terminology", "install", "cim10", "--from", str(files)).exit_code == 0
    card = (tmp_path / "ws/terminologies/cim10/card.json").read_bytes()
    (files / "LIBCIM10MULTI.TXT").write_bytes(b"I21|broken")
    done = run(tmp_path / "ws", "terminology", "install", "cim10", "--from", str(files))
    assert done.exit_code == 1
    assert "input.malformed" in done.output
    assert (tmp_path / "ws/terminologies/cim10/card.json").read_bytes() == card


def test_what_was_compiled_is_made_again_when_it_is_damaged(tmp_path: Path) -> None:
    files = given(tmp_path / "files", "cim10")
    assert run(tmp_path / "ws", "terminology", "install", "cim10", "--from", str(files)).exit_code == 0
    (compiled,) = (tmp_path / "ws/terminologies").glob("compiled-*")
    compiled.write_bytes(compiled.read_bytes()[:1000])
    assert "CIM10:Q38.2" in terminologies.whole_of(tmp_path / "ws", [])


def test_the_hospital_teaches_names_to_what_is_installed(tmp_path: Path) -> None:
    files = given(tmp_path / "files", "cim10")
    assert run(tmp_path / "ws", "terminology", "install", "cim10", "--from", str(files)).exit_code == 0
    done = run(tmp_path / "ws", "synonyms", "add", "CIM10:Q38.2", "--fr", "grande langue")
    assert done.exit_code == 0, done.output
    assert told(tmp_path / "ws", "explain", "grande langue")["syntax"] == "condition:CIM10:Q38.2"


def test_a_search_finds_every_kind_below_coded_or_written(
    workspace: Path, opened: Callable[..., Workspace], tmp_path: Path
) -> None:
    """One patient has a narrower code, one is said to have the rare disease, one is said not to."""
    system = "https://smt.esante.gouv.fr/terminologie-cim-10"
    coded = {
        "resourceType": "Condition",
        "id": "c1",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": system, "code": "Q382"}]},
    }
    shutil.copytree(workspace / "terminologies", tmp_path / "with/terminologies")
    found = opened("with")
    files = tmp_path / "in"
    files.mkdir()
    (files / "1.json").write_text(bundle(patient(1, "LEFÈVRE"), coded), "utf-8")
    (files / "2.json").write_text(bundle(patient(2, "MARTIN"), note("a", 2, "Lettre", "Syndrome inventé à moitié.")))
    (files / "3.json").write_text(bundle(patient(3, "DURAND"), note("b", 3, "Lettre", "Pas de macroglossie.")), "utf-8")
    found.ingest([files])
    titles = {hit.title for hit in found.search("macroglossie", kind="patients").value.hits}
    assert titles == {"LEFÈVRE Anne", "MARTIN Anne"}
