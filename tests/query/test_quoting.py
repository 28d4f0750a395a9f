"""Which words of a text answer a query."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from galien.language import exact, stem, tokens
from galien.query.planning import Needle
from galien.query.quoting import matches

WORDS = ["prothèse", "prothèses", "Prothese", "hanche", "breast", "cancers", "cancer", "IL-6", "7,5", "œdème", "dans"]


def needle(word: str, why: str) -> Needle:
    return Needle(exact(word), stem(word, "fr"), stem(word, "en"), why=why)


def slowly(text: str, needles: list[Needle], language: str) -> list[tuple[int, int, str]]:
    """Word by word, needle by needle."""
    found = []
    spoken = "en" if language == "en" else "fr"
    for token in tokens(text):
        surface = text[token.start : token.end]
        for item in needles:
            if item.prefix:
                answers = exact(surface).startswith(item.exact)
            else:
                answers = exact(surface) == item.exact or stem(surface, spoken) in (item.fr, item.en)
            if answers:
                found.append((token.start, token.end, item.why))
                break
    return found


@given(
    st.lists(st.sampled_from(WORDS), max_size=12),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6, unique=True),
    st.sampled_from(["fr", "en", ""]),
    st.booleans(),
)
def test_the_first_needle_that_a_word_answers_marks_it(
    said: list[str], asked: list[str], language: str, prefix: bool
) -> None:
    text = " ".join(said)
    needles = [needle(word, f"{place}") for place, word in enumerate(asked)]
    if prefix:
        needles.insert(1, Needle("canc", prefix=True, why="p"))
    assert [(m.start, m.end, m.why) for m in matches(text, needles, language)] == slowly(text, needles, language)
