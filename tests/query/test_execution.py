"""Execution is exact: the engine against a slow, obvious oracle, on random queries over random small hospitals."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from galien.query.criteria import Node
from galien.query.execution import Execution
from support.oracle import QUERIES, TODAY, WITH_PERIOD, Adapter, Records, answers, hospitals


@settings(max_examples=1500, deadline=None)
@given(hospitals(), QUERIES | WITH_PERIOD)
def test_the_engine_agrees_with_the_oracle(hospital: Records, query: Node) -> None:
    adapter = Adapter(hospital)
    execution = Execution(adapter, adapter, adapter, lambda *_: np.empty(0, np.int64), TODAY)  # type: ignore[arg-type]
    assert execution.run(query).patients.tolist() == answers(hospital, query)
