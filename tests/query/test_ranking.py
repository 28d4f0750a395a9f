"""Articles by best match: what comes first, what comes near, and what stays exact."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from galien.app.workspace import Workspace
from galien.index import clauses as c
from galien.index.port import Snapshot
from galien.knowledge import shipped_words
from galien.query.planning import plan
from galien.query.ranking import Question, Ranking, by_best_match, content, prose, reasons
from galien.query.syntax import parse
from galien.web import create_app

ARTICLES = {
    "exact": ("Cinnamon and fasting glucose", "Cinnamon lowered fasting glucose in a trial of forty adults."),
    "partial": ("Cinnamon oil", "Cinnamon oil was studied for its smell."),
    "other": ("Glucose sensors", "Continuous glucose sensors were compared."),
    "kidney": ("Kidney stones", "Kidney stones recur in half of the patients after ten years."),
    "hypertension": ("High blood pressure in pregnancy", "High blood pressure was treated with labetalol."),
    "away": ("Sleep", "Night shifts disturb sleep."),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("library")
    lines = [json.dumps({"_id": id, "title": t, "text": x}) for id, (t, x) in ARTICLES.items()]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    with Workspace(folder / "ws") as workspace:
        workspace.ingest([folder / "corpus.jsonl"], workers=0)
        yield workspace


def titles(workspace: Workspace, query: str, **options: object) -> list[str]:
    return [hit.title for hit in workspace.search(query, kind="articles", **options).value.hits]


def test_what_holds_everything_comes_first_then_the_nearest(library: Workspace) -> None:
    answer = library.search("cinnamon glucose", kind="articles").value
    assert [(hit.title, hit.near) for hit in answer.hits[:1]] == [("Cinnamon and fasting glucose", False)]
    assert {hit.title for hit in answer.hits if hit.near} >= {"Cinnamon oil", "Glucose sensors"}
    assert (answer.total, answer.relaxed) == (1, False)
    assert answer.near == len(answer.hits) - 1


def test_where_nothing_holds_everything_it_is_said(library: Workspace) -> None:
    answer = library.search("cinnamon sensors", kind="articles").value
    assert answer.relaxed
    assert {"Cinnamon oil", "Glucose sensors"} <= {hit.title for hit in answer.hits[:3]}


def test_a_long_question_is_answered_by_best_match(library: Workspace) -> None:
    question = "Hello doctor, I would like to know whether stones in the kidney come back years later, thank you"
    assert prose("stones kidney come back years later whether doctor patients")
    assert titles(library, question)[0] == "Kidney stones"


def test_a_question_finds_articles_in_the_other_language(library: Workspace) -> None:
    answer = library.search("cannelle et glycémie à jeun", kind="articles").value
    assert answer.hits[0].title == "Cinnamon and fasting glucose"
    assert "concepts" in answer.hits[0].by
    assert any(why.startswith("cannelle → cinnamon") for item in answer.hits[0].evidence for why in item.why)


def test_where_only_near_articles_answer_they_are_shown_whatever_the_kind(library: Workspace) -> None:
    answer = library.search("cannelle odorante").value
    assert (answer.kind, answer.total, answer.relaxed) == ("articles", 0, True)
    assert answer.hits[0].title.startswith("Cinnamon")
    assert library.search("xyzzy").value.hits == ()


def test_other_names_of_a_concept_are_near_or_exact_but_found(library: Workspace) -> None:
    assert "High blood pressure in pregnancy" in titles(library, "hypertension")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"cinnamon oil"', ["Cinnamon oil"]),
        ("cinnamon -oil", ["Cinnamon and fasting glucose"]),
        ("glucose SAUF cinnamon", ["Glucose sensors"]),
        ("titre:sensors", ["Glucose sensors"]),
    ],
)
def test_signs_of_the_word_search_stay_exact(library: Workspace, query: str, found: list[str]) -> None:
    answer = library.search(query, kind="articles").value
    assert [hit.title for hit in answer.hits] == found
    assert answer.near == 0


def test_patients_and_documents_are_never_near(workspace: Workspace) -> None:
    for kind in ("patients", "documents"):
        answer = workspace.search("prothèse fièvre hanche", kind=kind).value
        assert answer.near == 0
        assert not any(hit.near for hit in answer.hits)


def test_pages_follow_each_other_through_exact_and_near(library: Workspace) -> None:
    whole = titles(library, "cinnamon glucose", limit=20)
    paged: list[str] = []
    cursor = ""
    while True:
        answer = library.search("cinnamon glucose", kind="articles", limit=2, cursor=cursor).value
        paged += [hit.title for hit in answer.hits]
        cursor = answer.next_cursor
        if not cursor:
            break
    assert paged == whole
    assert len(set(paged)) == len(paged)


def test_sorting_by_date_is_not_a_ranking(library: Workspace) -> None:
    assert library.search("cinnamon glucose", kind="articles", sort="newest").value.near == 0


@pytest.mark.parametrize(
    ("query", "ranked"),
    [
        ("asthma children", True),
        ("what is asthma?", True),
        ("asthma OR eczema", False),
        ('"asthma attack"', False),
        ("asthma -children", False),
        ("cardio*", False),
        ("year:2024 asthma", False),
        ("the", True),
        ("...", False),
        ('my "son" had asthma - since birth - and eczema, hay fever, hives, rhinitis as well', True),
    ],
)
def test_which_queries_are_ranked_by_best_match(query: str, ranked: bool) -> None:
    assert by_best_match(query, plan(parse(query))) is ranked


def test_the_words_that_only_ask_are_left_out() -> None:
    assert content("Bonjour, comment traiter l'asthme ? Merci, asthme sévère") == {
        "traiter": 1,
        "asthme": 2,
        "sévère": 1,
    }
    assert content("what is it") == {"what": 1, "is": 1, "it": 1}  # better than nothing


class Meaning:
    """A scorer that knows the answer."""

    name = "meaning"

    def __init__(self, ids: list[str]) -> None:
        self._ids = ids

    def best(self, question: Question, snapshot: Snapshot, depth: int) -> list[c.Found]:
        return [c.Found(id, 1.0 / place) for place, id in enumerate(self._ids, 1)][:depth]


def test_another_scorer_joins_in_and_says_so(library: Workspace) -> None:
    away = library.ids("article", ["beir:default:away"])["beir:default:away"]
    engine = library._engine
    words = engine._ranking._words  # type: ignore[union-attr]
    snapshot = engine._index.snapshot()
    within = (c.Value("kind", ("article",)),)
    exact = plan(parse("cinnamon glucose")).clause
    question = Question("cinnamon glucose", within, exact)
    fused = Ranking(words, [Meaning([away])])
    listed = fused.page(question, snapshot, total=1, offset=0, limit=10)
    ids = [item.id for item in listed.found]
    assert ids[0] in listed.whole  # what holds everything stays first
    assert ids[1] == away  # first of a list, it comes before what is second in the other
    assert listed.brought == {away: ("meaning",)}
    assert listed.near == len(ids) - 1
    assert away not in [i.id for i in fused.page(question, snapshot, total=1, offset=0, limit=10, system="words").found]
    assert reasons((), listed.brought[away]) == ("meaning",)
    pages = [fused.page(question, snapshot, total=1, offset=at, limit=2).found for at in range(0, len(ids), 2)]
    assert [item.id for page in pages for item in page] == ids


def test_a_scorer_with_nothing_to_say_changes_nothing(library: Workspace) -> None:
    engine = library._engine
    question = Question("cinnamon glucose", (c.Value("kind", ("article",)),), plan(parse("cinnamon glucose")).clause)
    snapshot = engine._index.snapshot()
    words = engine._ranking._words  # type: ignore[union-attr]
    alone, joined = (
        Ranking(words, others).page(question, snapshot, total=1, offset=0, limit=10) for others in ([], [Meaning([])])
    )
    assert [i.id for i in joined.found] == [i.id for i in alone.found]
    assert (joined.whole, joined.near, len(joined.whole)) == (alone.whole, alone.near, 1)


@pytest.mark.parametrize(("language", "said"), [("fr", "Autres résultats proches"), ("en", "Other near results")])
def test_the_page_and_the_command_set_the_nearest_apart(library: Workspace, language: str, said: str) -> None:
    client = TestClient(create_app(library), base_url="http://localhost")
    page = client.get(f"/search?q=cinnamon+glucose&kind=articles&lang={language}").text
    assert page.count(said) == 1
    assert page.index("Cinnamon and fasting glucose") < page.index(said) < page.index("Cinnamon oil")
    assert said not in client.get(f"/search?q=cinnamon+sensors&kind=articles&lang={language}").text


def test_words_of_the_two_languages() -> None:
    words = shipped_words()
    assert words.counterparts("cannelles", "en") == ("cinnamon",)
    assert "lait" in words.counterparts("milk", "fr")
    assert "pain" not in words.counterparts("bread", "fr")  # would find what hurts
    assert "nephropathy" in words.cognates("nephropathie")
    assert "hemorrhage" in words.counterparts("hemorragie", "en")


def test_the_table_of_words_is_folded_and_has_no_word_twice() -> None:
    from importlib.resources import files

    lines = Path(str(files("galien.knowledge").joinpath("data/words.tsv"))).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    assert all(len(row) == 2 and row[0].isascii() and row[0] == row[0].lower() for row in rows)
    assert len({row[0] for row in rows}) == len(rows)
