"""The site of the protocol in a real browser, opened as a file: nothing serves it, and nothing but it is loaded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe

from conformance.cli.main import chat_parity
from conformance.report.site import build_site, pages
from conformance.report.site.read import read_sources
from conformance.report.text import visible
from tests.conformance.report.browser.test_report_page import EVIL, PHONE
from tests.conformance.report.site.built import broken_links, few

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page, Request

    from conformance.spec import Spec

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]
session = pytest.mark.asyncio(loop_scope="session")

KINDS = (
    "index",
    "guides/glossary",
    "messages/incoming/EditMessage",
    "features/edit-message",
    "features/ping-pong-scenarios",
    "permissions",
    "commands/docs",
)
"""A page of each kind."""
IN_THE_DARK = ("messages/incoming/EditMessage", "features/ping-pong-scenarios", "commands/docs")
OTHERS = (
    "messages/outgoing/MessageEdited",
    "guides/index",
    "messages/index",
    "features/index",
    "features/ping-pong",
    "commands/index",
)


@pytest.fixture(scope="session")
def site(whole_spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    evil = replace(whole_spec.rules["EDIT-2"], sentence=EVIL, source=EVIL)
    spec = replace(whole_spec, rules={**whole_spec.rules, evil.id: evil})
    every = pages(read_sources(spec, chat_parity, "chat-parity", ""))
    chosen = few(every, (*KINDS, *OTHERS, *(page for page in every if page.startswith("guides/"))))
    build_site(chosen, folder)
    return folder


class Tab:
    """A page that notices what a page of ours must not do."""

    def __init__(self, page: Page, site: Path) -> None:
        self.page = page
        self.trouble: list[str] = []
        self._site = site
        page.on("request", self._request)
        page.on("console", lambda message: self.trouble.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._site.as_uri(), "data:")):
            self.trouble.append(request.url)

    async def open(self, path: str) -> None:
        await self.page.goto((self._site / f"{path}.html").as_uri())

    async def search(self, words: str) -> list[str]:
        """Search as people do, and give the pages that are found."""
        await self.open("index")
        await self.page.get_by_role("textbox", name="Search").fill(words)
        await self.page.keyboard.press("Enter")
        found = self.page.locator("#search-results li a")
        await found.first.wait_for()
        return [str(await one.get_attribute("href")).partition("#")[0].partition("?")[0] for one in await found.all()]


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser, site: Path) -> AsyncIterator[Tab]:
    page = await browser.new_page(viewport={"width": 1100, "height": 800})
    yield Tab(page, site)
    await page.close()


def test_every_link_resolves(site: Path) -> None:
    assert list(broken_links(site)) == []


@session
async def test_loads_nothing_else_and_complains_of_nothing(tab: Tab) -> None:
    for path in KINDS:
        await tab.open(path)
    assert tab.trouble == []


@session
@pytest.mark.parametrize("words", ["MessageEdited", "EDIT-4", "witness"])
async def test_search_finds_what_there_is_without_a_server(tab: Tab, words: str) -> None:
    wanted = {"MessageEdited": "messages/outgoing/MessageEdited.html", "EDIT-4": "features/edit-message.html"}
    assert wanted.get(words, "guides/glossary.html") in await tab.search(words)
    assert tab.trouble == []


@session
async def test_a_link_to_a_rule_leads_to_its_sentence(tab: Tab) -> None:
    await tab.open("messages/outgoing/MessageEdited")
    await tab.page.get_by_role("link", name="EDIT-1").first.click()
    await tab.page.wait_for_url("**/features/edit-message.html#rule-edit-1")
    place = tab.page.locator("#rule-edit-1")
    assert "EDIT-1: must" in await place.inner_text()


@session
async def test_a_spec_from_elsewhere_can_only_be_read(tab: Tab) -> None:
    await tab.open("features/edit-message")
    assert await tab.page.evaluate("window.pwned") is None
    shown = await tab.page.locator("#rule-edit-2 p").first.inner_text()
    assert shown == visible(" ".join(EVIL.split()))


@session
async def test_a_scenario_is_drawn_with_its_people_and_frames(tab: Tab) -> None:
    await tab.open("features/ping-pong-scenarios")
    drawings = tab.page.get_by_role("img", name="Sequence diagram")
    assert await drawings.count() == await tab.page.locator("h2").count() > 5
    words = await drawings.first.locator("text").all_text_contents()
    assert {"server", "Ping", "Pong"} <= set(words)


@session
@pytest.mark.parametrize(
    ("scheme", "paths", "options"),
    [("light", (*KINDS, "search"), None), ("dark", IN_THE_DARK, {"runOnly": ["color-contrast"]})],
    ids=["light", "dark"],
)
async def test_axe_has_nothing_to_say(
    browser: Browser, site: Path, scheme: str, paths: tuple[str, ...], options: dict[str, list[str]] | None
) -> None:
    page = await browser.new_page(color_scheme=scheme)
    found = []
    for path in paths:
        await page.goto((site / f"{path}.html").as_uri())
        said = (await Axe().run(page, options=options)).response["violations"]
        found += [(path, one["id"], one["nodes"][0]["html"][:200], len(one["nodes"])) for one in said]
    await page.close()
    assert found == []


@session
async def test_a_phone_scrolls_tables_and_drawings_and_not_the_page(browser: Browser, site: Path) -> None:
    page = await browser.new_page(**PHONE)
    for path in KINDS:
        await page.goto((site / f"{path}.html").as_uri())
        assert await page.evaluate("document.documentElement.scrollWidth") == 360, path
    await page.close()
