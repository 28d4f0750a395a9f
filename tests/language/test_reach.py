"""How far a denial or a doubt reaches. Sentences are ours, in the manner of letters and of published cases."""

from __future__ import annotations

import re

import pytest

from galien.language.context import rules
from galien.language.reading import contexts_of


def told(marked: str, language: str, flag: str) -> list[bool]:
    """The flag of each bracketed span, in order."""
    spans, shift = [], 0
    for found in re.finditer(r"\[([^]]*)\]", marked):
        spans.append((found.start() - shift, found.end() - shift - 2))
        shift += 2
    text = re.sub(r"[\[\]]", "", marked)
    return [getattr(context, flag) for context in contexts_of(text, spans, rules(language))]


@pytest.mark.parametrize(
    ("marked", "denied"),
    [
        # Where it ends.
        ("No [fever] but [cough] and rash.", [1, 0]),
        ("There was no [edema], and [pulses] were intact.", [1, 0]),
        ("There was no [edema] and the [ultrasound] was normal.", [1, 0]),
        ("No [fever], [chills], and [cough].", [1, 1, 1]),
        ("He denied [fever], [nausea], and [vomiting].", [1, 1, 1]),
        ("No [masses] and [nodules] were seen.", [1, 1]),
        ("No [abnormality] other than a [cyst].", [1, 0]),
        ("No [tenderness] on [palpation].", [1, 0]),
        ("No [weakness] in the legs or [numbness].", [1, 1]),
        ("No [lesion] was seen on [CT].", [1, 0]),
        ("Without [fever] which would suggest [infection].", [1, 0]),
        ("No [metastasis] except for a [nodule] of the lung.", [1, 0]),
        ("Neither [fever] nor [cough] was reported.", [1, 1]),
        ("There was no [history] of trauma, however he complained of [headache].", [1, 0]),
        ("She denies [dysphagia], changes in appetite, [constipation], or [bleeding].", [1, 1, 1]),
        (
            "Negative for fever, chills, night sweats, weight loss, chest pain, shortness of breath, nausea, vomiting,"
            " [diarrhea] or [dysuria].",
            [1, 1],
        ),
        # What it denies.
        ("The pain was not [relieved] by [analgesics].", [1, 0]),
        ("The treatment did not relieve the [pain].", [0]),
        ("Her symptoms did not [improve] despite [antibiotics].", [1, 0]),
        ("He did not [respond] to [chemotherapy].", [1, 0]),
        ("[Tenderness] was not elicited.", [1]),
        ("[Surgery] was not possible.", [1]),
        ("[Biopsy] could not be performed.", [1]),
        ("The [procedure] was cancelled.", [1]),
        ("Right non-healing [ulcer].", [0]),
        ("Non-cardiac [chest pain].", [0]),
        ("He is a non-[smoker].", [1]),
        ("She is [pain]-free.", [1]),
        ("He failed to [recover].", [1]),
        ("She was unable to [walk].", [1]),
        ("He denies that he has [diabetes].", [1]),
        ("Illicit [drug use]: never.", [1]),
        ("Workup failed to show [metastases].", [1]),
        ("Abdomen free of [masses].", [1]),
        ("He never [smoked].", [1]),
        ("Findings were not suggestive of [malignancy].", [1]),
        ("He wasn't [febrile].", [1]),
        ("She did not develop [jaundice].", [1]),
        ("CT with and without [contrast].", [0]),
        ("Risks include but are not limited to [bleeding] and [infection].", [0, 0]),
        ("[Culture]-negative endocarditis.", [0]),
        ("The [serology] was negative.", [0]),
        ("No change in the [mass].", [0]),
        ("There is no doubt about the [fracture].", [0]),
    ],
)
def test_english_denials(marked: str, denied: list[int]) -> None:
    assert told(marked, "en", "negated") == [bool(x) for x in denied]


@pytest.mark.parametrize(
    ("marked", "doubtful"),
    [
        ("Admitted with [syncope] and possible [seizure].", [0, 1]),
        ("[Pneumonia] possible.", [1]),
        ("[Pneumonia] is possible.", [1]),
        ("[Stricture], likely [benign].", [0, 1]),
        ("It is possible that [arthritis] contributes.", [1]),
        ("The [hip] was raised to 90 degrees.", [0]),
        ("The [posterior tendon] was protected as much as possible.", [0]),
        ("Surgical evaluation for upper [abdominal pain].", [0]),
        ("VS stable, no [fever].", [0]),
        ("[Pneumonia] vs [atelectasis].", [0, 1]),
        ("Suspected [tuberculosis] was confirmed.", [0]),
        ("Seen in May for [asthma].", [0]),
    ],
)
def test_english_doubts(marked: str, doubtful: list[int]) -> None:
    assert told(marked, "en", "hedged") == [bool(x) for x in doubtful]


@pytest.mark.parametrize(
    ("marked", "denied"),
    [
        ("Sans [antécédents] particuliers, présentait une [tuméfaction].", [1, 0]),
        ("Sans [fièvre], ayant présenté une [toux].", [1, 0]),
        ("Sans [traumatisme], évoluant dans un contexte de [fièvre].", [1, 0]),
        ("Aucun [antécédent], consultait pour [céphalées].", [1, 0]),
        ("Pas de [masse] à la [palpation].", [1, 0]),
        ("Pas de [lésion] sur le [scanner].", [1, 0]),
        ("Pas d'allergie à la [pénicilline].", [1]),
        ("Scanner sans et avec [injection].", [0]),
        ("Le traitement n'améliorait pas la [douleur].", [0]),
        ("Le traitement n'a pas permis de contrôler le [saignement].", [0]),
        ("La [douleur] n'a pas été calmée par le paracétamol.", [0]),
        ("La [thrombose] n'est pas retrouvée.", [1]),
        ("L'[abdomen] n'est pas sensible.", [0]),
        ("Le [cathéter] n'était plus fonctionnel.", [0]),
        ("La [biopsie] n'a pas été réalisée.", [1]),
        ("L'[examen] n'a pas pu être fait.", [1]),
        ("La patiente n'a pas présenté de [complications].", [1]),
        ("L'[HTA] non traitée.", [0]),
        ("Une [fracture] non déplacée.", [0]),
        ("[Fièvre] : jamais.", [1]),
        ("Absence de [notion] de traumatisme ou d'[infection].", [1, 1]),
        ("Ni [fièvre] ni [frissons] mais une [asthénie].", [1, 1, 0]),
        ("Indemne de toute [lésion].", [1]),
        ("Aucune [récidive] n'était notée.", [1]),
        ("Recherche de [bacille de Koch] négative.", [1]),
        ("Le scanner a permis d'éliminer une [dissection].", [1]),
        ("Le scanner n'a pas permis d'éliminer une [dissection].", [0]),
    ],
)
def test_french_denials(marked: str, denied: list[int]) -> None:
    assert told(marked, "fr", "negated") == [bool(x) for x in denied]


@pytest.mark.parametrize(
    ("marked", "doubtful"),
    [
        ("[Fracture] probable et [hématome].", [1, 0]),
        ("Probable [phlébite] du mollet.", [1]),
        ("[Phlébite] possible.", [1]),
        ("CRP à 12, VS à 40 [mm].", [0]),
        ("PNA vs [colique néphrétique].", [1]),
        ("La recherche de [bacille de Koch] est revenue positive.", [0]),
        ("La recherche de [bacille de Koch] est en cours.", [1]),
        ("Le diagnostic de [lymphome], évoqué au scanner, a été confirmé.", [0]),
        ("Une [tumeur] n'était pas éliminée.", [1]),
        ("Le scanner n'a pas permis d'éliminer une [dissection].", [1]),
        ("La [marche] est redevenue possible.", [0]),
    ],
)
def test_french_doubts(marked: str, doubtful: list[int]) -> None:
    assert told(marked, "fr", "hedged") == [bool(x) for x in doubtful]
