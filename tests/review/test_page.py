"""The HTML form in headless Chromium."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudstack_pins.review import Review, to_html
from toolchain.browser import browser as installed_browser

Reviewed = Callable[..., Review]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    found = os.environ.get("CHROMIUM") or installed_browser()
    if found is None:
        pytest.skip("no chromium here: `make browser` installs it, or name one in CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("name", ["made/hostile", "made/in-place", "real/rotate-one-remove-one-add-one"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [pytest.param(400, id="400px"), pytest.param(1280, id="1280px")])
def test_the_page_is_readable_for_everybody(
    chromium: Any, tmp_path: Path, reviewed: Reviewed, name: str, theme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    file = tmp_path / "review.html"
    file.write_text(to_html(reviewed(name)), encoding="utf-8")
    context = chromium.new_context(color_scheme=theme, viewport={"width": width, "height": 900})
    tab = context.new_page()
    asked: list[str] = []
    told: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: told.append(message.text))
    tab.on("dialog", lambda dialog: told.append("dialog"))
    tab.goto(file.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")

    # axe is put in by the test; the page's own policy forbids every script.
    violations = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})

    assert violations.response["violations"] == [], violations.generate_report()
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert asked == [file.as_uri()]
    assert told == []
    assert tab.locator("h1").inner_text() == reviewed(name).verdict
    context.close()


def test_the_page_needs_nothing_else(reviewed: Reviewed) -> None:
    text = to_html(reviewed("made/hostile"))

    assert not re.search(r"<script|(?:src|href)=|@import|url\(", text.replace("&lt;img src=x", ""))
    assert "default-src 'none'" in text
