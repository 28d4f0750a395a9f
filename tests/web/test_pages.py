"""The pages and the REST interface, as a browser and as a program see them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from galien.app.workspace import Workspace
from galien.cli import main
from galien.web import create_app
from support.fixtures import NOW


@pytest.fixture
def client(workspace: Workspace) -> TestClient:
    app = create_app(workspace, today=NOW.date)
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


def first(workspace: Workspace, query: str, kind: str) -> str:
    return workspace.search(query, kind=kind).value.hits[0].id


def test_every_page_answers_in_both_languages(client: TestClient, workspace: Workspace) -> None:
    document, person = first(workspace, "totale", "documents"), first(workspace, "totale", "patients")
    article = first(workspace, "arthroplasty", "articles")
    for path in (
        "/", "/search?q=hanche", "/search?q=hanche&kind=patients", f"/documents/{document}?q=hanche",
        f"/patients/{person}", f"/articles/{article}", "/ingest", "/help", "/api",
    ):  # fmt: skip
        for language in ("fr", "en"):
            answer = client.get(path, params={"lang": language} if "?" not in path else None)
            assert answer.status_code == 200, path
            assert answer.headers["content-type"].startswith("text/html"), path
            assert re.search(r'<html[^>]* lang="(fr|en)"', answer.text), path
    assert 'lang="en"' in client.get("/?lang=en").text
    assert 'lang="fr"' in client.get("/?lang=fr").text


def test_the_evidence_is_on_the_page_marked(client: TestClient) -> None:
    page = client.get("/search?q=hanche&kind=documents").text
    assert "<mark>hanche</mark>" in page
    assert "Compte rendu opératoire" in page


def test_what_a_document_says_is_text_never_markup(client: TestClient, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("<script>alert(1)</script> onglet <img src=x onerror=alert(2)> anthrax")
    workspace.ingest([tmp_path / "x.txt"], workers=0)
    for path in (
        "/search?q=anthrax&kind=documents",
        f"/documents/{first(workspace, 'anthrax', 'documents')}?q=anthrax",
    ):
        page = client.get(path).text
        assert "anthrax" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_headers_forbid_what_comes_from_elsewhere(client: TestClient) -> None:
    headers = client.get("/search?q=hanche").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


def test_no_page_holds_inline_code_or_foreign_addresses(client: TestClient, workspace: Workspace) -> None:
    person = first(workspace, "totale", "patients")
    for path in ("/", "/search?q=hanche", f"/patients/{person}", "/ingest", "/help"):
        page = client.get(path).text
        assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>\s*\S", page), path
        assert not re.search(r"\son\w+=", page), path
        assert not re.search(r'(?:src|href)="https?://', page), path


def test_a_foreign_host_or_origin_is_refused(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 403
    forged = client.post("/api/v1/ingest", json={"paths": ["/"]}, headers={"origin": "http://evil.example"})
    assert forged.status_code == 403
    assert client.post("/api/v1/ingest", data={"paths": "/"}).status_code == 403


def test_errors_are_problem_details_without_data(client: TestClient) -> None:
    for path, status in (
        ("/api/v1/documents/d99999", 404), ("/api/v1/documents/zz", 404), ("/api/v1/search?q=a&cursor=!!", 400),
        ("/api/v1/search?q=a&limit=0", 400), ("/api/v1/nothing", 404),
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code in (status, 422), path
        assert answer.headers["content-type"] == "application/problem+json", path
        problem = answer.json()
        assert {"title", "status"} <= problem.keys(), path
    page = client.get("/documents/d99999")
    assert page.status_code == 404
    assert "<html" in page.text


def test_four_ways_one_answer(client: TestClient, workspace: Workspace) -> None:
    """Python, REST (GET and POST), and the command line give the same hits."""
    python = [(h.id, h.score) for h in workspace.search("prothèse hanche", kind="documents").value.hits]
    assert python
    got = client.get("/api/v1/search", params={"q": "prothèse hanche", "kind": "documents"}).json()
    posted = client.post("/api/v1/search", json={"query": "prothèse hanche", "kind": "documents"}).json()
    assert [(h["id"], h["score"]) for h in got["hits"]] == python
    assert got["hits"] == posted["hits"]
    workspace.close()
    ran = CliRunner().invoke(
        main, ["--workspace", str(workspace.folder), "search", "prothèse hanche", "--kind", "documents", "--json"]
    )
    assert ran.exit_code == 0, ran.output
    said = [(h["id"], h["score"], h["evidence"]) for h in json.loads(ran.stdout)["hits"]]
    assert said == [(h["id"], h["score"], h["evidence"]) for h in got["hits"]]


def test_pages_follow_by_link(client: TestClient) -> None:
    answer = client.get("/api/v1/search?kind=documents&limit=2")
    link = re.match(r'<([^>]+)>; rel="next"', answer.headers["link"])
    assert link
    following = client.get(link[1]).json()
    assert len(following["hits"]) == 2
    assert not {h["id"] for h in following["hits"]} & {h["id"] for h in answer.json()["hits"]}


def test_the_description_is_openapi_and_names_every_route(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert {"/api/v1/search", "/api/v1/patients/{id}", "/api/v1/ingest"} <= set(described["paths"])


def test_an_ingest_job_runs_in_the_server(client: TestClient, tmp_path: Path) -> None:
    import time

    (tmp_path / "new.txt").write_text("Compte rendu : spondylodiscite infectieuse.")
    job = client.post("/api/v1/ingest", json={"paths": [str(tmp_path / "new.txt")]})
    assert job.status_code == 202
    for _ in range(300):
        state = client.get(job.headers["location"]).json()
        if state["state"] != "running":
            break
        time.sleep(0.1)
    assert state["state"] == "done", state
    assert client.get("/api/v1/search?q=spondylodiscite").json()["total"] == 1


def test_suggestions(client: TestClient) -> None:
    offered = client.get("/api/v1/suggest?prefix=hémo").json()["suggestions"]
    assert offered[0]["text"].lower() == "hémoglobine glyquée"
    assert offered[0]["concept"] == "hba1c"


def test_nothing_found_says_why_and_what_to_do(client: TestClient) -> None:
    page = client.get("/search?q=xylophone+trompette&lang=fr").text
    assert "xylophone" in page
    assert "trompette" in page
    assert client.get("/search?q=gonarthrose+-gonarthrose&kind=documents").status_code == 200
    assert client.get("/search?q=hanche&kind=images").status_code == 200
    assert client.get("/search?q=hanche&kind=documents&service=Nulle+part").status_code == 200


def test_a_long_or_odd_query_is_answered(client: TestClient) -> None:
    assert client.get("/search", params={"q": "a" * 5000}).status_code in (200, 400)
    for query in ('"', "(((", "\u202e", "%00", "'; DROP TABLE", "../../etc"):
        assert client.get("/search", params={"q": query}).status_code == 200, query
