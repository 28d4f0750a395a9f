"""What a hospital teaches in its workspace: words, titles, cues; and what is said when a file is misspelt."""

from __future__ import annotations

from pathlib import Path

import pytest

from galien.app.hospital import FOLDER, taught
from galien.app.understanding import understanding_of
from galien.model.errors import WorkspaceError

HEADER = "id\tkind\tfr\ten\tfr_synonyms\ten_synonyms\tabbreviations\tcodes\tparents\n"


def write(workspace: Path, name: str, text: str) -> Path:
    file = workspace / FOLDER / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def test_its_section_titles_are_known(tmp_path: Path) -> None:
    write(tmp_path, "sections.toml", 'history = ["passé du malade"]\n')
    reading = understanding_of(tmp_path).reader.read("PASSÉ DU MALADE\n- Diabète.\nCONCLUSION\nGoutte.", "fr")
    assert [(s.kind, s.title) for s in reading.sections] == [
        ("history", "PASSÉ DU MALADE"),
        ("conclusion", "CONCLUSION"),
    ]
    assert reading.mentions[0].context.historical


def test_its_cues_deny_and_the_shipped_ones_still_do(tmp_path: Path) -> None:
    cue = '[[cues]]\ncontext = "negated"\nway = "forward"\nreach = 6\nlist = true\nwords = ["zéro"]\n'
    write(tmp_path, "cues_fr.toml", cue)
    reader = understanding_of(tmp_path).reader
    assert all(m.context.negated for m in reader.read("Zéro fièvre, frissons. Pas de dyspnée.", "fr").mentions)
    assert not reader.read("Zero fever.", "en").mentions[0].context.negated


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = write(tmp_path, "sections.toml", 'history = ["autrefois"]\n')
    before = understanding_of(tmp_path)
    file.write_text('history = ["jadis"]\n', "utf-8")
    file.touch()
    assert understanding_of(tmp_path) is not before


def test_nothing_taught_is_what_is_shipped(tmp_path: Path) -> None:
    assert understanding_of(tmp_path) is understanding_of(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("sections.toml", 'history = ["a"\n[', "line 2"),
        ("sections.toml", 'histoire = ["a"]', "sections.toml, histoire"),
        ("sections.toml", "history = 3", "sections.toml, history"),
        ("cues_fr.toml", '[[cues]]\ncontext = "negated"\nway = "forward"\nreach = 3', "cues[1].words"),
        ("cues_fr.toml", '[[cues]]\ncontext = "denied"\nway = "forward"\nreach = 3\nwords = ["a"]', "cues[1].context"),
        ("cues_en.toml", '[[cues]]\ncontext = "negated"\nway = "ahead"\nreach = 3\nwords = ["a"]', "cues[1].way"),
        ("cues_en.toml", '[[cues]]\ncontext = "negated"\nway = "both"\nreach = 0\nwords = ["a"]', "cues[1].reach"),
        ("cues_en.toml", '[[cues]]\ncontxt = "negated"', "cues[1].contxt"),
        ("cues_en.toml", '[cues]\ncontext = "negated"', "[[cues]]"),
        ("cues_en.toml", '[[stops]]\nof = ["nothing"]\nwords = ["a"]', "stops[1].of"),
        ("cues_fr.toml", "[verbs]\nfirst = []", "verbs"),
        ("words.tsv", HEADER + "ok\tfinding\ta\tb\t\t\t\t\t\nno\tthing\ta\tb\t\t\t\t\t\n", "line 3"),
        ("words.tsv", "id\tfr\n1\ta\n", "kind"),
    ],
)
def test_a_misspelt_file_is_named_with_its_line_or_key(tmp_path: Path, name: str, text: str, said: str) -> None:
    file = write(tmp_path, name, text)
    with pytest.raises(WorkspaceError) as caught:
        taught([file])
    assert said in caught.value.message
    assert caught.value.fields["file"] == name
    assert caught.value.hint
