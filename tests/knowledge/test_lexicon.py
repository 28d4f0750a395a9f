"""The shipped concepts: sound, and related as medicine has it."""

from __future__ import annotations

from galien.knowledge import shipped
from galien.model.units import unit


def test_every_concept_has_a_name_in_both_languages() -> None:
    assert [concept.id for concept in shipped() if not (concept.fr and concept.en)] == []


def test_parents_exist_and_no_concept_is_above_itself() -> None:
    lexicon = shipped()
    for concept in lexicon:
        assert all(parent in lexicon for parent in concept.parents), concept.id
        assert concept.id not in lexicon.ancestors(concept.id)


def test_units_of_analytes_are_understood() -> None:
    odd = {c.measure.unit for c in shipped() if c.measure and not c.measure.unit.startswith("{")}
    assert sorted(written for written in odd if unit(written) is None) == []


def test_a_code_means_its_concept_and_those_above() -> None:
    assert shipped().coded("CIM10", "I10")[0] == "hypertension"
    assert "diabetes" in shipped().ancestors("type-2-diabetes")
    assert "anticoagulants" in shipped().ancestors("warfarin")


def test_senses_are_of_known_concepts() -> None:
    known = shipped()
    assert [c for senses in known.clues.values() for c in senses if c not in known] == []
