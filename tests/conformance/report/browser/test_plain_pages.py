"""The pages of many servers and of many runs, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe

from conformance.compare.history import VIEWS as HISTORY_VIEWS
from conformance.compare.history import history_of
from conformance.compare.history.trend import features_of, point_of
from conformance.compare.matrix import VIEWS as MATRIX_VIEWS
from conformance.compare.matrix import build_matrix
from tests.conformance.report import runs
from tests.conformance.report.browser.test_report_page import EVIL, PHONE

if TYPE_CHECKING:
    from conformance.results.runlog import Run
    from tests.conformance.report.browser.conftest import Pages

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]


def matrix(run: Run) -> str:
    return MATRIX_VIEWS["html"](build_matrix([run, runs.good()] * 5))


def history(run: Run) -> str:
    point = point_of(run)
    return HISTORY_VIEWS["html"](history_of(point.target, [point] * 30, features_of(run)))


@pytest.mark.parametrize("page", [matrix, history])
class TestPlainPages:
    @pytest.mark.parametrize("run", [runs.mixed(), runs.hostile_but_dated(EVIL)], ids=["mixed", "hostile"])
    async def test_is_inert_and_fits_a_phone(self, pages: Pages, page: object, run: Run) -> None:
        opened = await pages(page(run), **PHONE)  # type: ignore[operator]
        assert await opened.trouble() == []
        assert await opened.tab.evaluate("window.pwned") is None
        assert await opened.tab.evaluate("document.documentElement.scrollWidth") == 360

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    async def test_axe_has_nothing_to_say(self, pages: Pages, page: object, scheme: str) -> None:
        opened = await pages(page(runs.mixed()), color_scheme=scheme)  # type: ignore[operator]
        found = (await Axe().run(opened.tab)).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
