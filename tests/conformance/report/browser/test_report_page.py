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

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

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


OPEN = """async () => {
  // What is opened may build more that can be opened; each tells of it in a task of its own.
  for (let shut; (shut = [...document.querySelectorAll("details:not([open])")]).length;) {
    for (const one of shut) one.open = true;
    await new Promise((done) => setTimeout(done));
  }
}"""


async def open_all(page: Opened) -> None:
    await page.tab.evaluate(OPEN)


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
        assert await page.tab.locator("script:not([type='application/json'])").count() == 1
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
            ({"outcome": "FAIL"}, {"edit.amber"}),
            ({"outcome": "FLAKY"}, {"edit.fails"}),
            ({"outcome": "NOT APPLICABLE"}, {"drop.none"}),
            ({"level": "should"}, {"edit.amber"}),
            ({"verdict": "NOT TESTED"}, {"drop.broken", "drop.none"}),
            ({"verdict": "NOT TESTED", "level": "should"}, set()),
            ({"outcome": "FAIL", "level": "should"}, {"edit.amber"}),
            ({"outcome": "FLAKY", "level": "must"}, {"edit.fails"}),
            ({"words": "BLOCKED"}, {"edit.blocked"}),
            ({"words": "title of drop"}, {"drop.broken", "drop.none"}),
            ({"words": "edit-3"}, {"edit.amber"}),
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
        if not await body.count():
            return False  # nobody has opened its list yet
        box, height = await body.bounding_box(), page.tab.viewport_size["height"]  # type: ignore[index]
        return box is not None and -5 <= box["y"] < height and await body.is_visible()

    async def test_into_a_page_open_the_scenario_and_show_it(self, pages: Pages) -> None:
        page = await pages(html("mixed"), self.ANCHOR)
        assert await self.is_open(page)

    async def test_to_a_failure_need_no_script(self, pages: Pages) -> None:
        page = await pages(html("mixed"), "#edit.amber", java_script_enabled=False)
        assert await page.tab.locator("[id='edit.amber']").is_visible()

    @pytest.mark.parametrize("scripts", [True, False])
    @pytest.mark.parametrize("rule", ["EDIT-1", "FORM-1", "DROP-1"])
    async def test_to_a_rule_show_its_row_below_the_bar_and_mark_it(
        self, pages: Pages, rule: str, scripts: bool
    ) -> None:
        page = await pages(html("mixed"), f"#rule-{rule}", java_script_enabled=scripts)
        row = page.tab.locator(f"tr:has([id='rule-{rule}'])")
        box = await row.bounding_box()
        bar = await page.tab.locator("form.filters").bounding_box() if scripts else None
        assert box is not None
        assert (bar["y"] + bar["height"] if bar and bar["y"] <= 0 else 0) <= box["y"] < 800
        colours = [
            await one.evaluate("at => getComputedStyle(at).backgroundColor") for one in (row, page.tab.locator("body"))
        ]
        assert colours[0] not in ("rgba(0, 0, 0, 0)", colours[1])

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
        await page.tab.click(".cells td.is-flaky a")
        assert await page.tab.locator("[id='edit.fails']").is_visible()


class TestAddress:
    """The state of the filters is in the address, so that a link shows what its sender saw."""

    async def test_filters_go_into_the_address_and_come_back(self, pages: Pages) -> None:
        page = await pages(html("mixed"))
        await choose(page, words="edit.", outcome="FAIL")
        state = await page.tab.evaluate("location.hash")
        assert state == "#?words=edit.&outcome=FAIL"
        again = await pages(html("mixed"), state)
        assert await again.shown("output") == ["1 of 7 scenarios"]
        assert await again.tab.input_value("[name=words]") == "edit."

    async def test_a_link_keeps_them_and_clearing_removes_them(self, pages: Pages) -> None:
        page = await pages(html("mixed"), "#?outcome=PASS")
        await page.tab.click("nav a[href='#features']")
        await page.tab.wait_for_url("**#features?outcome=PASS")
        assert await page.shown("output") == ["1 of 7 scenarios"]
        await page.tab.click("button[type=reset]")
        await page.tab.wait_for_url("**#features")

    @pytest.mark.parametrize("anchor", ["#?outcome=nothing", "#?&&=", "#?words=%FF", "#%FF?outcome=PASS"])
    async def test_what_is_no_state_does_no_harm(self, pages: Pages, anchor: str) -> None:
        assert await (await pages(html("mixed"), anchor)).trouble() == []


COPY = "window.copied = []; navigator.clipboard.writeText = async (text) => { copied.push(text); }; null"


class TestCopying:
    @pytest.mark.parametrize("fallback", [False, True])
    async def test_gives_the_command_as_text(self, pages: Pages, fallback: bool) -> None:
        page = await pages(html("mixed"))
        refuse = "navigator.clipboard.writeText = async () => { throw new Error('no'); };"
        taken = "window.copied = []; addEventListener('copy', () => copied.push(String(getSelection())));"
        await page.tab.evaluate(refuse + taken if fallback else COPY)
        await page.tab.click("[id='edit.fails'] .again .copy")
        await expect(page.tab.locator("[id='edit.fails'] .again .copy")).to_have_text("Copied")
        assert await page.tab.evaluate("copied") == ["chat-parity run targets/toy.yaml edit.fails"]

    async def test_gives_a_transcript_as_text_without_what_only_a_page_shows(self, pages: Pages) -> None:
        page = await pages(html("mixed"))
        await page.tab.evaluate(COPY)
        await page.tab.click("[id='edit.fails'] .frame >> nth=0")
        await page.tab.click("[id='edit.fails'] .wire + .copy")
        (text,) = await page.tab.evaluate("copied")
        assert text.split("\n")[0] == '0.0 ms bob → Edit {id: ⟨message⟩, text: "forged"}'
        assert text.split("\n")[2].endswith("← not allowed")
        assert len(text.split("\n")) == 3


class TestFrames:
    @pytest.mark.parametrize("anchor", ["#edit.fails", "#probe-echo"])
    async def test_a_frame_opens_as_indented_json_and_closes_again(self, pages: Pages, anchor: str) -> None:
        page = await pages(html("mixed"), anchor)
        button = page.tab.locator(f"[id='{anchor[1:]}'] .frame").first
        await button.click()
        assert await button.get_attribute("aria-expanded") == "true"
        (shown,) = await page.tab.locator(f"[id='{anchor[1:]}'] .pretty").all_inner_texts()
        assert '"kind": "Edit",\n' in shown
        await button.click()
        assert await page.tab.locator(f"[id='{anchor[1:]}'] .pretty").count() == 0


class TestSources:
    async def test_a_failure_shows_its_file_with_the_failing_line_marked(self, pages: Pages) -> None:
        page = await pages(page_of(runs.with_source()), "#edit.fails")
        await page.tab.click("[id='edit.fails'] .source summary")
        assert await page.shown("[id='edit.fails'] .source mark") == ["- never: Edited"]
        assert "title: Line 26" in (await page.shown("[id='edit.fails'] .source pre"))[0]

    async def test_without_the_file_there_is_only_its_name(self, pages: Pages) -> None:
        page = await pages(html("mixed"), "#edit.fails")
        assert await page.tab.locator(".source").count() == 0


class TestPrint:
    async def test_cuts_nothing_off(self, pages: Pages) -> None:
        page = await pages(html("mixed"), viewport={"width": 700, "height": 900})
        await page.tab.emulate_media(media="print")
        await page.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        cut = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.outerHTML)"
        assert await page.tab.eval_on_selector_all(".scroll, .wire, body", cut) == []
        assert await page.shown("nav, form, button") == []
        assert len(await page.shown("article.rule .wire")) == 3

    async def test_closes_again_what_it_has_opened(self, pages: Pages) -> None:
        page = await pages(html("mixed"))
        before = await page.tab.locator("details[open]").count()
        await page.tab.evaluate("dispatchEvent(new Event('beforeprint')); dispatchEvent(new Event('afterprint'))")
        assert await page.tab.locator("details[open]").count() == before


class TestManyScenarios:
    async def test_a_page_of_thousands_has_few_elements_until_somebody_opens_them(self, pages: Pages) -> None:
        page = await pages(page_of(runs.many(2400)))
        count = "document.querySelectorAll('*').length"
        assert await page.tab.evaluate(count) < 1500
        assert await page.shown("output") == ["2,400 scenarios"]
        assert await page.shown(".feature .scenario") == []
        await choose(page, words="edit.s7[3]")
        assert await page.shown(".feature .scenario .name") == ["edit.s7[3]"]


class TestWithoutScripts:
    async def test_every_failure_is_there_in_full_and_every_scenario_by_name(self, pages: Pages) -> None:
        page = await pages(html("mixed"), java_script_enabled=False)
        assert await page.shown("form") == []
        await page.tab.click("article.rule details:nth-of-type(1) summary")  # the first is open: this closes it
        await page.tab.click("article.rule details:nth-of-type(1) summary")
        assert "← not allowed" in (await page.shown("article.rule .wire"))[0]
        for summary in await page.tab.locator(".feature > summary").all():
            await summary.click()
        named = " ".join(await page.shown(".feature noscript p"))
        assert {one for one in named.split() if one in ALL_IDS} == ALL_IDS


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
