"""One real Chromium for all tests here, and pages of it that notice everything which a page of ours must not do."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--no-sandbox",  # also as root, in a container; the pages are ours
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
MISSING = (
    "NO BROWSER, so parity.html is NOT TESTED: put chromium on PATH (apt-get install chromium), "
    "or run `python -m playwright install --with-deps chromium`"
)
WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (one) => violations.push(`${one.violatedDirective} ${one.blockedURI}`));
"""
SHOWN = """
(all) => all.filter((one) => one.checkVisibility()).map((one) => one.innerText.replace(/\\s+/g, " ").trim())
"""


@dataclass
class Opened:
    """A page, and what was noticed of it; `tab` is the playwright page."""

    tab: Page
    url: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def trouble(self) -> list[str]:
        """Give everything that a page of ours must not do: requests, errors, dialogs, breaches of its own policy."""
        asked = [url for url in self.requests if url.partition("#")[0] != self.url and not url.startswith("data:")]
        violations: list[str] = await self.tab.evaluate("window.violations ?? []")
        return [*asked, *self.complaints, *violations]

    async def shown(self, selector: str) -> list[str]:
        """Give the texts of what is visible."""
        found: list[str] = await self.tab.eval_on_selector_all(selector, SHOWN)
        return found


@dataclass
class Pages:
    """Opens texts as pages."""

    browser: Browser
    folder: Path
    opened: list[Opened] = field(default_factory=list)

    async def __call__(self, text: str, anchor: str = "", **options: Any) -> Opened:
        """Open a text from a file, as people do; `options` are those of a playwright context."""
        file = self.folder / f"{len(self.opened)}.html"
        file.write_text(text, encoding="utf-8")
        tab = await self.browser.new_page(**({"viewport": {"width": 1100, "height": 800}} | options))
        page = Opened(tab, file.as_uri())
        self.opened.append(page)
        tab.on("request", lambda request: page.requests.append(request.url))
        tab.on("console", lambda message: page.complaints.append(f"{message.type}: {message.text}"))
        tab.on("pageerror", lambda error: page.complaints.append(str(error)))
        tab.on("popup", lambda _: page.complaints.append("a window was opened"))
        await tab.add_init_script(WATCH)
        await tab.goto(f"{page.url}{anchor}")
        return page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium from PATH, or the one that playwright has installed."""
    async with async_playwright() as playwright:
        found = next(filter(None, map(shutil.which, (*PROGRAMS, playwright.chromium.executable_path))), None)
        if found is None:
            # A CI that tests nothing must not look as if all were well.
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
        launched = await playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="class", loop_scope="session")
async def pages(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    """Opens pages that are closed again after the tests of a class."""
    some = Pages(browser, tmp_path_factory.mktemp("pages"))
    yield some
    for one in some.opened:
        await one.tab.close()
