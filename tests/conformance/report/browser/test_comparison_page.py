"""The page of two runs side by side, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe

from conformance.compare import align, compare
from conformance.compare.html import render_comparison
from tests.conformance.compare.test_html import hostile_run, passed
from tests.conformance.report import runs
from tests.conformance.report.browser.test_report_page import EVIL, PHONE, choose, open_all

if TYPE_CHECKING:
    from conformance.results.runlog import Run
    from tests.conformance.report.browser.conftest import Pages

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]


def html(run: Run) -> str:
    comparison = compare(passed(run), run)
    return render_comparison(comparison, align(comparison, "edit.fails"))


class TestComparison:
    @pytest.mark.parametrize("run", [runs.mixed(), hostile_run(EVIL)], ids=["mixed", "hostile"])
    async def test_is_inert_and_fits_a_phone(self, pages: Pages, run: Run) -> None:
        page = await pages(html(run), **PHONE)
        await open_all(page)
        assert await page.trouble() == []
        assert await page.tab.evaluate("window.pwned") is None
        assert await page.tab.evaluate("document.documentElement.scrollWidth") == 360

    async def test_filters_by_status(self, pages: Pages) -> None:
        page = await pages(html(runs.mixed()))
        await choose(page, outcome="REGRESSED")
        assert await page.shown("output") == ["1 of 8 scenarios"]
        await open_all(page)
        assert await page.shown(".feature .scenario .name") == ["edit.fails"]

    async def test_builds_the_rows_where_nothing_changed_when_somebody_looks_for_them(self, pages: Pages) -> None:
        page = await pages(html(runs.mixed()))
        assert await page.tab.locator(".feature .scenario").count() == 2
        await choose(page, words="edit.passes")
        assert await page.shown("output") == ["1 of 8 scenarios"]
        assert await page.shown(".feature .scenario .name") == ["edit.passes"]

    async def test_follows_a_link_to_a_row_that_is_not_built_yet(self, pages: Pages) -> None:
        page = await pages(html(runs.mixed()), "#drop.none")
        assert await page.tab.locator("[id='drop.none']").is_visible()
        assert await page.trouble() == []

    async def test_opens_a_scenario_that_a_link_names(self, pages: Pages) -> None:
        page = await pages(html(runs.mixed()), "#edit.amber", java_script_enabled=False)
        assert await page.tab.locator("[id='edit.amber']").is_visible()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    async def test_axe_has_nothing_to_say(self, pages: Pages, scheme: str) -> None:
        page = await pages(html(runs.mixed()), color_scheme=scheme)
        await open_all(page)
        found = (await Axe().run(page.tab)).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
