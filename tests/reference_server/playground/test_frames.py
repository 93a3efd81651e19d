"""The list of frames in a real browser: filtered, searched, and copied as what others can run."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.results.model import Calibration, Observation, Outcome, Result
from conformance.scenario.parse import read_scenarios
from conformance.spec.links import check_scenario
from conformance.target.embedded import embedded
from reference_server import demo
from reference_server.__main__ import main as sound
from tests.forked import forked
from tests.reference_server.support import open_socket

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec
    from tests.reference_server.playground.conftest import Open, Opener

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

#: What YAML, the scenario language and HTML would each read in their own way.
ODD = "${alice} # a: [b] \u2028 <b>'\"\\"


async def copied(page: Open, button: str) -> str:
    await page.tab.get_by_role("button", name=button).click()
    text = await page.tab.get_by_label("Text", exact=True).input_value()
    await page.tab.get_by_role("button", name="Close").click()
    return text


class TestFilters:
    async def test_choose_connections_directions_types_and_texts(self, open_page: Opener):
        page = await open_page()
        await page.say("alice", "the needle")
        await page.say("bob", "the hay")
        frames = page.tab.get_by_role("region", name="Frames")
        await frames.get_by_label("Type", exact=True).select_option("NewMessage")
        await frames.get_by_label("Search").fill("NEEDLE")
        await expect(page.tab.locator(".frames summary")).to_have_count(3)
        await frames.get_by_label("Connection").select_option("bob")
        await expect(page.tab.locator(".frames summary")).to_have_count(1)
        await frames.get_by_label("Direction").select_option("sent")
        await expect(page.tab.locator(".frames summary")).to_have_count(0)
        await expect(frames.get_by_role("status")).to_contain_text("0 of ")

    @pytest.mark.nightly
    async def test_raw_shows_the_text_as_it_came(self, open_page: Opener):
        page = await open_page()
        await page.say("alice", "as it came")
        frames = page.tab.get_by_role("region", name="Frames")
        await frames.get_by_label("Raw").check()
        await frames.get_by_label("Type", exact=True).select_option("SendMessage")
        [row] = await page.tab.locator(".frames summary code").all_inner_texts()
        assert row in page.sent
        await frames.get_by_label("Raw").uncheck()
        await page.tab.locator(".frames summary").click()
        pretty = await page.tab.locator(".frames pre").inner_text()
        assert json.loads(pretty) == json.loads(row)
        assert "\n" in pretty


class TestCopies:
    async def test_wscat_lines_are_what_was_sent_and_their_address_works(self, open_page: Opener):
        page = await open_page()
        await page.say("bob", "it's from bob")
        text = await copied(page, "Copy as wscat lines")
        parts = text.split("\n\n")
        assert [part.splitlines()[0] for part in parts] == ["# alice", "# bob", "# carol"]
        bob = shlex.split(parts[1].replace("\\\n", ""), comments=True)
        assert (bob[:2], bob[3], set(bob[4::2])) == (["wscat", "--connect"], "--wait=-1", {"--execute"})
        assert set(bob[5::2]) <= set(page.sent)
        assert "it's from bob" in bob[-1]
        url, token = bob[2].split("?token=")
        socket = await open_socket(url, token)
        assert json.loads(await socket.recv())["action"] == "connected"
        await socket.close()

    async def test_a_scenario_names_every_user_apart(self, open_page: Opener, whole_spec: Spec, tmp_path: Path):
        page = await open_page()
        for names in (["no", "Ann-B", "ann b"], ["дора", "☃", "7"], ["bob@example.com", "message1", "conversation1"]):
            text = await page.tab.evaluate(
                """async (names) => {
                    const { asScenario } = await import("/playground/transcript.js")
                    const users = names.map((name) => ({ name, user_id: crypto.randomUUID() }))
                    const frame = { type: "Ping" }
                    const sent = users.flatMap(({ name, user_id }) => [null, "device2"].map((device) => ({
                        label: device ? `${name}@${device}` : name, device, user_id, direction: "out", frame, text: "",
                    })))
                    return asScenario(sent, users)
                }""",
                names,
            )
            file = tmp_path / "recorded.yaml"
            file.write_text(text, encoding="utf-8")
            [scenario] = read_scenarios(file, whole_spec.formats["scenario"], whole_spec.protocol)
            assert check_scenario(scenario, whole_spec) == []
            assert len(scenario.given.users) == len(scenario.given.devices) == 3

    async def test_a_scenario_of_them_passes_against_another_server(
        self, open_page: Opener, whole_spec: Spec, tmp_path: Path
    ):
        page = await open_page()
        await page.tab.get_by_role("button", name="Clear").click()
        for name in ("alice", "bob"):
            await page.panel(name).get_by_role("button", name="Leave").click()
            await page.panel(name).get_by_role("button", name="Join").click()
            await expect(page.panel(name).get_by_role("button", name="Leave")).to_be_visible()
        await page.say("alice", ODD)
        last = page.panel("bob").locator(".message").last
        await expect(last).to_contain_text("# a: [b]")
        await last.get_by_text("Actions").click()
        await last.get_by_role("button", name="React with 👍").click()
        await last.get_by_role("button", name="Mark as read").click()
        await expect(page.panel("alice").locator(".receipts").last).to_have_text("read by bob")
        file = tmp_path / "recorded.yaml"
        file.write_text(await copied(page, "Copy as scenario steps"), encoding="utf-8")
        [scenario] = read_scenarios(file, whole_spec.formats["scenario"], whole_spec.protocol)
        assert check_scenario(scenario, whole_spec) == []
        scenario = replace(scenario, file=whole_spec.folder / "scenarios" / file.name)  # as if it were there
        records: list[Calibration | Result | Observation] = []
        async with embedded(whole_spec, forked(sound)) as (target, _):
            await run(whole_spec, target, [scenario], (), Options(), records.append, RunState())
        [result] = [one for one in records if isinstance(one, Result)]
        assert result.outcome is Outcome.PASS, (result, file.read_text(encoding="utf-8"))
        assert str(demo.USERS["alice"]) not in file.read_text(encoding="utf-8")
