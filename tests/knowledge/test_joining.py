"""Terms join the concepts they are, and never take the lexicon's names, mentions or relations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from galien.knowledge import Lexicon, WholeLexicon
from galien.knowledge.codes import key, tidy
from galien.knowledge.terminologies import Term
from galien.knowledge.terminologies.joining import Joining
from galien.knowledge.terminologies.naming import spoken
from galien.knowledge.terminologies.nodes import Kept
from galien.knowledge.whole import heard, write
from galien.model.concepts import Concept, Label
from galien.model.errors import IntegrityError

FEVER = Concept(id="fever", kind="finding", fr="fièvre", en="fever", codes=("CIM10:R50*",))
INFARCT = Concept(
    id="infarct", kind="condition", fr="infarctus du myocarde", en="myocardial infarction", codes=("CIM10:I21*",)
)
HEART = Concept(id="heart", kind="condition", fr="cardiopathie", en="heart disease", codes=("CIM10:I20*", "CIM10:I21*"))
SHOULDER = Concept(
    id="shoulder", kind="condition", fr="périarthrite", en="periarthritis", codes=("CIM10:M75",), parents=()
)
ASPIRIN = Concept(id="aspirin", kind="drug", fr="aspirine", en="aspirin", codes=("ATC:B01AC06", "ATC:N02BA01"))
LEXICON = Lexicon([FEVER, INFARCT, HEART, SHOULDER, ASPIRIN])


class Speech:
    """Whole words, in lower case: enough to join by."""

    def words(self, label: Label, language: str) -> tuple[str, ...]:
        return tuple(f"={w}" if w.isupper() and len(w) > 1 else w.lower() for w in label.text.split())

    def named(self, text: str, language: str) -> Iterable[str]:
        return [c.id for c in LEXICON if f" {getattr(c, language)} " in f" {text.lower()} "]


def joined(*streams: Iterable[Term]) -> dict[str, Kept]:
    joining = Joining(LEXICON, Speech())
    for stream in streams:
        joining.add(stream)
    return {item.concept.id: item for item in joining.joined()}


def cim10(code: str, fr: str, *parents: str, kind: str = "condition") -> Term:
    return Term(vocabulary="CIM10", code=code, fr=fr, parents=parents, kind=kind)  # type: ignore[arg-type]


def names(item: Kept) -> list[str]:
    return [label.text for _, label in heard(item)]


def test_a_code_that_one_concept_is_joins_it() -> None:
    found = joined([cim10("I21", "Infarctus du myocarde aigu")])
    assert "CIM10:I21" not in found
    assert "CIM10:I21" in found["infarct"].concept.codes
    assert "Infarctus du myocarde aigu" in names(found["infarct"])


def test_a_code_of_a_classification_gives_no_name_that_says_something_else() -> None:
    found = joined([cim10("M75", "Lésions diverses")])
    assert "CIM10:M75" in found["shoulder"].concept.codes
    assert "Lésions diverses" not in names(found["shoulder"])


def test_other_codes_of_a_family_lie_below_the_nearest_concept() -> None:
    found = joined([cim10("I21", "Infarctus"), cim10("I210", "Infarctus du lundi", "I21")])
    below = found["CIM10:I21.0"].concept
    assert below.parents == ("infarct",)
    assert found["infarct"].concept.parents == ("heart",)


def test_a_drug_is_each_of_its_atc_codes() -> None:
    found = joined([Term(vocabulary="ATC", code=code, fr="x", kind="drug") for code in ("B01AC06", "N02BA01")])
    assert set(found) == {concept.id for concept in LEXICON}


def test_icd10_and_cim10_are_one() -> None:
    english = Term(vocabulary="ICD10", code="Q38.2", en="Macroglossia", maps=("CIM10:Q38.2",))
    found = joined([cim10("Q382", "Macroglossie")], [english])
    item = found["CIM10:Q38.2"].concept
    assert (item.fr, item.en) == ("Macroglossie", "Macroglossia")
    assert set(item.codes) == {"CIM10:Q38.2", "ICD10:Q38.2"}


def test_cross_maps_join_where_each_says_the_other_alone() -> None:
    orphanet = Term(vocabulary="Orphanet", code="1", fr="Syndrome un", maps=("OMIM:9",))
    same = Term(vocabulary="MONDO", code="MONDO:1", en="syndrome one", maps=("OMIM:9",))
    twice = [Term(vocabulary="MONDO", code=f"MONDO:{i}", en=f"thing {i}", maps=("OMIM:9",)) for i in (1, 2)]
    assert "MONDO:0000001" not in joined([orphanet], [same])
    assert len(joined([orphanet], [same])) == len(LEXICON) + 1
    apart = joined([orphanet], twice)
    assert len(apart) == len(LEXICON) + 3
    assert apart["MONDO:1"].maps == ("OMIM:9",)


def test_a_label_joins_when_both_languages_agree() -> None:
    same = Term(vocabulary="HPO", code="HP:1", fr="Fièvre", en="Fever", kind="finding")
    other = Term(vocabulary="HPO", code="HP:2", fr="Fièvre", en="Hot flush", kind="finding")
    found = joined([same, other])
    assert "HP:1" in found["fever"].concept.codes
    assert found["HP:2"].concept.fr == "Fièvre"
    assert "Fièvre" not in names(found["HP:2"])  # the lexicon's name stays the lexicon's


def test_kinds_that_differ_do_not_join() -> None:
    found = joined([Term(vocabulary="MeSH", code="D1", en="Fever", kind="body")])
    assert found["MeSH:D1"].concept.kind == "body"


def test_a_name_that_holds_a_concept_is_said_of_its_kinds_only() -> None:
    kind = Term(vocabulary="CIM10", code="R509", fr="Fièvre du mardi", kind="finding")
    other = Term(vocabulary="CIM10", code="B089", fr="Virose avec fièvre rouge", kind="condition")
    found = joined([kind, other])
    assert names(found["CIM10:R50.9"]) == ["Fièvre du mardi"]
    assert names(found["CIM10:B08.9"]) == []


def test_one_name_is_said_of_one_concept() -> None:
    found = joined([cim10("Q38", "Langue bizarre"), cim10("Q389", "Langue bizarre, sans précision", "Q38")])
    assert names(found["CIM10:Q38"]) == ["Langue bizarre"]
    assert names(found["CIM10:Q38.9"]) == []


def test_cross_maps_make_no_circle() -> None:
    one = Term(vocabulary="A", code="1", fr="chose une", parents=("2",))
    two = Term(vocabulary="A", code="2", fr="chose deux", within=("A:1",))
    found = joined([one, two])
    assert sorted(len(found[id].concept.parents) for id in ("A:1", "A:2")) == [0, 1]


@pytest.mark.parametrize(
    ("label", "language", "expected"),
    [
        ("Pneumopathie, sans précision", "fr", ["Pneumopathie"]),
        ("Autres maladies précisées", "fr", []),
        ("Atteinte non classée ailleurs", "fr", []),
        ("Aigu", "fr", []),
        ("All", "en", []),
        ("Examen [clinique] du genou", "fr", ["Examen du genou"][1:]),
        ("Cholera, unspecified", "en", ["Cholera"]),
        ("Venoms, Amphibian", "en", []),
        ("x", "en", []),
        ("one two three four five six seven eight nine", "en", []),
    ],
)
def test_only_what_texts_say_is_looked_for(label: str, language: str, expected: list[str]) -> None:
    assert list(spoken(label, language)) == expected


def test_codes_are_kept_in_one_form() -> None:
    assert key("ICD10", "A98.5+") == "ICD10:A98.5"
    assert key("CIM10", "B24.+0") == "CIM10:B24+0"
    assert key("CIM10", "I20-I25") == "CIM10:I20-I25"
    assert tidy("hospital") == "hospital"


def whole(tmp_path: Path) -> WholeLexicon:
    joining = Joining(LEXICON, Speech())
    joining.add([cim10("I21", "Infarctus"), cim10("I210", "Infarctus du lundi", "I21")])
    write(tmp_path / "whole.bin", list(joining.joined()), LEXICON.clues, b"reader")
    return WholeLexicon(tmp_path / "whole.bin", "print")


def test_what_is_mapped_in_memory_answers_as_the_lexicon_does(tmp_path: Path) -> None:
    opened = whole(tmp_path)
    for concept in LEXICON:
        assert opened[concept.id].fr == concept.fr
        assert set(opened.parents(concept.id)) == set(LEXICON.parents(concept.id))
        assert opened.ancestors(concept.id) == LEXICON.ancestors(concept.id)
        assert LEXICON.descendants(concept.id) <= opened.descendants(concept.id)
        assert {label for id, label in opened.labels() if id == concept.id} >= {
            label for id, label in LEXICON.labels() if id == concept.id
        }
    for vocabulary, code in (("CIM10", "I219"), ("CIM10", "R50.1"), ("ATC", "N02BA01"), ("CIM10", "Z00"), ("X", "")):
        assert opened.coded(vocabulary, code) == LEXICON.coded(vocabulary, code)
    assert opened.coded("ICD10", "I21.0") == ["CIM10:I21.0", "infarct", "heart"]
    assert "CIM10:I21.0" in opened.descendants("heart")
    assert opened.get("nothing") is None
    assert "nothing" not in opened
    assert opened.children("nothing") == []
    assert len(opened) == len(LEXICON) + 1
    assert bytes(opened.reader) == b"reader"


def test_a_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    whole(tmp_path)
    data = (tmp_path / "whole.bin").read_bytes()
    for bad in (data[:-64], b"something else entirely", data[:30]):
        (tmp_path / "bad.bin").write_bytes(bad)
        with pytest.raises(IntegrityError):
            WholeLexicon(tmp_path / "bad.bin", "")
