"""The page of `--demo`, open in a real Chromium, with everything noticed that it must not do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from reference_server.config import DEMO_SECRET
from tests.conformance.report.browser.conftest import WATCH, browser  # noqa: F401 -- a fixture
from tests.reference_server.support import Command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser, Locator, Page, WebSocket

SEED = "users: [alice, dora]\nconversations: [{name: long, members: {alice: owner, dora: member}, generate: 200}]"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1200, "height": 900}}
#: A machine that tests much else may be slow.
expect.set_options(timeout=60_000)
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 700}}


@dataclass
class Open:
    """The page, with what it sends and what it must not do."""

    tab: Page
    root: str
    sent: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def panel(self, name: str) -> Locator:
        """The column of one user."""
        return self.tab.get_by_role("region", name=name, exact=True)

    async def say(self, name: str, text: str) -> None:
        """Send a message as a user, and wait until it is in the user's own list."""
        panel = self.panel(name)
        await panel.get_by_label("Message", exact=True).fill(text)
        await panel.get_by_role("button", name="Send", exact=True).click()
        await expect(panel.locator(".message").last).to_contain_text(text)

    async def violations(self) -> list[str]:
        """Everything that the page must not do: errors, requests elsewhere, dialogs, breaches of its own policy."""
        return [*self.trouble, *await self.tab.evaluate("window.violations")]


@dataclass
class Opener:
    """Opens the page of one server."""

    browser: Browser
    root: str
    opened: list[Open] = field(default_factory=list)

    async def __call__(self, address: str = "", **options: Any) -> Open:
        """Open the page and wait until three users are connected."""
        tab = await self.browser.new_page(**(DESKTOP | options))
        page = Open(tab, self.root)
        self.opened.append(page)
        own = (self.root, self.root.replace("http", "ws", 1), "data:")
        tab.on("request", lambda one: None if one.url.startswith(own) else page.trouble.append(one.url))
        tab.on("console", lambda one: page.trouble.append(f"{one.type}: {one.text}"))
        tab.on("pageerror", lambda error: page.trouble.append(str(error)))
        tab.on("dialog", lambda _: page.trouble.append("a dialog was opened"))
        tab.on("websocket", lambda socket: _listen(page, socket))
        await tab.add_init_script(WATCH)
        await tab.goto(address or self.root)
        await expect(tab.get_by_role("button", name="Leave")).to_have_count(3)
        return page


def _listen(page: Open, socket: WebSocket) -> None:
    if not socket.url.startswith(page.root.replace("http", "ws", 1)):
        page.trouble.append(socket.url)
    socket.on("framesent", lambda text: page.sent.append(str(text)))


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """A server with `--demo` and the secret that everybody knows."""
    database = tmp_path_factory.mktemp("demo") / "chat.db"
    options = (
        "--typing-expiry",
        "600",
        "--message-limit",
        "100000",
        "--request-limit",
        "100000",
        "--max-connections",
        "1000",
    )
    seed = tmp_path_factory.mktemp("seed") / "seed.yaml"
    seed.write_text(SEED, encoding="utf-8")
    with Command(database, "--demo", "--jwt-secret", DEMO_SECRET, "--seed-data", str(seed), *options) as command:
        yield command


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, demonstration: Command) -> AsyncIterator[Opener]:  # noqa: F811
    """Opens the page; everything that was opened is closed after the test."""
    opener = Opener(browser, demonstration.ready["api"][0].removesuffix("api/v1"))
    yield opener
    for one in opener.opened:
        await one.tab.close()
