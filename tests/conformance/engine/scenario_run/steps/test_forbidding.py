"""The step that forbids a request to a honeypot URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.scenario_run.steps import forbidding
from tests.conformance.run_contexts import Author, complaints, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec


ALONE = "{users: [alice]}"


class TestNeverFetched:
    GIVEN = "{users: [alice], honeypots: [file]}"

    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(forbidding, "FETCH", 0.0)

    async def test_holds_where_nobody_came(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario("steps: [{never_fetched: file}]", given=self.GIVEN)) == []

    async def test_catches_a_visit_that_comes_later(self, spec: Spec, scenario: Author) -> None:
        """The server opens whatever URL it is sent, when it is sent it."""
        toy = scenario(
            "steps: [{never_fetched: file}, {send_raw: {text: '${file}'}, by: alice}, {expect: Error, at: alice}]",
            given=self.GIVEN,
        )
        async with toy_runner(spec) as runner:
            assert messages(await runner.run_scenario(toy)) == []
            runner.server.curious = True
            result = await runner.run_scenario(toy)
        assert messages(result) == ["the server asked the URL of file for something"]
        assert result.problems[0].step == "never_fetched file"
