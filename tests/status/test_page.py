"""The page, in headless Chromium: readable, filterable, and without a violation that axe-core knows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloudstack_pins.status import page
from cloudstack_pins.status.report import Report
from tests.status.made import mixed
from toolchain.browser import browser as installed_browser

HOSTILE = '<script>alert(1)</script>"><img src=x>\u202e'


def test_the_page_needs_no_network_and_escapes_what_comes_from_outside() -> None:
    text = page.text(mixed(names=[HOSTILE]))

    assert "<script>alert" not in text and "<img" not in text and "\u202e" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert not re.search(r"(?:src|href)=\"?(?:https?:)?//|@import|url\(", text)
    assert text.count("<script>") == 1 and "default-src 'none'" in text


def test_equal_reports_give_equal_pages() -> None:
    assert page.text(mixed()) == page.text(mixed())


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


def opened(browser: Any, folder: Path, report: Report, **options: Any) -> Any:
    file = folder / "status.html"
    file.write_text(page.text(report), encoding="utf-8")
    tab = browser.new_context(**options).new_page()
    tab.goto(file.as_uri())
    return tab


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [pytest.param(400, id="400px"), pytest.param(1280, id="1280px")])
def test_axe_finds_no_violation(chromium: Any, tmp_path: Path, theme: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    every = mixed(templates=6)
    both = replace(every, sets=every.sets + mixed(pools=12, templates=2, name="wide").sets)
    tab = opened(chromium, tmp_path, both, color_scheme=theme, viewport={"width": width, "height": 900})

    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    result = Axe().run(tab, options={"runOnly": tags})

    assert result.response["violations"] == [], result.generate_report()
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    tab.context.close()


def test_headers_stay_in_sight_at_2000_pins(chromium: Any, tmp_path: Path) -> None:
    big = mixed(pools=20, templates=100, name="big")
    tab = opened(chromium, tmp_path, big, viewport={"width": 900, "height": 700})
    box = tab.locator(".scroll").first

    box.evaluate("each => { each.scrollTop = 900; each.scrollLeft = 300 }")

    assert tab.locator(".matrix .pin").count() >= 2000
    frame = box.bounding_box()
    for corner in (".matrix .corner", ".matrix thead tr:nth-child(2) th", ".matrix tbody tr:nth-child(60) th"):
        where = tab.locator(corner).first.bounding_box()
        assert where["y"] >= frame["y"] - 1
    assert tab.locator(".matrix tbody tr:nth-child(60) th").bounding_box()["x"] == pytest.approx(frame["x"], abs=2)
    tab.context.close()


def test_the_filter_works_by_keyboard_and_says_how_many_rows_are_left(chromium: Any, tmp_path: Path) -> None:
    tab = opened(chromium, tmp_path, mixed())

    tab.get_by_label("Template", exact=True).press_sequentially("-01")
    few = tab.locator(".matrix tbody tr:visible").count()
    told = tab.locator("output").first.inner_text()
    tab.get_by_label("Template", exact=True).fill("")
    tab.get_by_label("only with findings").press("Space")
    bad = tab.locator(".matrix tbody tr:visible").count()

    assert (few, told) == (2, "2 of 12 templates")
    assert bad == 9
    tab.context.close()


def test_the_page_reads_without_scripts(chromium: Any, tmp_path: Path) -> None:
    tab = opened(chromium, tmp_path, mixed(), java_script_enabled=False)

    assert tab.get_by_text("Seen 2026-11-28 12:00:00 UTC").is_visible()
    assert tab.locator(".matrix tbody tr:visible").count() == 12
    assert tab.locator("form.filter").first.is_hidden()
    tab.locator("a.pin").first.click()
    assert tab.locator(".finding:target").count() == 1
    tab.context.close()
