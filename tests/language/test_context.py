"""What is said of a mention. Sentences are ours; traps are those that clinicians complain of."""

from __future__ import annotations

import re

import pytest

from galien.language.context import rules
from galien.language.reading import contexts_of


def context_of(marked: str, language: str) -> object:
    """Context of the words between brackets."""
    start = marked.index("[")
    end = marked.index("]") - 1
    (found,) = contexts_of(re.sub(r"[\[\]]", "", marked), [(start, end)], rules(language))
    return found


@pytest.mark.parametrize(
    ("marked", "said"),
    [
        ("Pas de [fièvre].", {"negated"}),
        ("Ni fièvre, ni [frissons].", {"negated"}),
        ("Sans toux, dyspnée ni [douleur thoracique].", {"negated"}),
        ("Pas de fièvre mais une [toux] productive.", set()),
        ("Aucun doute sur la [fracture].", set()),
        ("L'échographie ne retrouve pas de [thrombose].", {"negated"}),
        ("La [thrombose] n'a pas été retrouvée.", {"negated"}),
        ("L'angioscanner élimine une [embolie pulmonaire].", {"negated"}),
        ("Le scanner ne permet pas d'éliminer une [fracture].", {"hedged"}),
        ("On ne peut exclure une [embolie pulmonaire].", {"hedged"}),
        ("Suspicion d'[embolie pulmonaire].", {"hedged"}),
        ("[Infection urinaire] à rechercher.", {"hedged"}),
        ("[Phlébite] probable du mollet gauche.", {"hedged"}),
        ("[Fièvre] : non.", {"negated"}),
        ("Paracétamol si [fièvre].", {"conditional"}),
        ("Antécédent d'[infarctus].", {"historical"}),
        ("Refus de la [coloscopie].", {"negated"}),
        ("[Coloscopie] programmée en mars.", {"planned"}),
        ("[Confusion] résolutive.", {"resolved"}),
        ("Dit avoir eu des [vertiges].", {"reported"}),
        ("Pas d'amélioration de la [dyspnée].", set()),
        ("Traité par anti-inflammatoires non stéroïdiens pour une [goutte].", set()),
    ],
)
def test_french(marked: str, said: set[str]) -> None:
    found = context_of(marked, "fr")
    flags = ("negated", "hedged", "conditional", "historical", "planned", "resolved", "reported")
    assert {flag for flag in flags if getattr(found, flag)} == said


@pytest.mark.parametrize(
    ("marked", "said"),
    [
        ("No evidence of [pneumonia].", {"negated"}),
        ("No fever, chills or [cough].", {"negated"}),
        ("No fever but has a [cough].", set()),
        ("Denies [chest pain].", {"negated"}),
        ("[Chest pain]: denied.", {"negated"}),
        ("[Metastasis] was ruled out.", {"negated"}),
        ("Cannot rule out [pulmonary embolism].", {"hedged"}),
        ("Findings suggestive of [pneumonia].", {"hedged"}),
        ("Return for [fever].", {"conditional"}),
        ("History of [stroke].", {"historical"}),
        ("[Fever] has resolved.", {"resolved"}),
        ("ROS is -ve for weight loss or [cough].", {"negated"}),
    ],
)
def test_english(marked: str, said: set[str]) -> None:
    found = context_of(marked, "en")
    flags = ("negated", "hedged", "conditional", "historical", "planned", "resolved")
    assert {flag for flag in flags if getattr(found, flag)} == said


@pytest.mark.parametrize(
    ("marked", "language", "subject"),
    [
        ("Mère décédée d'un [cancer du sein].", "fr", "family"),
        ("Antécédents familiaux : [diabète].", "fr", "family"),
        ("[Asthme] chez sa sœur.", "fr", "family"),
        ("Accompagné de sa mère pour une [otite].", "fr", "patient"),
        ("Family history of [breast cancer].", "en", "family"),
        ("Brought in by her mother with [croup].", "en", "patient"),
    ],
)
def test_whose_it_is(marked: str, language: str, subject: str) -> None:
    assert context_of(marked, language).subject == subject  # type: ignore[attr-defined]


def test_the_deciding_words_are_told() -> None:
    text = "Pas d'argument pour une phlébite."
    (found,) = contexts_of(text, [(24, 32)], rules("fr"))
    assert [text[span.start : span.end] for span in found.cue] == ["Pas d'argument pour"]
