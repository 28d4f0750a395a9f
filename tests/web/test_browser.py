"""The pages in a real browser: no script error, usable by keyboard, no sideways scrolling; skipped without Chromium."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from galien.app.demonstration import generate

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
GALIEN = str(Path(sys.executable).with_name("galien"))
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: pages are not tried in a browser")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("browser")
    generate(folder / "hospital", 8, 2, "fr")
    workspace = str(folder / "ws")
    subprocess.run([GALIEN, "-w", workspace, "ingest", str(folder / "hospital/files")], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([GALIEN, "-w", workspace, "serve", "--port", str(port)], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urlopen(url, timeout=5).read()
            break
        except OSError:
            assert process.poll() is None
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser, served: str) -> Iterator[object]:
    context = browser.new_context(base_url=served, viewport={"width": 1440, "height": 900}, locale="fr-FR")
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield opened
    assert faults == []
    context.close()


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("path", ["/", "/search?q=fracture", "/search?q=hanche&kind=images", "/ingest", "/help"])
def test_pages_fit_their_window(page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator("h1, h2").count() > 0 or page.locator("input[type=search], input[name=q]").count() > 0


def test_a_search_from_the_keyboard_alone(page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("patient")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?*")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/search" not in url)
    assert page.locator("h1").count() == 1


def test_every_result_of_every_kind_opens(page) -> None:
    for kind in ("patients", "documents", "images", "articles"):
        page.goto(f"/search?q=&kind={kind}")
        links = page.locator("main article h3 a, main article h2 a, main .hit h3 a, main .hit a").evaluate_all(
            "all => [...new Set(all.map(a => a.getAttribute('href')))].filter(h => !h.startsWith('#')).slice(0, 3)"
        )
        assert links, kind
        for link in links:
            answer = page.goto(link)
            assert answer.status == 200, link


def test_it_works_without_javascript(browser, served: str) -> None:
    context = browser.new_context(base_url=served, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.fill("input[name=q]", "fracture")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?*")
    assert page.locator("mark").count() > 0
    context.close()


def _a_patient(page) -> str:
    page.goto("/search?q=&kind=patients")
    return page.locator(".hit h2 a").first.get_attribute("href")


@pytest.mark.parametrize("width", [1280, 820, 390])
def test_a_question_from_the_keyboard_is_answered_in_place(page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    address = _a_patient(page)
    page.goto(address)
    page.keyboard.press("q")
    page.keyboard.type("évolution de la créatinine")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reply .answer")
    assert page.url.endswith(address)
    assert page.evaluate("document.activeElement.id") == "question"
    assert page.locator("#live").inner_text() == page.locator("#reply .answer").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("#question").fill("a-t-il une licorne ?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reply.unknown")
    page.locator("#reply button").first.click()
    page.wait_for_selector("#reply:not(.unknown)")


def test_a_question_is_answered_without_javascript(browser, served: str) -> None:
    context = browser.new_context(base_url=served, java_script_enabled=False)
    page = context.new_page()
    page.goto(_a_patient(page))
    page.fill("#question", "combien de séjours ?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reply .answer")
    assert "séjours" not in page.url
    page.goto(page.url)
    assert page.locator("#question").count() == 1
    context.close()
