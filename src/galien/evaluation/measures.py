"""The measures of a ranking, by ``ir_measures`` over trec_eval: the figures that others publish are these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from galien.model.errors import MissingExtra

DEPTH = 100
MEASURES = ("nDCG@10", "Recall@100", "MAP", "MRR")
"""nDCG@10 with linear gains (trec_eval's), recall, average precision and reciprocal rank within `DEPTH`."""


def measured(
    judgments: Mapping[str, Mapping[str, int]], rankings: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float]]:
    """Each measure of each judged query.

    Parameters
    ----------
    judgments : mapping of query to (mapping of document to grade)
        Any grade above 0 is relevant for the measures that do not grade.
    rankings : mapping of query to documents, best first
        A judged query without a ranking, or without any relevant document, counts 0, as in trec_eval.

    Returns
    -------
    dict of query to (dict of measure to value in [0, 1])
    """
    ir_measures = measuring()
    AP, RR, R, nDCG = ir_measures.AP, ir_measures.RR, ir_measures.R, ir_measures.nDCG  # noqa: N806
    named = {nDCG @ 10: "nDCG@10", R @ DEPTH: "Recall@100", AP @ DEPTH: "MAP", RR @ DEPTH: "MRR"}
    values = {query: dict.fromkeys(MEASURES, 0.0) for query in judgments}
    # A score from the rank: trec_eval breaks ties by document id, and what is measured is the order as shown.
    run = {
        query: {document: float(len(ranking) - place) for place, document in enumerate(ranking)}
        for query, ranking in rankings.items()
    }
    qrels = {query: dict(grades) for query, grades in judgments.items()}
    for found in ir_measures.iter_calc(list(named), qrels, run):
        values[found.query_id][named[found.measure]] = float(found.value)
    return values


def measuring() -> Any:
    """The library that measures; scipy comes with it, so that only who measures waits for it.

    Raises
    ------
    MissingExtra
        It is not installed, or not whole.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise MissingExtra("ir_measures is not installed", hint="pip install ir-measures") from error
    return ir_measures


def means(values: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Mean of each measure over the queries."""
    return {name: sum(v[name] for v in values.values()) / max(1, len(values)) for name in MEASURES}
