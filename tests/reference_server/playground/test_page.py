"""The page in a real browser: people chat on it, and nothing that they write does anything to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from reference_server import demo
from reference_server.config import DEMO_SECRET
from reference_server.playground import schemas
from tests.reference_server.dialect.tables import TABLES
from tests.reference_server.playground.conftest import PHONE, Opener
from tests.reference_server.support import Command, open_socket, token
from tests.spec.spec_files import message

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser, Locator

    from tests.reference_server.playground.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

EVIL = "<img src=https://evil.example/a onerror=window.pwned=1><script>window.pwned=1</script>${lobby} '\"&"
REQUESTS = schemas.read()["requests"]


async def form_for(panel: Locator, kind: str) -> Locator:
    """Choose a type of request, and give its form."""
    if await panel.locator("details.requests").get_attribute("open") is None:
        await panel.get_by_text("Send any request").click()
    await panel.get_by_label("Type", exact=True).select_option(kind)
    return panel.get_by_role("form", name=kind, exact=True)


async def submit(page: Open, form: Locator) -> dict[str, object]:
    """Send a form, and give the frame that it has sent."""
    await form.get_by_role("button", name="Send ").click()
    await expect(form.get_by_role("status")).to_have_text(f"{await form.get_attribute('aria-label')} was sent.")
    sent: dict[str, object] = json.loads(page.sent[-1])
    return sent


class TestChat:
    async def test_two_users_talk(self, open_page: Opener):
        page = await open_page()
        await page.say("alice", "Hello, Bob!")
        await expect(page.panel("bob").locator(".message").last).to_contain_text("Hello, Bob!")
        await page.say("bob", "Hello, Alice!")
        await expect(page.panel("alice").locator(".message").last).to_contain_text("Hello, Alice!")
        assert await page.violations() == []

    async def test_shows_edits_reactions_receipts_and_deletion(self, open_page: Opener):
        page = await open_page()
        await page.say("alice", "first version")
        at_alice, at_bob = (page.panel(name).locator(".message").last for name in ("alice", "bob"))
        await expect(at_bob).to_contain_text("first version")
        await at_bob.get_by_text("Actions").click()
        await at_bob.get_by_role("button", name="React with 👍").click()
        await expect(at_alice.get_by_role("button", name="👍 by bob")).to_be_visible()
        await at_bob.get_by_role("button", name="Mark as delivered").click()
        await at_bob.get_by_role("button", name="Mark as read").click()
        await expect(at_alice.locator(".receipts")).to_have_text("delivered to bob · read by bob")
        await at_alice.get_by_text("Actions").click()
        await at_alice.get_by_role("button", name="Edit").click()
        box = page.panel("alice").get_by_label("Message", exact=True)
        await expect(box).to_have_value("first version")
        await box.fill("second version")
        await box.press("Enter")
        await expect(at_bob.locator(".content")).to_have_text("second version")
        await expect(at_bob).to_contain_text("edited")
        await at_alice.get_by_role("button", name="Delete").click()
        await expect(at_bob).to_contain_text("deleted")
        assert await page.violations() == []

    async def test_shows_replies_typing_and_presence(self, open_page: Opener):
        page = await open_page()
        await page.say("alice", "a question")
        at_bob = page.panel("bob").locator(".message").last
        await expect(at_bob).to_contain_text("a question")
        await at_bob.get_by_text("Actions").click()
        await at_bob.get_by_role("button", name="Reply").click()
        await page.panel("bob").get_by_label("Message", exact=True).press_sequentially("an answer")
        await expect(page.panel("alice").locator(".typing")).to_have_text("bob typing…")
        await page.panel("bob").get_by_label("Message", exact=True).press("Enter")
        await expect(page.panel("alice").locator(".message").last.locator(".quote")).to_contain_text("a question")
        await expect(page.panel("alice").locator(".typing")).to_be_empty()
        await page.panel("bob").get_by_role("button", name="Disconnect").click()
        await expect(page.panel("alice").locator(".presence")).to_contain_text("bob is offline")
        await page.panel("bob").get_by_label("Message", exact=True).fill("lost?")
        await page.panel("bob").get_by_label("Message", exact=True).press("Enter")
        await expect(page.panel("bob").locator(".error")).to_have_text("not sent: There is no connection.")
        await expect(page.panel("bob").get_by_label("Message", exact=True)).to_have_value("lost?")

    async def test_shows_a_call_from_the_offer_to_its_end(self, open_page: Opener):
        page = await open_page()
        alice, bob = page.panel("alice"), page.panel("bob")
        await alice.get_by_role("button", name="Call bob").click()
        await expect(bob.locator(".signals")).to_contain_text("alice calls (video)")
        await expect(alice.get_by_role("button", name="Hang up")).to_be_visible()
        await bob.get_by_role("button", name="Answer").click()
        await expect(alice.locator(".signals")).to_contain_text("bob answers")
        await bob.get_by_role("button", name="Offer a path").click()
        await expect(alice.locator(".signals")).to_contain_text("bob offers a network path")
        await alice.get_by_role("button", name="Offer a path").click()
        await expect(bob.locator(".signals")).to_contain_text("alice offers a network path")
        await bob.get_by_role("button", name="Hang up").click()
        await expect(alice.locator(".signals")).to_contain_text("bob hangs up")
        assert await page.violations() == []

    @pytest.mark.nightly
    async def test_says_what_the_server_refuses(self, open_page: Opener):
        page = await open_page()
        await page.panel("carol").get_by_label("Conversation", exact=True).select_option(label="demo-private")
        await expect(page.panel("carol").locator(".error")).to_contain_text("not_found")

    async def test_treats_what_people_write_as_text(self, open_page: Opener):
        page = await open_page()
        await page.say("alice", EVIL)
        await expect(page.panel("bob").locator(".message .content").last).to_have_text(EVIL)
        assert await page.tab.evaluate("window.pwned") is None
        assert await page.tab.locator("main img, main script").count() == 0
        assert await page.violations() == []

    @pytest.mark.nightly
    async def test_reads_on_in_a_long_history_with_a_user_of_the_seed_file(self, open_page: Opener):
        page = await open_page()
        await page.tab.get_by_label("User", exact=True).select_option(label="dora")
        await page.tab.get_by_role("button", name="Add a user").click()
        dora = page.panel("dora")
        await dora.get_by_label("Conversation", exact=True).select_option(label="long")
        await expect(dora.locator(".message")).to_have_count(50)
        await dora.get_by_role("button", name="Older messages").click()
        await expect(dora.locator(".message")).to_have_count(100)
        await expect(dora.locator(".message .content").first).to_contain_text("101: ")
        for count in (150, 200):
            await dora.get_by_role("button", name="Older messages").click()
            await expect(dora.locator(".message")).to_have_count(count)
        await expect(dora.get_by_role("button", name="Older messages")).to_be_hidden()

    @pytest.mark.nightly
    async def test_connects_a_fourth_as_a_second_device(self, open_page: Opener):
        page = await open_page()
        await page.tab.get_by_label("User", exact=True).select_option("alice")
        await page.tab.get_by_role("button", name="Add a user").click()
        await expect(page.tab.get_by_role("button", name="Leave")).to_have_count(4)
        await page.say("alice@device2", "from my other device")
        await expect(page.panel("alice").locator(".message").last).to_contain_text("from my other device")
        await page.tab.get_by_role("button", name="Remove alice@device2").click()
        await expect(page.panel("alice@device2")).to_have_count(0)
        await expect(page.tab.get_by_role("button", name="Add a user")).to_be_focused()

    async def test_keeps_the_focus_while_old_messages_go(self, open_page: Opener):
        page = await open_page()
        kept = await page.tab.evaluate("""async () => {
            const { Messages } = await import("/playground/messages.js")
            const name = () => "somebody"
            const list = new Messages({ me: "me", name, send() {}, reply() {}, edit() {} })
            document.body.append(list.element)
            const all = Array.from({ length: 50 }, (_, number) => ({
                message_id: `${number}`, content: `${number}`, reactions: [], delivered: new Set(), read: new Set(),
            }))
            list.show(all.slice(0, 40))
            const summary = list.list.children[30].querySelector("summary")
            summary.focus()
            let moved = 0
            new MutationObserver((records) => (moved += records.length)).observe(list.list, { childList: true })
            list.show(all.slice(10))
            await new Promise((resolve) => requestAnimationFrame(resolve))
            const order = [...list.list.children].map((row) => row.querySelector(".content").textContent)
            return [document.activeElement === summary, moved, order]
        }""")
        assert kept == [True, 20, [str(number) for number in range(10, 50)]]

    async def test_has_one_connection_however_fast_one_connects_again(self, open_page: Opener):
        page = await open_page()
        seen = await page.tab.evaluate("""async () => {
            const { Connection } = await import("/playground/connection.js")
            const sockets = []
            const timers = []
            globalThis.setTimeout = (what) => timers.push(what)
            globalThis.WebSocket = class {
                listeners = {}
                constructor() { sockets.push(this) }
                addEventListener(name, listener) { this.listeners[name] = listener }
                close() { this.isClosed = true }
            }
            const status = []
            const onStatus = (...what) => status.push(what[0])
            const connection = new Connection({ path: "/ws", token: async () => "token", onFrame() {}, onStatus })
            await connection.open()
            connection.close()
            const again = connection.open()
            sockets[0].listeners.close({ code: 1000, reason: "" })
            await Promise.all([again, connection.open()])
            return { timers: timers.length, open: sockets.filter((one) => !one.isClosed).length, last: status.at(-1) }
        }""")
        assert seen == {"timers": 0, "open": 1, "last": "connecting"}


class TestDialect:
    async def test_of_other_clients_is_named_and_they_talk_with_the_page(self, browser: Browser, tmp_path: Path):
        names = tmp_path / "names.json"
        names.write_text(json.dumps(TABLES), encoding="utf-8")
        options = ("--demo", "--jwt-secret", DEMO_SECRET, "--names", str(names))
        with Command(tmp_path / "chat.db", *options) as command:
            opener = Opener(browser, command.ready["api"][0].removesuffix("api/v1"))
            page = await opener()
            await expect(page.tab.get_by_text("Clients at /ws speak the dialect of staging.yaml.")).to_be_visible()
            alice = token(demo.USERS["alice"], DEMO_SECRET, sub=1)
            socket = await open_socket(command.ready["instances"][0], alice)
            await socket.send(json.dumps({"type": "enter", "conversation_id": 2}))
            while json.loads(await socket.recv()).get("action") != "joined_conversation":
                pass
            await page.say("bob", "good day")
            while (event := json.loads(await socket.recv()))["type"] != "said":
                pass
            assert (event["conversation_id"], event["content"]) == (2, "good day")
            await socket.close()
            assert await page.violations() == []
            await page.tab.close()


class TestKey:
    @pytest.mark.nightly
    async def test_of_the_address_opens_the_page_where_the_secret_is_ones_own(self, browser: Browser, tmp_path: Path):
        with Command(tmp_path / "chat.db", "--demo") as command:
            assert command.process.stderr is not None
            while not (line := command.process.stderr.readline().decode().strip()).startswith("http"):
                pass
            opener = Opener(browser, line.partition("#")[0])
            page = await opener(line)
            await page.say("alice", "let in")
            without = await browser.new_page()
            await without.goto(opener.root)
            await expect(without.get_by_role("alert")).to_contain_text("with its key")
            await without.close()
            await page.tab.close()


class TestForms:
    async def test_there_is_one_for_each_of_the_19_types_and_it_sends_a_valid_request(self, open_page: Opener):
        page = await open_page()
        await page.say("alice", "another one, to be deleted")
        await page.say("alice", "something to refer to")
        alice = page.panel("alice")
        assert len(REQUESTS) == 19
        for kind in REQUESTS:
            form = await form_for(alice, kind)
            sent = await submit(page, form)
            assert sent["type"] == kind
            assert message("incoming", kind).accepts(sent), sent
        assert await page.violations() == []

    @pytest.mark.nightly
    async def test_sends_null_and_values_where_they_are_optional(self, open_page: Opener):
        page = await open_page()
        await page.say("bob", "something to refer to")
        for kind, schema in REQUESTS.items():
            optional = set(schema["properties"]) - set(schema["required"])
            for choice in ("value", "null") if optional else ():
                form = await form_for(page.panel("alice"), kind)
                for name in optional:
                    await form.get_by_label(f"{name}?", exact=True).select_option(choice)
                for name in optional & {"cursor"} if choice == "value" else ():
                    await form.get_by_label(name, exact=True).fill("from-a-page-before")
                sent = await submit(page, form)
                assert optional <= sent.keys()
                assert all(sent[name] is None for name in optional) == (choice == "null")
                assert message("incoming", kind).accepts(sent), sent

    @pytest.mark.nightly
    async def test_refuses_what_the_schema_refuses_and_says_why(self, open_page: Opener):
        page = await open_page()
        form = await form_for(page.panel("alice"), "JoinConversation")
        before = len(page.sent)
        await form.get_by_label("conversation_id", exact=True).fill("general")
        await form.get_by_role("button", name="Send ").click()
        await expect(form.get_by_role("status")).to_have_text("A field is not valid.")
        assert len(page.sent) == before

    @pytest.mark.nightly
    async def test_any_text_can_be_sent_as_it_is(self, open_page: Opener):
        page = await open_page()
        form = await form_for(page.panel("alice"), "raw text")
        await form.get_by_label("Text of the frame").fill('{"type": "Nonsense"}')
        await form.get_by_role("button", name="Send as it is").click()
        await expect(page.panel("alice").locator(".error")).to_contain_text("unknown_type")


class TestSwitches:
    async def test_change_the_server_while_it_runs(self, open_page: Opener):
        page = await open_page()
        await page.tab.get_by_text("A bad day").click()
        await page.tab.get_by_label("reject-rate").fill("100%")
        await page.tab.get_by_role("button", name="Apply").click()
        await expect(page.tab.locator("#switched-on")).to_have_text("· reject-rate 100%")
        await page.panel("alice").get_by_role("button", name="Leave").click()
        await expect(page.panel("alice").locator(".error")).to_contain_text("rate_limited")
        await page.tab.get_by_label("latency").fill("slow")
        await page.tab.get_by_role("button", name="Apply").click()
        await expect(page.tab.locator("#switches form [role=status]")).to_contain_text("as in 200ms")
        await page.tab.get_by_role("button", name="Switch all off").click()
        await expect(page.tab.locator("#switched-on")).to_be_empty()
        await page.panel("alice").get_by_role("button", name="Leave").click()
        await expect(page.panel("alice").get_by_role("button", name="Join")).to_be_visible()

    async def test_of_two_pages_do_not_undo_each_other(self, open_page: Opener):
        first, second = await open_page(), await open_page()
        await first.tab.get_by_text("A bad day").click()
        await second.tab.get_by_text("A bad day").click()
        for page, name, value in ((first, "clock-skew", "5m"), (second, "duplicate-events", "1%")):
            await page.tab.get_by_label(name).fill(value)
            await page.tab.get_by_role("button", name="Apply").click()
            await expect(page.tab.locator("#switched-on")).to_contain_text(f"{name} {value}")
        await expect(second.tab.locator("#switched-on")).to_have_text("· duplicate-events 1% · clock-skew 5m")
        await first.tab.get_by_text("A bad day").click()
        await first.tab.get_by_text("A bad day").click()
        await expect(first.tab.get_by_label("duplicate-events")).to_have_value("1%")
        await first.tab.get_by_role("button", name="Switch all off").click()
        await expect(first.tab.locator("#switched-on")).to_be_empty()

    @pytest.mark.nightly
    async def test_a_connection_that_was_cut_comes_back_by_itself(self, open_page: Opener):
        page = await open_page()
        await page.tab.get_by_text("A bad day").click()
        await page.tab.get_by_label("drop-connection").fill("1000/s")
        await page.tab.get_by_role("button", name="Apply").click()
        await expect(page.panel("alice").locator(".status")).to_contain_text("lost: 1006")
        await page.tab.get_by_role("button", name="Switch all off").click()
        await expect(page.tab.get_by_role("button", name="Leave")).to_have_count(3, timeout=60_000)
        await page.say("alice", "back again")


class TestLooks:
    @pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.nightly)])
    async def test_axe_has_nothing_to_say(self, open_page: Opener, scheme: str):
        page = await open_page(color_scheme=scheme)
        await page.say("alice", "a message")
        await expect(page.panel("bob").locator(".message").last).to_contain_text("a message")
        await page.panel("alice").locator(".message").last.get_by_text("Actions").click()
        await page.panel("bob").locator(".message").last.get_by_text("Actions").click()
        await page.panel("bob").locator(".message").last.get_by_role("button", name="React with 👍").click()
        await page.panel("bob").get_by_role("button", name="Call alice").click()
        await form_for(page.panel("alice"), "SendMessage")
        await page.tab.locator(".frames summary").first.click()
        await page.tab.get_by_text("A bad day").click()
        found = (await Axe().run(page.tab)).response["violations"]
        assert {one["id"]: one["nodes"][0]["html"][:200] for one in found} == {}

    async def test_fits_a_phone(self, open_page: Opener):
        page = await open_page(**PHONE)
        await page.say("alice", "a-word-without-an-end" * 20)
        await form_for(page.panel("alice"), "SendMessage")
        await page.tab.get_by_text("A bad day").click()
        assert await page.tab.evaluate("document.documentElement.scrollWidth") == 360

    async def test_can_be_used_with_the_keyboard_alone(self, open_page: Opener):
        page = await open_page()
        keyboard, focus = page.tab.keyboard, page.tab.locator("*:focus")

        async def tab_to(name: str) -> None:
            for _ in range(80):
                await keyboard.press("Tab")
                found = "e => e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent"
                if await focus.count() and (await focus.evaluate(found)).startswith(name):
                    return
            pytest.fail(f"no way to {name}")

        await tab_to("Message")
        if await focus.evaluate("e => e.tagName") != "INPUT":
            await tab_to("Message")
        await keyboard.type("typed only")
        await keyboard.press("Enter")
        mine = page.panel("alice").locator(".message").last
        await expect(mine).to_contain_text("typed only")
        await keyboard.press("Shift+Tab")
        await expect(mine.locator("summary")).to_be_focused()
        await keyboard.press("Enter")
        await tab_to("React with 👍")
        await keyboard.press("Enter")
        await expect(mine.get_by_role("button", name="👍 by alice")).to_be_visible()
        await expect(mine.locator("*:focus")).to_have_count(1)
        await tab_to("Send any request")
        await keyboard.press("Enter")
        await tab_to("Type")
        await keyboard.type("Ping")
        await tab_to("Send Ping")
        await keyboard.press("Enter")
        await expect(page.tab.locator(".frames")).to_contain_text("Pong")
