"""An ingest that a hospital can trust: nothing doubled, nothing lost, everything said."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from galien.app.workspace import Workspace
from galien.model.errors import StorageFull, UsageError, WorkspaceBusy
from support.hospital import bundle, measure, note, patient


def state(workspace: Workspace) -> tuple[object, ...]:
    status = workspace.status()
    return status.kinds, status.omop, status.files


def test_the_report_says_what_came(workspace: Workspace, hospital: Path) -> None:
    (batch,) = workspace.batches()
    assert batch.state == "done"
    assert batch.files == 4
    status = workspace.status()
    assert status.kinds == {"patients": 3, "documents": 4, "images": 0, "articles": 1}
    assert status.omop["measurement"] == 2
    assert status.index["behind"] == 0


def test_the_same_files_twice_change_nothing(workspace: Workspace, hospital: Path) -> None:
    before = state(workspace)
    again = workspace.ingest([hospital], workers=0)
    assert (again.files, again.duplicates, dict(again.records)) == (4, 4, {})
    assert state(workspace) == before


def test_the_same_records_in_another_file_change_nothing(workspace: Workspace, hospital: Path) -> None:
    before = workspace.status()
    (hospital / "1.json").write_text((hospital / "1.json").read_text() + "\n")
    again = workspace.ingest([hospital], workers=0)
    assert again.unchanged == 5
    assert workspace.status().omop == before.omop
    assert workspace.status().kinds == before.kinds


def test_a_new_version_supersedes_and_the_old_one_stays_readable(workspace: Workspace, tmp_path: Path) -> None:
    (old,) = workspace.search("totale", kind="documents").value.hits
    corrected = tmp_path / "corrected.json"
    corrected.write_text(
        bundle(
            patient(1, "LEFÈVRE"),
            note("cro", 1, "Compte rendu opératoire", "Reprise à gauche.", version="2"),
        )
    )
    report = workspace.ingest([corrected], workers=0)
    assert report.superseded == 1
    assert workspace.search("totale", kind="documents").value.total == 0
    (new,) = workspace.search("reprise", kind="documents").value.hits
    assert new.id != old.id
    assert "totale de hanche" in workspace.document(old.id).value.text
    assert workspace.document(old.id).value.document.status == "superseded"
    assert workspace.status().kinds["documents"] == 4


def test_parallel_and_single_give_the_same(hospital: Path, opened: Callable[..., Workspace]) -> None:
    one, two = opened("one"), opened("two")
    one.ingest([hospital], workers=0)
    two.ingest([hospital], workers=2)
    assert state(one) == state(two)
    ids = [[h.id for h in w.search("prothèse", kind="documents").value.hits] for w in (one, two)]
    assert ids[0] == ids[1]


def test_a_plain_script_may_ingest_without_a_guard(hospital: Path, tmp_path: Path) -> None:
    """Parsing processes do not run the caller's script again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import galien, pathlib, sys\n"
        "print('once')\n"
        "with galien.open(sys.argv[1]) as w:\n"
        "    report = w.ingest([pathlib.Path(sys.argv[2])], workers=2)\n"
        "print(report.records['document'], len(report.quarantined))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "ws"), str(hospital)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["once", "4", "0"]


def test_a_dry_run_writes_nothing(hospital: Path, opened: Callable[..., Workspace]) -> None:
    workspace = opened()
    report = workspace.ingest([hospital], workers=0, dry_run=True)
    assert report.records["document"] == 4
    assert workspace.status().files == 0
    assert workspace.batches() == ()


def test_bad_files_are_set_aside_with_their_reason_and_the_rest_goes_in(workspace: Workspace, tmp_path: Path) -> None:
    lot = tmp_path / "lot"
    lot.mkdir()
    (lot / "good.txt").write_text("Compte rendu : embolie pulmonaire bilatérale.")
    (lot / "cut.json").write_text('{"resourceType":"Patient","id":')
    (lot / "empty.txt").write_bytes(b"")
    (lot / "junk.bin").write_bytes(os.urandom(4000))
    with zipfile.ZipFile(lot / "a.zip", "w") as archive:
        archive.writestr("../../out.txt", "x")
        archive.writestr("in.txt", "Thrombose veineuse profonde du mollet.")
    report = workspace.ingest([lot], workers=0)
    reasons = {Path(q.path.split("!")[0]).name: q.code for q in report.quarantined}
    assert reasons == {
        "cut.json": "input.malformed",
        "empty.txt": "input.malformed",
        "junk.bin": "input.unknown_format",
        "a.zip": "input.hostile",
    }
    assert workspace.search("embolie").value.total == 1
    assert workspace.search("thrombose").value.total == 1
    assert not (tmp_path / "out.txt").exists()
    assert len(workspace.quarantine()) == 4
    again = workspace.ingest([lot], workers=0)
    assert len(again.quarantined) == 4
    assert len(workspace.quarantine()) == 4, "the same bad file is set aside once"


def test_a_quarantined_file_can_be_retried(workspace: Workspace, tmp_path: Path, monkeypatch) -> None:
    from galien.sources import registry

    path = tmp_path / "note.txt"
    path.write_text("Lettre : phlegmon de l'amygdale.")

    def refuse(head: bytes, path: str) -> object:
        raise registry.UnknownFormat("not yet")

    with monkeypatch.context() as patch:
        patch.setattr("galien.app.reading.recognise", refuse)
        assert len(workspace.ingest([path], workers=0).quarantined) == 1
    path.unlink()  # the bytes were kept
    report = workspace.retry()
    assert report.records["document"] == 1
    assert workspace.quarantine() == ()
    assert workspace.search("phlegmon").value.total == 1


def test_an_unknown_path_is_refused_before_anything(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        workspace.ingest([tmp_path / "nowhere"])


def test_a_full_disk_is_an_error_and_the_same_again_goes_on(
    hospital: Path, opened: Callable[..., Workspace], monkeypatch
) -> None:
    workspace = opened()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageFull):
            workspace.ingest([hospital], workers=0)
    assert workspace.status().files == 0
    assert workspace.ingest([hospital], workers=0).records["document"] == 4
    assert workspace.verify() == []


def test_two_owners_are_one_too_many(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceBusy):
        Workspace(workspace.folder)


def test_both_projections_can_be_made_again_from_bytes_and_ledger(workspace: Workspace) -> None:
    def answers() -> list[object]:
        asked = [(q, k) for q in ("hanche", "fièvre", "I10", "LEFÈVRE") for k in ("patients", "documents")]
        found = [workspace.search(q, kind=k).value for q, k in asked]
        return [[(h.id, h.score, h.evidence) for h in f.hits] for f in found]

    before, omop = answers(), workspace.status().omop
    assert workspace.verify() == []
    workspace.rebuild("index")
    workspace.rebuild("omop")
    assert workspace.verify() == []
    assert answers() == before
    assert workspace.status().omop == omop


def test_verify_names_what_is_wrong(workspace: Workspace) -> None:
    (hit,) = workspace.search("totale", kind="documents").value.hits
    workspace._index.apply(workspace._index.sequence(), [], [hit.id])
    assert any(hit.id in line for line in workspace.verify())
    pack = next((workspace.folder / "packs").glob("*.pack"))
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 0xFF
    pack.write_bytes(bytes(data))
    assert any("blob" in line for line in workspace.verify())


def test_patients_meet_by_identifier_and_issuer_never_by_name(workspace: Workspace, tmp_path: Path) -> None:
    twin = patient(9, "LEFÈVRE")
    (tmp_path / "twin.json").write_text(bundle(twin, note("x", 9, "Lettre", "Une homonyme.")))
    workspace.ingest([tmp_path / "twin.json"], workers=0)
    assert workspace.search("LEFÈVRE", kind="patients").value.total == 2
    other = patient(1, "AUTRE")
    other["identifier"] = [{"system": "urn:oid:1.2.250.1.99.9.9", "value": "1"}]
    other["id"] = "elsewhere"
    (tmp_path / "other.json").write_text(bundle(other))
    workspace.ingest([tmp_path / "other.json"], workers=0, feed="clinic")
    assert workspace.status().kinds["patients"] == 5


def test_a_merge_is_journalled_and_can_be_undone(workspace: Workspace, tmp_path: Path) -> None:
    message = "MSH|^~\\&|GAM|CHU|G|C|20240401||ADT^A40^ADT_A39|1|P|2.5|||||FRA|UNICODE UTF-8\r"
    message += "PID|||1^^^CHU&1.2.250.1.71.4.2.2&ISO^PI||LEFÈVRE^Anne||19570502|F\r"
    message += "MRG|3^^^CHU&1.2.250.1.71.4.2.2&ISO^PI\r"
    (tmp_path / "merge.hl7").write_text(message)
    before = state(workspace)
    workspace.ingest([tmp_path / "merge.hl7"], workers=0)
    assert workspace.status().kinds["patients"] == 2
    found = workspace.search("pneumopathie", kind="patients").value
    assert found.hits[0].title.startswith("LEFÈVRE")
    assert workspace.verify() == []
    absorbed = workspace.identity_events()[0][4]
    assert workspace.undo_merge(f"p{absorbed}")
    assert workspace.status().kinds["patients"] == 3
    assert workspace.search("pneumopathie", kind="patients").value.hits[0].title.startswith("DURAND")
    assert workspace.verify() == []
    assert state(workspace)[1] == before[1]
    assert not workspace.undo_merge(f"p{absorbed}")


def test_a_withdrawn_document_leaves_every_answer_and_stays_readable(workspace: Workspace, tmp_path: Path) -> None:
    (hit,) = workspace.search("totale", kind="documents").value.hits
    entry = '{"request":{"method":"DELETE","url":"DocumentReference/cro"}}'
    gone = '{"resourceType":"Bundle","type":"history","entry":[' + entry + "]}"
    (tmp_path / "gone.json").write_text(gone)
    workspace.ingest([tmp_path / "gone.json"], workers=0)
    assert workspace.search("totale").value.total == 0
    assert "totale" in workspace.document(hit.id).value.text


def test_values_come_back_with_their_unit_and_day(workspace: Workspace, tmp_path: Path) -> None:
    (hit,) = workspace.search("hémoglobine glyquée", kind="patients").value.hits
    page = workspace.patient(hit.id).value
    (series,) = page.results
    assert [(p.at[:10], p.number) for p in series.points] == [("2024-02-01", 7.9), ("2024-05-01", 7.1)]
    assert series.unit == "%"
    late = tmp_path / "late.json"
    late.write_text(bundle(measure("m3", 1, 6.8, "2023-06-01")))
    workspace.ingest([late], workers=0)
    assert len(workspace.patient(hit.id).value.results[0].points) == 3
