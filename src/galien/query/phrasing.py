"""A typed query in medical language, French or English."""

from __future__ import annotations

from galien.language.reading import Knowledge, Reader
from galien.query import compact
from galien.query.criteria import (
    LEAVES,
    Age,
    All,
    Any,
    Concept,
    Counted,
    Lapse,
    Node,
    Not,
    Picked,
    Related,
    Relation,
    Service,
    Sex,
    Stay,
    Text,
    Value,
)
from galien.query.medical import Interpreter


def render(node: Node, knowledge: Knowledge, reader: Reader, language: str = "fr") -> str:
    """Medical language that `Interpreter.understand` reads as this query.

    A part that has no such words (an odd combination, a concept without an unequivocal name) is written
    in the explicit syntax, which is understood everywhere.
    """
    return _Writer(knowledge, reader, language).whole(node)


class _Writer:
    def __init__(self, knowledge: Knowledge, reader: Reader, language: str) -> None:
        self._knowledge = knowledge
        self._reader = reader
        self._french = language != "en"
        self._interpreter = Interpreter(reader, knowledge)

    def whole(self, node: Node) -> str:
        if isinstance(node, All) and node.parts:
            return ", ".join(self._part(part) for part in node.parts)
        return self._part(node)

    def _part(self, node: Node) -> str:
        match node:
            case Not(part):
                return f"{'sans' if self._french else 'without'} {self._grouped(part)}"
            case Any(parts):
                # One alternative each: "ou" joins its neighbours, so whatever is longer stands in parentheses.
                return (" ou " if self._french else " or ").join(self._alternative(part) for part in parts)
            case Related(relation, left, right, low, high):
                return f"{self._grouped(left)} {self._relation(relation, low, high)} {self._grouped(right)}"
            case All():
                return f"({self.whole(node)})" if node.parts else "()"
            case Picked(which, part):
                words = {"first": ("première", "first"), "last": ("dernière", "last")}[which]
                return f"{words[0] if self._french else words[1]} {self._atom(part)}"
            case Counted(least, part):
                return f"{'au moins' if self._french else 'at least'} {least} {self._atom(part)}"
            case _:
                return self._leaf(node)

    def _grouped(self, node: Node) -> str:
        """A part that a relation or a denial takes whole."""
        return f"({self.whole(node)})" if isinstance(node, All | Not | Related) else self._part(node)

    def _alternative(self, node: Node) -> str:
        """One of several joined by "ou": what takes a whole group stands in parentheses."""
        if isinstance(node, Age) and node.op == "=":
            return compact.render(node)  # "1 an ou moins de..." would be read as "1 an ou moins"
        return f"({self.whole(node)})" if isinstance(node, Picked | Counted) else self._atom(node)

    def _atom(self, node: Node) -> str:
        return self._part(node) if isinstance(node, (*LEAVES, Picked, Counted)) else f"({self.whole(node)})"

    def _relation(self, relation: Relation, low: Lapse | None, high: Lapse | None) -> str:
        name = {"after": "AFTER", "before": "BEFORE", "around": "AROUND", "same-stay": "SAMESTAY", "overlap": "OVERLAP"}
        french = self._french
        way = {"after": "après" if french else "after", "before": "avant" if french else "before"}.get(relation, "")
        if relation == "same-stay":
            return "au cours du même séjour que" if french else "during the same stay as"
        if relation == "overlap":
            return "en même temps que" if french else "at the same time as"
        if relation == "around" and high is not None:
            return f"à moins de {_said(high, 'fr')} de" if french else f"within {_said(high, 'en')} of"
        if way and low is None and high is None:
            return way
        if way and low is None and high is not None and high.n != 1:
            return f"dans les {_said(high, 'fr')} {way}" if french else f"within {_said(high, 'en')} {way}"
        if way and low is not None and high is None:
            return f"plus de {_said(low, 'fr')} {way}" if french else f"more than {_said(low, 'en')} {way}"
        bounds = f"[{high.n:g}{high.unit}]" if relation == "around" and high else ""
        if relation in ("after", "before"):
            ends = [f"{lapse.n:g}{lapse.unit}" if lapse else "" for lapse in (low, high)]
            bounds = f"[{ends[0]}..{ends[1]}]"
        return name[relation] + bounds

    def _leaf(self, node: Node) -> str:
        written = self._natural(node)
        if written:
            again = self._interpreter.understand(written).query
            if again == node:
                return written
        return compact.render(node)

    def _natural(self, node: Node) -> str:
        french = self._french
        match node:
            case Concept(id, _, said, exact) if not exact:
                name = self._name(id)
                before = {"present": "", "hedged": "suspicion de " if french else "suspected "}
                before |= {"family": "antécédent familial de " if french else "family history of "}
                before |= {"denied": "absence notée de " if french else "documented absence of "}
                return f"{before[said]}{name}" if name and said in before else ""
            case Value(id, op, number, high, written):
                name = self._name(id)
                value = _number(number, french)
                if op == ".." and high is not None:
                    value = f"{value} {'et' if french else 'and'} {_number(high, french)}"
                    op_text = "entre" if french else "between"
                else:
                    op_text = op
                return f"{name} {op_text} {value} {written}".rstrip() if name else ""
            case Stay("inpatient", name):
                if not name:
                    return "hospitalisation" if french else "hospital stay"
                return f"hospitalisé en {name}" if french else f"admitted to {name}"
            case Service(name):
                return f"service de {name}" if french else f"department of {name}"
            case Sex(value):
                return (
                    {"female": "femme", "male": "homme"}[value] if french else {"female": "woman", "male": "man"}[value]
                )
            case Age(op, number, high):
                years = "ans" if french else "years"
                if op == ".." and high is not None:
                    return f"{'entre' if french else 'between'} {number:g} {'et' if french else 'and'} {high:g} {years}"
                words = {">": ("plus de", "over"), "<": ("moins de", "under"), ">=": ("au moins", "at least")}
                words |= {"<=": ("au plus", "at most"), "=": ("de", "aged")}
                return f"{words[op][0] if french else words[op][1]} {number:g} {years}"
            case Text(text, True):
                return f'"{text}"'
            case Text(text, False):
                return text
            case _:
                return ""

    def _name(self, id: str) -> str:
        concept = self._knowledge.get(id)
        return concept.name("fr" if self._french else "en") if concept else ""


def _said(lapse: Lapse, language: str) -> str:
    names = {
        "fr": {"h": "heures", "d": "jours", "w": "semaines", "mo": "mois", "y": "ans"},
        "en": {"h": "hours", "d": "days", "w": "weeks", "mo": "months", "y": "years"},
    }
    return f"{lapse.n:g} {names[language][lapse.unit]}"


def _number(value: float, french: bool) -> str:
    return f"{value:.10g}".replace(".", ",") if french else f"{value:.10g}"
