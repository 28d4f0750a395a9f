"""The question box of the patient page and its REST twin: same answers, no question in an address, none forged."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from galien.app.workspace import Workspace
from galien.cli import main
from galien.web import create_app
from support.fixtures import NOW

OWN = {"sec-fetch-site": "same-origin", "origin": "null"}


@pytest.fixture
def client(workspace: Workspace) -> TestClient:
    return TestClient(create_app(workspace, today=NOW.date), base_url="http://localhost", raise_server_exceptions=False)


def test_the_page_asks_and_answers_without_scripts(client: TestClient) -> None:
    page = client.get("/patients/p1?lang=fr").text
    assert "Poser une question sur ce dossier" in page
    assert re.search(r'<form[^>]+action="/patients/p1/questions#ask" method="post"', page)
    answer = client.post("/patients/p1/questions", data={"question": "dernière HbA1c"}, headers=OWN)
    assert answer.status_code == 200
    assert "Hémoglobine glyquée : 7,1 % le 01/05/2024." in answer.text
    assert 'value="dernière HbA1c"' in answer.text
    assert "dernière" not in str(answer.url)


def test_a_script_sends_json_and_gets_the_same_page(client: TestClient) -> None:
    form = client.post("/patients/p1/questions", data={"question": "fièvre ?"}, headers=OWN).text
    script = client.post("/patients/p1/questions", json={"question": "fièvre ?"}).text
    assert form == script
    assert "Pas de <mark" in form


def test_an_example_is_a_button_that_asks(client: TestClient) -> None:
    page = client.get("/patients/p1?lang=en").text
    assert 'name="question" value="Last creatinine" form="ask-form"' in page
    data = "question=&question=Last+HbA1c"
    headers = {**OWN, "content-type": "application/x-www-form-urlencoded"}
    assert "7.1 %" in client.post("/patients/p1/questions?lang=en", content=data, headers=headers).text


def test_a_curve_is_told_in_words_too(client: TestClient) -> None:
    page = client.post("/patients/p1/questions", data={"question": "évolution HbA1c"}, headers=OWN).text
    figure = re.search(r'<figure class="trend">.*?</figure>', page, re.DOTALL)
    assert figure
    assert '<title id="trend-title">Hémoglobine glyquée, évolution</title>' in figure[0]
    assert "2 valeurs du 01/02/2024 au 01/05/2024, de 7,1 à 7,9 %" in figure[0]
    assert len(re.findall("<circle", figure[0])) == 2


def test_what_nobody_says_shows_where_it_was_looked_for(client: TestClient) -> None:
    page = client.post("/patients/p1/questions?lang=en", data={"question": "is she on warfarin?"}, headers=OWN).text
    assert "Nothing says so" in page
    assert '<details class="looked" open>' in page


def test_a_question_is_text_never_markup(client: TestClient) -> None:
    told = '"><script>alert(1)</script>'
    page = client.post("/patients/p1/questions", data={"question": told}, headers=OWN).text
    assert "<script>alert" not in page
    assert "alert" in page


def test_a_question_comes_from_our_own_pages(client: TestClient) -> None:
    asked = {"question": "HTA ?"}
    assert client.post("/patients/p1/questions", data=asked).status_code == 403
    for site in ("cross-site", "same-site", "none"):
        headers = {"sec-fetch-site": site, "origin": "null"}
        assert client.post("/patients/p1/questions", data=asked, headers=headers).status_code == 403
    forged = client.post("/patients/p1/questions", json=asked, headers={"origin": "http://evil.example"})
    assert forged.status_code == 403
    # Nothing else takes a form, wherever it says that it comes from.
    for path in ("/api/v1/ingest", "/api/v1/questions", "/patients/p1", "/patients/p1/questions/more"):
        assert client.post(path, data=asked, headers=OWN).status_code in (403, 405), path


def test_an_address_typed_again_shows_the_record(client: TestClient) -> None:
    again = client.get("/patients/p1/questions", follow_redirects=False)
    assert (again.status_code, again.headers["location"]) == (303, "/patients/p1#ask")
    assert client.get("/patients/%2F%2Fevil/questions", follow_redirects=False).status_code == 404
    assert client.post("/patients/p999/questions", json={"question": "HTA ?"}).status_code == 404
    assert client.post("/patients/p1/questions", json={"question": ""}).status_code == 200


def test_rest_and_the_command_line_answer_alike(client: TestClient, workspace: Workspace) -> None:
    asked = {"patient": "p1", "question": "dernière HbA1c"}
    answer = client.post("/api/v1/questions", json=asked).json()
    assert (answer["verdict"], answer["value"]) == ("found", "7.1 %")
    assert answer["facts"][0]["evidence"]["document"] == "p1"
    workspace.close()
    command = ["--workspace", str(workspace.folder), "--language", "fr", "ask", "1", "dernière HbA1c"]
    printed = json.loads(CliRunner().invoke(main, [*command, "--json"]).stdout)
    assert {k: v for k, v in printed.items() if k != "took_ms"} == {k: v for k, v in answer.items() if k != "took_ms"}
    shown = CliRunner().invoke(main, command).output
    assert "Hémoglobine glyquée : 7,1 % le 01/05/2024." in shown
    assert "Hémoglobine glyquée 7.1 %" in shown


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"patient": "p1", "question": ""}, 400),
        ({"patient": "p1", "question": "x" * 600}, 400),
        ({"patient": "nobody", "question": "HTA ?"}, 404),
        ({"question": "HTA ?"}, 400),
        ([], 400),
    ],
)
def test_what_cannot_be_asked_is_a_problem_without_data(client: TestClient, body: object, status: int) -> None:
    answer = client.post("/api/v1/questions", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "HTA" not in answer.text
