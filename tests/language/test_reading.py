"""Reading whole texts: mentions, quantities, dates, sections."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galien.app.understanding import shipped_understanding
from galien.language.dates import DateReader
from galien.language.quantities import quantities
from galien.language.sentences import sentences
from galien.language.words import Words


def concepts(text: str, language: str = "fr") -> dict[str, str]:
    reading = shipped_understanding().reader.read(text, language)
    return {text[m.start : m.end]: m.concept for m in reading.mentions}


def test_inflection_accents_and_small_words_do_not_matter() -> None:
    assert concepts("FRACTURES DU COL FÉMORAL")["FRACTURES DU COL FÉMORAL"] == "femoral-neck-fracture"
    assert concepts("hypertension arterielle")["hypertension arterielle"] == "hypertension"


def test_coordinated_names_are_completed() -> None:
    reading = shipped_understanding().reader.read("Douleurs thoraciques et abdominales.", "fr")
    assert {m.concept for m in reading.mentions} >= {"chest-pain", "abdominal-pain"}


def test_an_adjective_of_degree_does_not_hide_a_name() -> None:
    assert "myocardial-infarction" in concepts("Infarctus récent du myocarde.").values()


def test_a_word_is_no_abbreviation() -> None:
    assert concepts("Il ne marche pas. Page 2.") == {}
    assert concepts("IPP 8010012345") == {}


def test_a_value_finds_its_analyte_in_the_unit_of_the_analyte() -> None:
    reading = shipped_understanding().reader.read("Créatinine 1,2 mg/dL, HbA1c à 7,2 %.", "fr")
    found = {q.concept: (q.value, q.value_unit) for q in reading.quantities}
    assert found["creatinine"] == (pytest.approx(106.08, abs=0.1), "umol/L")
    assert found["hba1c"] == (7.2, "%")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TA 145/90 mmHg", [(145, "mm[Hg]"), (90, "mm[Hg]")]),
        ("TA à 14/8", [(14, "cm[Hg]"), (8, "cm[Hg]")]),
        ("tabac à 20 PA", [(20, "{pack}.a")]),
        ("CRP < 5 mg/L", [(None, "mg/L")]),
        ("plaquettes 210 G/L", [(210, "10*9/L")]),
        ("100 000 UI", [(100000, "[IU]")]),
    ],
)
def test_quantities(text: str, expected: list[tuple[float | None, str]]) -> None:
    assert [(q.low, q.unit) for q in quantities(text)] == expected


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("vu hier", "2024-03-19", "2024-03-19"),
        ("le 04/09/2021", "2021-09-04", "2021-09-04"),
        ("en mars 2020", "2020-03-01", "2020-03-31"),
        ("il y a 3 semaines", "2024-02-25", "2024-03-02"),
        ("à J+2", "2024-03-14", "2024-03-14"),
        ("depuis l'âge de 12 ans", "1962-06-15", "1963-06-14"),
        ("le 12/01", "2024-01-12", "2024-01-12"),
    ],
)
def test_dates_are_resolved_against_the_text(text: str, first: str, last: str) -> None:
    reader = DateReader("2024-03-20", "fr", "1950-06-15", "2024-03-12")
    assert [(time.first, time.last) for time in reader.read(Words(text))] == [(first, last)]


def test_a_hard_wrapped_line_goes_on() -> None:
    text = "Patient adressé pour une douleur de la hanche droite évoluant depuis plusieurs\nmois. Pas de fièvre.\n- HTA"
    assert [text[s.start : s.end][-7:] for s in sentences(text)] == ["s\nmois.", "fièvre.", "- HTA"]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_whatever_is_read_lies_in_the_text(text: str) -> None:
    reading = shipped_understanding().reader.read(text, "fr", at="2024-01-01")
    for item in (*reading.sentences, *reading.sections, *reading.mentions, *reading.quantities, *reading.times):
        assert 0 <= item.start < item.end <= len(text)


def planned(text: str, language: str) -> set[str]:
    reading = shipped_understanding().reader.read(text, language)
    return {m.concept for m in reading.mentions if m.context.planned}


def test_an_act_that_opens_a_line_of_the_plan_is_planned() -> None:
    assert planned("CONDUITE À TENIR\n- Coloscopie.\n- Surveillance après appendicectomie.", "fr") == {"colonoscopy"}
    assert planned("PLAN: Colonoscopy.", "en") == {"colonoscopy"}


def test_an_act_under_discussion_is_to_come_and_a_disease_is_doubtful() -> None:
    assert planned("Coloscopie à discuter. Sarcoïdose à discuter.", "fr") == {"colonoscopy"}


@pytest.mark.parametrize(
    ("text", "language", "concept", "side"),
    [
        ("Prothèse totale de hanche droite.", "fr", "total-hip-replacement", "right"),
        ("Fracture du col du fémur gauche.", "fr", "femoral-neck-fracture", "left"),
        ("Pneumopathie de la base droite.", "fr", "pneumonia", "right"),
        ("Œdèmes bilatéraux.", "fr", "oedema", "bilateral"),
        ("Pneumopathie. Genou gauche normal.", "fr", "pneumonia", ""),
        ("Left knee pain.", "en", "knee-pain", "left"),
        ("Right-sided pleural effusion.", "en", "pleural-effusion", "right"),
        ("Osteoarthritis of the left knee.", "en", "knee-osteoarthritis", "left"),
        ("He left the hospital with pneumonia.", "en", "pneumonia", ""),
    ],
)
def test_the_side_of_a_mention_is_that_of_its_noun_phrase(text: str, language: str, concept: str, side: str) -> None:
    reading = shipped_understanding().reader.read(text, language)
    assert {m.concept: m.side for m in reading.mentions}.get(concept, "not read") == side


def test_the_point_of_a_genus_ends_nothing() -> None:
    assert "e-coli-infection" in concepts("ECBU : E. coli sensible.").values()
    assert "helicobacter-pylori" in concepts("Positive for H. pylori.", "en").values()
    assert "clostridioides-difficile" in concepts("Toxine de C. difficile.").values()


def test_the_words_near_an_abbreviation_tell_its_sense() -> None:
    def meant(text: str, language: str) -> set[str]:
        return set(concepts(text, language).values())

    assert "portal-hypertension" in meant("Cirrhose avec HTP, varices œsophagiennes.", "fr")
    assert "pulmonary-hypertension" in meant("ETT : HTP, PAPS 60 mmHg.", "fr")
    assert {"av-block", "first-degree-av-block"} & meant("ECG : BAV du premier degré, pas de syncope.", "fr")
    assert "abortion-procedure" in meant("G3P2, 1 IVG, contraception orale.", "fr")
    assert "rheumatoid-arthritis" in meant("RA on methotrexate.", "en")


def test_a_point_and_a_comma_stand_for_the_line_break_that_an_export_lost() -> None:
    text = "No fever.,Cough is present.,FAMILY HISTORY: Diabetes.,PLAN:  Chest x-ray."
    reading = shipped_understanding().reader.read(text, "en")
    assert [section.kind for section in reading.sections] == ["family", "plan"]
    said = {m.concept: m.context for m in reading.mentions}
    assert not said["cough"].negated
    assert said["diabetes"].subject == "family"


def test_titles_under_the_history_are_of_the_history_or_of_the_family() -> None:
    text = "ANTÉCÉDENTS\nMédicaux : goutte.\nFamiliaux : diabète.\nMOTIF : fièvre."
    said = {m.concept: m.context for m in shipped_understanding().reader.read(text, "fr").mentions}
    assert said["gout"].historical
    assert said["diabetes"].subject == "family"
    assert not said["fever"].historical


def test_the_side_is_kept_with_what_a_document_says() -> None:
    (fracture,) = [
        finding
        for finding in shipped_understanding().findings("Fracture du col du fémur gauche.", "fr", "2024-01-01")
        if finding.concept == "femoral-neck-fracture"
    ]
    assert fracture.side == "left"
