"""`parity.html` in a real browser: what people do with it, and what it must never do."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from conformance.report import build
from conformance.report.html import render
from tests.conformance.report import hostile, runs

if TYPE_CHECKING:
    from conformance.results.runlog import Run
    from tests.conformance.report.browser.conftest import Opened, Pages

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 700}}
EVIL = (
    "<img src=https://evil.example/a onerror=window.pwned=1><script>window.pwned=1</script>"
    "\" autofocus onfocus='window.pwned=1' style='position:fixed'</script><!--<svg onload=window.pwned=1>\x00\ud800"
    "\x1b[2J\u202ejavascript:alert(1)//\u2028'${alert(1)}{{7*7}}"
)
ALL_IDS = set(runs.OUTCOMES)


@cache
def html(kind: str) -> str:
    return page_of(runs.KINDS[kind])


def page_of(run: Run) -> str:
    return render(build(run), run)


async def open_all(page: Opened) -> None:
    await page.tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


async def listed(page: Opened) -> set[str]:
    """Give the ids of the scenarios that the list shows, whether they stand in it or are pointed at."""
    await open_all(page)
    return set(await page.shown(".feature .scenario .name"))


async def choose(page: Opened, **filters: str) -> None:
    for name, value in filters.items():
        if name == "words":
            await page.tab.fill("[name=words]", value)
        else:
            await page.tab.select_option(f"[name={name}]", value)


FOCUSED = "([at]) => at ? [at.tagName, getComputedStyle(at).outlineStyle] : ['nothing', '']"


class TestIsInert:
    @pytest.mark.parametrize("kind", runs.KINDS)
    async def test_asks_for_nothing_and_breaks_no_rule_of_its_own(self, pages: Pages, kind: str) -> None:
        page = await pages(html(kind))
        await open_all(page)
        assert await page.trouble() == []

    async def test_these_checks_notice_what_a_page_must_not_do(self, pages: Pages) -> None:
        bad = "<img src='https://evil.example/a'><script>1</script><p style='color:red'>"
        page = await pages(html("good").replace("<main", f"{bad}<main"))
        trouble = await page.trouble()
        for part in ("img-src https://evil.example/a", "script-src-elem inline", "style-src-attr inline"):
            assert part in trouble

    @pytest.mark.parametrize(
        "text", [EVIL, "".join(hostile.NASTY), "<b>\u202e" * 250_000], ids=["evil", "nasty", "huge"]
    )
    async def test_is_inert_whatever_the_server_sends(self, pages: Pages, text: str) -> None:
        page = await pages(page_of(runs.hostile(text)))
        await open_all(page)
        await page.tab.keyboard.press("Tab")
        assert await page.trouble() == []
        assert await page.tab.evaluate("window.pwned") is None
        assert await page.tab.locator("script").count() == 1
        assert await page.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest_asyncio.fixture(scope="class", loop_scope="session")
async def filtered(pages: Pages) -> Opened:
    """One page for all tests of the filters."""
    return await pages(html("mixed"))


class TestFilters:
    @pytest_asyncio.fixture(loop_scope="session")
    @staticmethod
    async def page(filtered: Opened) -> Opened:
        """The page with its filters cleared."""
        await filtered.tab.click("button[type=reset]")
        await expect(filtered.tab.locator("output")).to_have_text("7 scenarios")
        return filtered

    async def test_are_there_and_count(self, page: Opened) -> None:
        assert await page.shown("output") == ["7 scenarios"]
        assert await page.tab.get_attribute("output", "aria-live") == "polite"
        assert await listed(page) == ALL_IDS

    @pytest.mark.parametrize(
        ("filters", "left"),
        [
            ({"outcome": "FAIL"}, {"edit.fails", "edit.amber"}),
            ({"outcome": "NOT APPLICABLE"}, {"drop.none"}),
            ({"level": "should"}, {"edit.amber"}),
            ({"verdict": "NOT TESTED"}, {"drop.broken", "drop.none"}),
            ({"verdict": "NOT TESTED", "level": "should"}, set()),
            ({"outcome": "FAIL", "level": "must"}, {"edit.fails"}),
            ({"words": "BLOCKED"}, {"edit.blocked"}),
            ({"words": "title of drop"}, {"drop.broken", "drop.none"}),
            ({"words": "edit-3"}, set()),
            ({"words": "edit-1 pass"}, {"edit.passes"}),
            ({"words": "[a.b]"}, {"edit.untestable[a.b]"}),
            ({"words": "nothing like this"}, set()),
            ({"words": "edit.", "outcome": "UNTESTABLE"}, {"edit.untestable[a.b]"}),
        ],
        ids=lambda filters: " ".join(filters.values()) if isinstance(filters, dict) else "",
    )
    async def test_show_what_fits_and_nothing_else(self, page: Opened, filters: dict[str, str], left: set[str]) -> None:
        await choose(page, **filters)
        assert await page.shown("output") == [f"{len(left)} of 7 scenarios"]
        assert await listed(page) == left

    async def test_of_failures_leave_the_failures_that_fit(self, page: Opened) -> None:
        await choose(page, level="should")
        assert [text.split()[1] for text in await page.shown("article.rule h3")] == ["EDIT-3"]

    async def test_of_verdicts_also_leave_the_rows_of_the_table(self, page: Opened) -> None:
        assert len(await page.shown(".matrix tbody tr")) == 2
        await choose(page, verdict="FAIL")
        assert len(await page.shown(".matrix tbody tr")) == 1

    async def test_are_cleared_at_once(self, page: Opened) -> None:
        await choose(page, words="nothing like this", outcome="FAIL")
        await page.tab.click("button[type=reset]")
        await expect(page.tab.locator("output")).to_have_text("7 scenarios")
        assert await listed(page) == ALL_IDS


class TestLinks:
    KEY = "edit.untestable[a.b]"
    ANCHOR = "#edit.untestable%5Ba.b%5D"

    async def is_open(self, page: Opened) -> bool:
        body = page.tab.locator(f"[id='{self.KEY}']")
        box, height = await body.bounding_box(), page.tab.viewport_size["height"]  # type: ignore[index]
        return box is not None and -5 <= box["y"] < height and await body.is_visible()

    @pytest.mark.parametrize("scripts", [True, False])
    async def test_into_a_page_open_the_scenario_and_show_it(self, pages: Pages, scripts: bool) -> None:
        page = await pages(html("mixed"), self.ANCHOR, java_script_enabled=scripts)
        assert await self.is_open(page)

    async def test_are_followed_although_a_filter_hides_what_they_lead_to(self, pages: Pages) -> None:
        page = await pages(html("mixed"))
        await choose(page, outcome="PASS")
        assert not await self.is_open(page)
        await page.tab.click(f"#silent ~ div a[href='{self.ANCHOR}']")
        assert await self.is_open(page)
        assert await page.shown("output") == ["1 of 7 scenarios"]

    async def test_are_followed_a_second_time(self, pages: Pages) -> None:
        page = await pages(html("mixed"), self.ANCHOR)
        await page.tab.locator(f"details:has(> [id='{self.KEY}']) > summary").click()
        assert not await self.is_open(page)
        await page.tab.click(f"#silent ~ div a[href='{self.ANCHOR}']")
        assert await self.is_open(page)

    @pytest.mark.parametrize("anchor", ["#nothing", "#%FF", "#outcome"])
    async def test_to_nothing_do_no_harm(self, pages: Pages, anchor: str) -> None:
        page = await pages(html("mixed"), anchor)
        assert await page.trouble() == []
        assert await page.shown("output") == ["7 scenarios"]

    async def test_of_the_table_lead_to_the_scenario_of_the_cell(self, pages: Pages) -> None:
        page = await pages(html("mixed"))
        await page.tab.click(".cells td.is-fail a")
        assert await page.tab.locator("[id='edit.fails']").is_visible()


class TestWithoutScripts:
    async def test_everything_is_there_but_the_filters(self, pages: Pages) -> None:
        page = await pages(html("mixed"), java_script_enabled=False)
        assert await page.shown("form") == []
        await page.tab.click("article.rule details:nth-of-type(1) summary")  # the first is open: this closes it
        await page.tab.click("article.rule details:nth-of-type(1) summary")
        assert "← not allowed" in (await page.shown("article.rule .wire"))[0]
        for summary in await page.tab.locator(".feature > summary").all():
            await summary.click()
        assert set(await page.shown(".feature .scenario .name")) == ALL_IDS


class TestEverywhere:
    @pytest.mark.parametrize("kind", runs.KINDS)
    async def test_a_phone_needs_no_scrolling_to_the_side(self, pages: Pages, kind: str) -> None:
        page = await pages(html(kind), **PHONE)
        await open_all(page)
        assert await page.tab.evaluate("document.documentElement.scrollWidth") == 360
        assert await page.tab.evaluate("document.documentElement.scrollHeight") > 700

    async def test_wide_things_scroll_in_a_box_of_their_own(self, pages: Pages) -> None:
        page = await pages(html("mixed"), **PHONE)
        wire = page.tab.locator(".wire").first
        assert await wire.evaluate("box => box.scrollWidth > box.clientWidth && box.tabIndex === 0")

    async def test_dark_is_dark_and_light_is_light(self, pages: Pages) -> None:
        script = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b)"
        light, dark = [
            await (await pages(html("mixed"), color_scheme=scheme)).tab.evaluate(script) for scheme in ("light", "dark")
        ]
        assert dark < 150
        assert light > 600

    @pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}], ids=["light", "dark"])
    async def test_axe_has_nothing_to_say(self, pages: Pages, options: dict[str, Any]) -> None:
        page = await pages(html("mixed"), **options)
        await open_all(page)
        assert self.found(await Axe().run(page.tab)) == []

    async def test_axe_would_have_something_to_say(self, pages: Pages) -> None:
        bad = html("good").replace('lang="en"', "").replace("--soft: #5b6169", "--soft: #c8c8c8")
        page = await pages(bad, bypass_csp=True)  # the style is no longer the one that the policy names
        assert {name for name, _ in self.found(await Axe().run(page.tab))} >= {"html-has-lang", "color-contrast"}

    @staticmethod
    def found(results: Any) -> list[tuple[str, str]]:
        violations = results.response["violations"]
        return [(one["id"], one["nodes"][0]["html"][:200]) for one in violations]

    async def test_a_keyboard_reaches_what_a_mouse_does_and_shows_where_it_is(self, pages: Pages) -> None:
        page = await pages(html("mixed"))
        seen = set()
        for _ in range(60):
            await page.tab.keyboard.press("Tab")
            kind, outline = await page.tab.locator(":focus").evaluate_all(FOCUSED)
            assert outline != "none", kind
            seen.add(kind)
        assert seen >= {"A", "SUMMARY", "INPUT", "SELECT", "BUTTON", "DIV"}
