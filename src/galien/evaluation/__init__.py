"""How well answers are ranked: test collections run through the real engine, measured, compared."""

from galien.evaluation.collection import Collection, half_of, load
from galien.evaluation.comparison import PERMUTATIONS, Compared, compare
from galien.evaluation.measures import MEASURES, measured, measuring
from galien.evaluation.running import Outcome, Result, Shown, evaluate, prepared, read_result

__all__ = [
    "MEASURES",
    "PERMUTATIONS",
    "Collection",
    "Compared",
    "Outcome",
    "Result",
    "Shown",
    "compare",
    "evaluate",
    "half_of",
    "load",
    "measured",
    "measuring",
    "prepared",
    "read_result",
]
