"""What one record holds of a concept: rows that are coded with it, and mentions that affirm, deny or doubt it."""

from __future__ import annotations

from galien.query.asking.dossier import NOT_SO, TABLES, Dossier, inside, stance
from galien.query.criteria import Concept, Period
from galien.store.omop.record import CodedRow


class Traces:
    """Traces of a concept, and of what lies below it, latest first.

    What counts as present is what a search counts (`galien.query.execution`), so that a question and a search agree.

    Parameters
    ----------
    dossier : Dossier
    node : Concept
    period : Period or None
        Only traces of these days.

    Attributes
    ----------
    rows : list of CodedRow
    affirmed : list of Mentioned
        Said of the patient for a fact, or of the family where that was asked.
    denied, denied_of_family : list of Mentioned
        Denials of the concept, or of a wider one.
    doubtful : list of Mentioned
        Suspected, conditional, planned, or of a relative.
    """

    def __init__(self, dossier: Dossier, node: Concept, period: Period | None) -> None:
        self.node = node
        below = frozenset({node.id}) if node.exact else dossier.lexicon.descendants(node.id)
        above = frozenset({node.id}) | dossier.lexicon.ancestors(node.id)
        self.rows: list[CodedRow] = _rows(dossier, node, below, period)
        numbers = dossier.numbers(below | above)
        down = {number for number, id in numbers.items() if id in below}
        up = {number for number, id in numbers.items() if id in above}
        drugs = node.kind in ("drug", "class")
        mentions = [m for m in dossier.rows.mentioned(list(numbers)) if inside(m.day, period)]
        mine = [m for m in mentions if m.concept in down and not (drugs and m.section == "allergy")]
        self.affirmed = [m for m in mine if stance(m) == node.said and "n" not in m.said]
        self.denied = [m for m in mentions if m.concept in up and stance(m) == "denied"]
        self.denied_of_family = [m for m in mentions if m.concept in up and "f" in m.said and "n" in m.said]
        unsure = ("hedged", "planned", "family")
        self.doubtful = [m for m in mine if m not in self.affirmed and stance(m) in unsure and "n" not in m.said]

    @property
    def count(self) -> int:
        """Rows and mentions beyond the first few."""
        return len(self.rows) + len(self.affirmed)

    @property
    def days(self) -> list[str]:
        """Days of coded rows, each once, latest first."""
        return sorted({row.start for row in self.rows if row.start}, reverse=True)


def _rows(dossier: Dossier, node: Concept, below: frozenset[str], period: Period | None) -> list[CodedRow]:
    """Coded rows, latest first; none says anything of the family."""
    table = TABLES.get(node.kind)
    sources = dossier.sources(below) if table and node.said == "present" else set()
    if not table or not sources:
        return []
    rows = dossier.rows.coded(table)
    return [row for row in rows if row.source in sources and row.state not in NOT_SO and inside(row.start, period)]
