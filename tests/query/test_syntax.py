"""The explicit syntax: everything typed is read, and reads back the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galien.model.errors import QueryError
from galien.query.ast import And, Field, Like, Node, Not, Or, Starts, Text
from galien.query.syntax import MAX_LENGTH, parse, render

WORDS = st.text("abcdéèîœ0123456789", min_size=4, max_size=9)
LEAVES = st.one_of(
    st.builds(Text, WORDS),
    st.builds(Text, st.lists(WORDS, min_size=2, max_size=4).map(" ".join), st.just(True), st.integers(0, 20)),
    st.builds(Starts, WORDS),
    st.builds(Like, WORDS),
    st.builds(Field, st.sampled_from(["title", "service", "date", "code"]), WORDS),
)


def _join(parts: list[Node], kind: type[And] | type[Or]) -> Node:
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else [part])
    return kind(tuple(flat))


TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda p: _join(p, And)),
        st.lists(inner, min_size=2, max_size=3).map(lambda p: _join(p, Or)),
        inner.filter(lambda node: not isinstance(node, Not)).map(Not),
    ),
    max_leaves=8,
)


@given(TREES)
def test_what_is_rendered_reads_back_the_same(tree: Node) -> None:
    assert parse(render(tree)) == tree


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read(query: str) -> None:
    parse(render(parse(query)))


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        ("hanche prothèse", And((Text("hanche"), Text("prothèse")))),
        ("« prothèse de hanche »", Text("prothèse de hanche", True)),
        ('"douleur thoracique"~5', Text("douleur thoracique", True, 5)),
        ("HTA SAUF diabète", And((Text("HTA"), Not(Text("diabète"))))),
        ("HTA -diabète", And((Text("HTA"), Not(Text("diabète"))))),
        ("genou OU hanche", Or((Text("genou"), Text("hanche")))),
        ("(genou | hanche) PTH", And((Or((Text("genou"), Text("hanche"))), Text("PTH")))),
        ("cardio*", Starts("cardio")),
        ("pneumonie~", Like("pneumonie")),
        ('service:"Chirurgie orthopédique"', Field("service", "Chirurgie orthopédique")),
        ("date:2023..2024", Field("date", "2023..2024")),
        ("thoraco-abdominal", Text("thoraco-abdominal")),
        ("TA:14/8", Text("TA:14/8")),
    ],
)
def test_the_forms(typed: str, tree: Node) -> None:
    assert parse(typed) == tree


@pytest.mark.parametrize("typed", ['"ouvert', "((((", "))) a", "OU", "- -", "service:", "~ *", ""])
def test_what_is_unbalanced_is_passed_over(typed: str) -> None:
    parse(typed)


def test_limits() -> None:
    with pytest.raises(QueryError):
        parse("a" * (MAX_LENGTH + 1))
    with pytest.raises(QueryError):
        parse("(" * 60 + "a b" + ")" * 60)
