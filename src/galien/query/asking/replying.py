"""Replies: their shape, and the question as it was read, told back."""

from __future__ import annotations

from collections.abc import Sequence

from galien.model.replies import Reply, ReplyFact, Verdict
from galien.query import compact
from galien.query.asking.dossier import Dossier
from galien.query.asking.questions import Question
from galien.query.asking.wording import Wording
from galien.query.criteria import Concept, DocumentKind

FEW = 4
"""Facts shown of an answer that is one thing."""
MANY = 12
"""Facts shown of a list."""


def reply(
    dossier: Dossier,
    question: Question,
    verdict: Verdict,
    sentence: str,
    facts: Sequence[ReplyFact],
    *,
    more: int = 0,
    value: str = "",
) -> Reply:
    """A reply to a question that was understood."""
    return Reply(
        question=question.text, patient=f"p{dossier.person}", language=question.language, form=question.form,
        verdict=verdict, sentence=sentence, facts=tuple(facts), more=max(more, 0), value=value,
    )  # fmt: skip


def read_back(question: Question, dossier: Dossier, words: Wording) -> str:
    """The question as it was read: *dernière valeur · créatinine · depuis le 01/01/2023*."""
    form = question.form
    if form == "value":
        parts = [words.word("read", question.pick or "last")]
    elif form == "date" and question.pick in ("last", "first"):
        parts = [words.word("read", f"date_{question.pick}")]
    else:
        parts = [words.word("read", form)]
    if question.allergy and question.listed != "allergies":
        parts.append(words.word("read", "allergy"))
    node = question.about
    if isinstance(node, Concept):
        name = dossier.name(node.id, words)
        parts.append(words.word("list", "family", name=name) if node.said == "family" else name)
    elif isinstance(node, DocumentKind):
        parts.append(dossier.kind_name(node.kind, words))
    elif node is not None:
        parts.append(compact.render(node))
    elif question.listed:
        parts.append(words.word("list", question.listed))
    if question.ever and form == "whether":
        parts.append(words.word("read", "ever"))
    within = words.within(question.period).strip()
    return " · ".join([*parts, within] if within else parts)
