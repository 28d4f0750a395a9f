"""Questions about one patient: how they are understood, and what is answered from a record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from galien.app.understanding import shipped_understanding
from galien.app.workspace import Workspace
from galien.model.errors import NotFound, UsageError
from galien.model.replies import Ask, Reply
from galien.query import compact
from galien.query.asking.questions import Question, Questions
from galien.query.medical import Interpreter
from support.fixtures import NOW
from support.hospital import bundle, measure, note, patient

TODAY = date(2024, 6, 1)


@pytest.fixture(scope="module")
def questions() -> Questions:
    known = shipped_understanding()
    return Questions(Interpreter(known.reader, known.lexicon), known.lexicon.descendants("allergy"))


@pytest.mark.parametrize(
    ("text", "form", "about", "pick"),
    [
        ("dernière créatinine", "value", "analyte:creatinine", "last"),
        ("derniere creat ?", "value", "analyte:creatinine", "last"),
        ("last HbA1c", "value", "analyte:hba1c", "last"),
        ("HbA1c", "value", "analyte:hba1c", ""),
        ("CRP max", "value", "analyte:crp", "highest"),
        ("hémoglobine la plus basse", "value", "analyte:haemoglobin", "lowest"),
        ("évolution de la kaliémie", "value", "analyte:potassium", "trend"),
        ("how has the creatinine changed?", "value", "analyte:creatinine", "trend"),
        ("créatinine après la PTH", "value", "analyte:creatinine AFTER act:total-hip-replacement", ""),
        ("date PTH", "date", "act:total-hip-replacement", ""),
        ("quand la pose de la PTH a-t-elle été faite ?", "date", "act:total-hip-replacement", ""),
        ("when did the hypertension start?", "date", "condition:hypertension", ""),
        ("dernier scanner", "date", "act:ct-scan", "last"),
        ("sous AVK ?", "whether", "class:vitamin-k-antagonists", ""),
        ("est-elle sous anticoagulant ?", "whether", "class:anticoagulants", ""),
        ("is he on metformin?", "whether", "drug:metformin", ""),
        ("antécédent de phlébite ?", "whether", "condition:deep-vein-thrombosis", ""),
        ("bloc auriculo-ventriculaire du premier degré ?", "whether", "condition:first-degree-av-block", ""),
        ("antécédents familiaux de cancer du sein ?", "whether", "condition:breast-cancer@family", ""),
        ("a-t-elle eu une créatinine > 150 ?", "whether", "value:creatinine>150", ""),
        ("quels antibiotiques a-t-il reçus ?", "which", "class:antibiotics", ""),
        ("dernier compte rendu opératoire", "which", "document:operative-report", "last"),
        ("combien de transfusions ?", "count", "act:blood-transfusion", ""),
        ("depuis quand est-elle diabétique ?", "since", "condition:diabetes", ""),
        ("why is she on amiodarone?", "why", "drug:amiodarone", ""),
        ("la patiente a-t-elle une HTA", "whether", "condition:hypertension", ""),
        ("family history of cancer", "whether", "condition:cancer@family", ""),
        ("HTA ou diabète ?", "whether", "condition:hypertension OR condition:diabetes", ""),
        ("dose de metformine", "which", "drug:metformin", ""),
    ],
)
def test_what_is_asked_is_read_in_french_and_english(
    questions: Questions, text: str, form: str, about: str, pick: str
) -> None:
    found = questions.understand(text, TODAY)
    assert (found.form, compact.render(found.about) if found.about else "", found.pick) == (form, about, pick)
    assert found.words == ()


@pytest.mark.parametrize(
    ("text", "form", "listed"),
    [
        ("Quels traitements prend-il ?", "which", "drugs"),
        ("current medications", "which", "drugs"),
        ("opérations", "which", "operations"),
        ("quand a-t-elle été opérée ?", "date", "operations"),
        ("antécédents", "which", "conditions"),
        ("quelles sont ses allergies ?", "which", "allergies"),
        ("any allergies?", "whether", "allergies"),
        ("combien d'hospitalisations ?", "count", "stays"),
        ("date de la dernière hospitalisation", "date", "stays"),
    ],
)
def test_lists_of_the_record_are_asked_for(questions: Questions, text: str, form: str, listed: str) -> None:
    found = questions.understand(text, TODAY)
    assert (found.form, found.listed) == (form, listed)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("créatinine dans les 6 derniers mois", "2023-12-02", ""),
        ("highest CRP in the last 2 weeks", "2024-05-18", ""),
        ("CRP depuis 2023", "2023-01-01", ""),
        ("dernière créatinine de 2022", "2022-01-01", "2022-12-31"),
        ("CRP du 12/03/2024", "2024-03-12", "2024-03-12"),
        ("a-t-il été hospitalisé cette année ?", "2024-01-01", ""),
        ("l'an dernier, quelle HbA1c ?", "2023-01-01", "2023-12-31"),
    ],
)
def test_periods_end_today_or_are_stated(questions: Questions, text: str, since: str, until: str) -> None:
    period = questions.understand(text, TODAY).period
    assert period is not None
    assert (period.since, period.until) == (since, until)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("quelle est la couleur du cheval ?", ("couleur", "cheval")),
        ("dernière créatinine du voisin", ("voisin",)),
        ("what is the colour of her eyes?", ("colour", "eyes")),
        ("quel traitement pour l'HTA ?", ("traitement",)),
        ("une fièvre pendant l'hospitalisation ?", ("hospitalisation",)),
    ],
)
def test_what_is_not_understood_is_said(questions: Questions, text: str, words: tuple[str, ...]) -> None:
    found = questions.understand(text, TODAY)
    assert not found.understood
    assert found.words == words


@pytest.mark.parametrize("text", ["", "?", "pourquoi", "why", "bonjour", "a" * 400, "«»\x00\u202e"])
def test_no_text_breaks_it(questions: Questions, text: str) -> None:
    found = questions.understand(text, TODAY)
    assert isinstance(found, Question)
    assert not found.understood


def test_a_slip_in_a_question_word_is_put_right_and_said(questions: Questions) -> None:
    found = questions.understand("dernire créatinine", TODAY)
    assert (found.form, found.pick) == ("value", "last")
    assert found.corrected[0][0] == "dernire"


def test_a_name_of_two_things_is_answered_in_the_sense_that_the_record_knows(questions: Questions, ask) -> None:
    assert questions.understand("date PTH", TODAY).others[0].about.id == "parathyroid-hormone"  # type: ignore[union-attr]
    assert questions.understand("évolution de la PTH", TODAY).form == "value"
    assert ask("dernière PTH").value == "2024-03-12"


def test_the_language_is_that_of_the_question(questions: Questions) -> None:
    assert questions.understand("last HbA1c", TODAY, "fr").language == "en"
    assert questions.understand("dernière HbA1c", TODAY, "en").language == "fr"
    assert questions.understand("HbA1c", TODAY, "en").language == "en"


# -- answers


def _coded(kind: str, id: str, number: int, text: str, **more: object) -> dict[str, object]:
    person = "patient" if kind == "AllergyIntolerance" else "subject"
    return {"resourceType": kind, "id": id, person: {"reference": f"Patient/p{number}"}, "code": {"text": text}, **more}


def _drug(id: str, number: int, text: str, at: str, status: str = "active") -> dict[str, object]:
    told = _coded("MedicationRequest", id, number, text, status=status, intent="order", authoredOn=at)
    told["medicationCodeableConcept"] = told.pop("code")
    return told


def _creatinine(id: str, value: float, at: str) -> dict[str, object]:
    told = measure(id, 1, value, at)
    told["code"] = {"coding": [{"system": "http://loinc.org", "code": "14682-9", "display": "Créatinine"}]}
    told["valueQuantity"] = {"value": value, "unit": "µmol/L"}
    told["referenceRange"] = [{"low": {"value": 45}, "high": {"value": 84}}]
    return told


CONSULTATION = """Antécédents : PTG gauche en 2015. Pas de diabète.
Antécédents familiaux : mère atteinte d'un cancer du sein.
Traitement : apixaban 5 mg x 2/j, aspirine 75 mg/j.
Allergies : aucune allergie connue."""
LETTER = """Suites simples. Créatinine à 82 µmol/L.
Suspicion d'embolie pulmonaire, angioscanner demandé.
Aspirine arrêtée le 15/03/2024.
Mise sous rivaroxaban pour une fibrillation atriale.
Allergie à la pénicilline (urticaire)."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder: Path = tmp_path_factory.mktemp("questions")
    (folder / "record.json").write_text(
        bundle(
            patient(1, "LEFÈVRE"),
            note("cs", 1, "Consultation", CONSULTATION, "2023-01-10"),
            note("cro", 1, "Compte rendu opératoire", "Mise en place d'une prothèse totale de hanche droite.\nFin."),
            note("ldl", 1, "Lettre de liaison", LETTER, "2024-03-20"),
            _creatinine("c1", 82, "2024-03-18"),
            _creatinine("c2", 95, "2024-05-01"),
            _drug("d1", 1, "apixaban", "2023-01-10"),
            _drug("d2", 1, "amoxicilline", "2022-02-01", "completed"),
            _coded("Condition", "k1", 1, "Hypertension artérielle", onsetDateTime="2011-06-01"),
            patient(2, "MARTIN", "male", "1980-01-01"),
            note("autre", 2, "Consultation", "Diabète de type 2. Sous metformine.", "2023-01-05"),
            patient(3, "VIDE"),
        )
    )
    with Workspace(folder / "ws", clock=lambda: NOW) as made:
        assert made.ingest([folder / "record.json"], workers=0).quarantined == ()
        yield made


@pytest.fixture
def ask(workspace: Workspace):  # type: ignore[no-untyped-def]
    def asking(question: str, patient: str = "1") -> Reply:
        return workspace.ask(Ask(patient=patient, question=question)).value

    return asking


def quotes(reply: Reply) -> list[str]:
    return [fact.evidence.quote for fact in reply.facts if fact.evidence.kind == "quote"]


def test_the_last_value_with_its_date_and_its_row(ask) -> None:
    reply = ask("dernière créat")
    assert reply.sentence == "Créatinine : 95 µmol/L le 01/05/2024. Hors des limites 45 – 84 µmol/L."
    assert reply.facts[0].evidence.code == "LOINC:14682-9"
    assert ask("last creatinine").sentence.startswith("Creatinine: 95 µmol/L on 1 May 2024.")


def test_a_value_that_a_letter_repeats_is_no_new_value(ask) -> None:
    reply = ask("combien de créatinines ?")
    assert reply.value == "2"


def test_a_trend_has_its_bounds_and_its_curve(ask) -> None:
    reply = ask("évolution de la créatinine")
    assert "minimum 82 µmol/L (18/03/2024), maximum 95 µmol/L (01/05/2024)" in reply.sentence
    assert reply.series is not None
    assert [point.number for point in reply.series.points] == [82, 95]
    assert (reply.series.low, reply.series.high) == (45, 84)


def test_two_pressures_are_never_one_curve(tmp_path: Path) -> None:
    def pressure(id: str, code: str, label: str, value: float) -> dict[str, object]:
        told = measure(id, 1, value, "2024-05-01")
        told["code"] = {"coding": [{"system": "http://loinc.org", "code": code, "display": label}]}
        return {**told, "valueQuantity": {"value": value, "unit": "mm[Hg]"}}

    (tmp_path / "record.json").write_text(
        bundle(
            patient(1, "A"),
            pressure("s", "8480-6", "Systolic blood pressure", 131.26845),
            pressure("d", "8462-4", "Diastolic blood pressure", 82),
        )
    )
    with Workspace(tmp_path / "ws", clock=lambda: NOW) as made:
        made.ingest([tmp_path / "record.json"], workers=0)
        reply = made.ask(Ask(patient="1", question="last blood pressure")).value
    assert reply.sentence == (
        "Systolic blood pressure: 131.27 mm[Hg] on 1 May 2024. Diastolic blood pressure: 82 mm[Hg] on 1 May 2024."
    )
    assert reply.facts[0].text == "131.26845 mm[Hg]"


def test_a_period_limits_the_answer(ask) -> None:
    assert ask("créatinine en mars 2024").value == "82 µmol/L"
    nothing = ask("dernière créatinine en 2022")
    assert (nothing.verdict, nothing.facts) == ("nothing", ())
    assert "01/01/2022" in nothing.sentence


def test_nothing_found_says_where_it_was_looked_for(ask) -> None:
    reply = ask("dernière ferritine")
    assert reply.verdict == "nothing"
    assert {table.table: table.rows for table in reply.looked}["note"] == 3
    notes = next(table for table in reply.looked if table.table == "note")
    assert (notes.since, notes.until) == ("2023-01-10", "2024-03-20")


def test_an_operation_is_dated_by_its_report(ask) -> None:
    reply = ask("date de la pose de la PTH")
    assert reply.value == "2024-03-12"
    assert "prothèse totale de hanche" in quotes(reply)[0]


def test_an_old_operation_is_dated_by_its_sentence(ask) -> None:
    reply = ask("quand la PTG ?")
    assert reply.value == "2015"
    assert "PTG gauche en 2015" in quotes(reply)[0]


def test_yes_no_and_nothing_are_three_answers(ask) -> None:
    assert ask("HTA ?").verdict == "yes"
    denied = ask("est-elle diabétique ?")
    assert (denied.verdict, quotes(denied)) == ("no", ["Pas de diabète."])
    assert ask("a-t-elle une goutte ?").verdict == "nothing"


def test_what_is_suspected_is_neither_affirmed_nor_hidden(ask) -> None:
    reply = ask("embolie pulmonaire ?")
    assert reply.verdict == "nothing"
    assert reply.facts[0].said == "hedged"


def test_what_a_relative_has_is_not_the_patients(ask) -> None:
    assert ask("a-t-elle un cancer du sein ?").verdict == "nothing"
    assert ask("antécédents familiaux de cancer du sein ?").verdict == "yes"


def test_a_current_drug_and_a_stopped_one(ask) -> None:
    current = ask("est-elle sous anticoagulant ?")
    assert current.verdict == "yes"
    assert "apixaban" in current.sentence
    assert "rivaroxaban" in current.sentence or any("rivaroxaban" in quote for quote in quotes(current))
    stopped = ask("is she on aspirin?")
    assert stopped.verdict == "no"
    assert [fact.said for fact in stopped.facts] == ["stopped", "taken"]
    assert quotes(stopped)[0] == "Aspirine arrêtée le 15/03/2024."
    assert ask("sous amoxicilline ?").verdict == "no"
    assert ask("a-t-elle déjà reçu de l'amoxicilline ?").verdict == "yes"


def test_a_later_note_that_says_stopped_contradicts_an_open_prescription(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(
        bundle(
            patient(1, "A"),
            _drug("d", 1, "apixaban", "2023-01-10"),
            note("n", 1, "Consultation", "Arrêt de l'apixaban ce jour.", "2024-02-01"),
        )
    )
    with Workspace(tmp_path / "ws", clock=lambda: NOW) as made:
        made.ingest([tmp_path / "record.json"], workers=0)
        reply = made.ask(Ask(patient="1", question="sous apixaban ?")).value
    assert reply.verdict == "both"
    assert {fact.said for fact in reply.facts} == {"current", "stopped"}


def test_a_prescription_long_forgotten_is_said_to_need_checking(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(
        bundle(
            patient(1, "A"),
            _drug("d", 1, "apixaban", "2015-01-10"),
            note("n", 1, "Consultation", "Va bien.", "2024-02-01"),
        )
    )
    with Workspace(tmp_path / "ws", clock=lambda: NOW) as made:
        made.ingest([tmp_path / "record.json"], workers=0)
        reply = made.ask(Ask(patient="1", question="sous anticoagulant ?")).value
    assert reply.verdict == "yes"
    assert "à vérifier" in reply.sentence


def test_contradictory_allergies_stand_side_by_side(ask) -> None:
    reply = ask("allergie à la pénicilline ?")
    assert reply.verdict == "both"
    assert {fact.said for fact in reply.facts} == {"present", "denied"}
    assert ask("allergique à l'amoxicilline ?").verdict == "both"
    others = ask("allergique au latex ?")
    assert others.verdict == "nothing"
    assert "pénicilline" in others.sentence


def test_a_reason_is_told_only_where_one_sentence_states_both(ask) -> None:
    reply = ask("pourquoi est-elle sous rivaroxaban ?")
    assert reply.verdict == "found"
    assert "fibrillation" in reply.sentence.lower()
    assert ask("pourquoi est-elle sous apixaban ?").verdict == "nothing"


def test_a_question_that_is_not_understood_gives_examples(ask) -> None:
    reply = ask("dernière créatinine du voisin")
    assert reply.verdict == "unknown"
    assert reply.words == ("voisin",)
    assert reply.examples[0] == "dernière créatinine"
    assert len(reply.examples) == 3
    assert reply.facts == ()


ASKED = [
    "dernière créatinine", "date PTH", "date PTG", "HTA ?", "diabète ?", "anticoagulant ?", "aspirine ?", "allergies",
    "allergie pénicilline ?", "traitements", "antécédents", "opérations", "pourquoi rivaroxaban ?",
    "depuis quand HTA ?", "dernière lettre de sortie", "combien de documents", "quels antibiotiques ?",
]  # fmt: skip


def test_every_quote_is_the_stored_text_of_this_patient(ask, workspace: Workspace) -> None:
    mine = {document.id for document in workspace.patient("p1").value.documents}
    seen = 0
    for question in ASKED:
        for fact in ask(question).facts:
            evidence = fact.evidence
            if evidence.kind == "quote":
                seen += 1
                text = workspace.document(evidence.document).value.text
                assert text[evidence.start : evidence.end] == evidence.quote, question
                assert evidence.document in mine
                assert all(0 <= mark.start < mark.end <= len(evidence.quote) for mark in evidence.marks)
            elif evidence.kind in ("code", "value"):
                assert evidence.document == "p1"
    assert seen > 10


def test_another_patients_record_is_never_read(ask) -> None:
    assert ask("sous metformine ?").verdict == "nothing"
    assert ask("sous metformine ?", "2").verdict == "yes"
    empty = ask("sous metformine ?", "3")
    assert (empty.verdict, sum(table.rows for table in empty.looked)) == ("nothing", 0)


@pytest.mark.parametrize(
    "concept", ["HTA", "diabète", "cancer du sein", "embolie pulmonaire", "PTH", "apixaban", "rivaroxaban", "goutte"]
)
def test_a_question_and_a_search_agree_on_who_has_it(ask, workspace: Workspace, concept: str) -> None:
    answer = workspace.search(concept, kind="patients").value
    found = set() if answer.relaxed else {hit.id for hit in answer.hits}
    assert ("p1" in found) == (ask(f"a-t-elle déjà eu {concept} ?").verdict in ("yes", "both"))


def test_a_patient_is_named_by_id_or_identifier(ask, workspace: Workspace) -> None:
    assert ask("HTA ?", "p1").sentence == ask("HTA ?", "1").sentence
    for unknown in ("p999", "999", "x"):
        with pytest.raises(NotFound):
            ask("HTA ?", unknown)
    with pytest.raises(UsageError):
        ask("  ")
    with pytest.raises(UsageError):
        ask("x" * 2000)


def test_an_answer_is_written_in_the_access_ledger(ask, workspace: Workspace) -> None:
    before = workspace._access._db.execute("SELECT count(*) FROM disclosures").fetchone()[0]
    ask("HTA ?")
    rows = workspace._access._db.execute("SELECT action, subjects, query FROM disclosures").fetchall()
    assert len(rows) == before + 1
    assert rows[-1] == ("ask", '["p1"]', "HTA ?")


def test_a_doubtful_row_is_a_suspicion(tmp_path: Path) -> None:
    doubtful = {"coding": [{"code": "provisional"}]}
    told = _coded("Condition", "k", 1, "Embolie pulmonaire", onsetDateTime="2024-01-01", verificationStatus=doubtful)
    (tmp_path / "record.json").write_text(bundle(patient(1, "A"), told))
    with Workspace(tmp_path / "ws", clock=lambda: NOW) as made:
        made.ingest([tmp_path / "record.json"], workers=0)
        found = {
            query: [hit.id for hit in made.search(query, kind="patients").value.hits]
            for query in ("suspicion d'embolie pulmonaire", "embolie pulmonaire")
        }
        asked = {
            question: made.ask(Ask(patient="1", question=question)).value.verdict
            for question in ("suspicion d'embolie pulmonaire ?", "embolie pulmonaire ?")
        }
    assert found["suspicion d'embolie pulmonaire"] == ["p1"]
    assert asked == {"suspicion d'embolie pulmonaire ?": "yes", "embolie pulmonaire ?": "nothing"}
