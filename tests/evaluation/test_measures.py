"""Measures and their comparison, against values worked out by hand."""

from __future__ import annotations

from math import log2

import pytest

from galien.evaluation import compare, measured
from galien.evaluation.measures import means
from galien.model.errors import UsageError


def test_measures_equal_those_worked_out_by_hand() -> None:
    """Grades 2 and 1; the best document is third, the other is fifth, one is never found."""
    judgments = {"q": {"a": 2, "b": 1, "c": 1, "x": 0}}
    found = measured(judgments, {"q": ["x", "y", "a", "z", "b"]})["q"]
    ideal = 2 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert found["nDCG@10"] == pytest.approx((2 / log2(4) + 1 / log2(6)) / ideal)
    assert found["Recall@100"] == pytest.approx(2 / 3)
    assert found["MAP"] == pytest.approx((1 / 3 + 2 / 5) / 3)
    assert found["MRR"] == pytest.approx(1 / 3)


def test_the_order_shown_is_what_is_measured_not_the_names() -> None:
    """trec_eval breaks ties by id: equal scores would hide the true order."""
    judgments = {"q": {"a": 1}}
    assert measured(judgments, {"q": ["z", "a"]})["q"]["MRR"] == pytest.approx(0.5)
    assert measured(judgments, {"q": ["a", "z"]})["q"]["MRR"] == pytest.approx(1.0)


def test_only_the_first_ten_count_for_ndcg_and_the_first_hundred_for_recall() -> None:
    judgments = {"q": {"a": 1, "b": 1}}
    ranking = [f"n{i}" for i in range(10)] + ["a"] + [f"m{i}" for i in range(89)] + ["b"]
    found = measured(judgments, {"q": ranking})["q"]
    assert found["nDCG@10"] == 0.0
    assert found["Recall@100"] == pytest.approx(0.5)


def test_a_judged_query_without_answer_counts_zero() -> None:
    values = measured({"q": {"a": 1}, "r": {"a": 1}, "none": {"a": 0}}, {"q": ["a"], "none": ["a"]})
    assert values["r"]["nDCG@10"] == values["none"]["nDCG@10"] == 0.0
    assert means(values)["nDCG@10"] == pytest.approx(1 / 3)


def test_the_randomisation_test_gives_the_exact_share_on_few_queries() -> None:
    """Four equal differences: only the two unanimous of sixteen assignments are as extreme."""
    mine, other = {str(n): 0.5 for n in range(4)}, {str(n): 0.25 for n in range(4)}
    found = compare(mine, other, "nDCG@10")
    assert found.p == pytest.approx(2 / 16, abs=0.01)
    assert (found.mine, found.other, found.difference) == pytest.approx((0.5, 0.25, 0.25))
    assert (found.better, found.worse, found.queries) == (4, 0, 4)


def test_the_randomisation_test_is_repeatable_and_two_sided() -> None:
    mine = {str(n): (n * 7 % 10) / 10 for n in range(30)}
    other = {str(n): (n * 3 % 10) / 10 for n in range(30)}
    assert compare(mine, other, "MAP") == compare(mine, other, "MAP")
    assert compare(mine, other, "MAP").p == pytest.approx(compare(other, mine, "MAP").p)


def test_what_never_differs_is_never_significant_and_what_always_does_is() -> None:
    same = {str(n): n / 40 for n in range(40)}
    assert compare(same, same, "MRR").p == 1.0
    assert compare(same, {key: value + 0.1 for key, value in same.items()}, "MRR").p < 0.001


def test_runs_of_other_collections_are_not_compared() -> None:
    with pytest.raises(UsageError):
        compare({"a": 1.0}, {"b": 1.0}, "MRR")
