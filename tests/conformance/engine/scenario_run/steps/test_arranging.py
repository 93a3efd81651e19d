"""The steps that change the server or wait for it: a barrier, a role, a timer, a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.errors import ChangeRefused
from conformance.results.model import Outcome
from conformance.target.provision.created import CreatingProvisioner
from conformance.target.provision.jwt import Named
from tests.conformance.run_contexts import EVERYBODY, SIGNING, Author, complaints, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec
    from conformance.target.accounts import Account


ALONE = "{users: [alice]}"


class TestSync:
    async def test_holds_where_the_barrier_answers(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario("steps: [{sync: [alice, bob]}]")) == []

    async def test_says_that_the_barrier_got_no_reply(self, spec: Spec, scenario: Author) -> None:
        assert await complaints(spec, scenario("steps: [{sync: [alice, bob]}]"), "no pong", reply=0.2) == [
            "no reply to the barrier's request at alice or bob within 0.2 s"
        ]

    async def test_says_who_is_not_connected_any_more(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {sync: alice}
""")
        assert await complaints(spec, toy, "close") == ["alice should still be connected, and was closed with 1011"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("{role: {conversation: lobby, user: bob, role: reader}}", "cannot make"),
        ("{remove: {conversation: lobby, user: bob}}", "cannot remove"),
    ],
)
async def test_provision_needs_a_driver_that_can(spec: Spec, scenario: Author, change: str, said: str) -> None:
    async with toy_runner(spec) as runner:
        result = await runner.run_scenario(scenario(f"steps: [{{provision: {change}}}]"))
    assert result.outcome is Outcome.UNTESTABLE
    assert said in messages(result)[0]


class Willing(Named):
    """A driver that can ask for changes as any user; the server refuses those by the users named."""

    acts_as_users = True

    def __init__(self, *refused: str) -> None:
        super().__init__(EVERYBODY, "member")
        self._refused = refused

    async def give_role(self, conversation: str, account: Account, role: str, by: Account | None = None) -> None:
        if by is not None and by.name.endswith(self._refused):
            raise ChangeRefused(f"{by.name} was answered with 403")


class TestAChangeByAUser:
    @pytest.mark.parametrize(
        ("refused", "change", "outcome", "said"),
        [
            ((), "by: alice", Outcome.PASS, ""),
            (("alice",), "by: alice, refused: true", Outcome.PASS, ""),
            ((), "by: alice, refused: true", Outcome.FAIL, "alice may not do this, and the server has done it"),
            (("alice",), "by: alice", Outcome.FAIL, "alice may do this, and is refused: "),
        ],
    )
    async def test_is_judged_by_whether_the_server_does_it(
        self, spec: Spec, scenario: Author, refused: tuple[str, ...], change: str, outcome: Outcome, said: str
    ) -> None:
        step = f"{{provision: {{role: {{conversation: lobby, user: bob, role: reader, {change}}}}}}}"
        driver = CreatingProvisioner(Willing(*refused), SIGNING)
        async with toy_runner(spec, provisioner=driver) as runner:
            result = await runner.run_scenario(scenario(f"steps: [{step}]", needs="{acts_as_users: true}"))
        assert result.outcome is outcome
        assert said in "".join(messages(result))

    async def test_does_not_apply_where_only_the_admin_can_ask(self, spec: Spec, scenario: Author) -> None:
        step = "{provision: {role: {conversation: lobby, user: bob, role: reader, by: alice}}}"
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(scenario(f"steps: [{step}]", needs="{acts_as_users: true}"))
        assert (result.outcome, result.lacks) == (Outcome.NOT_APPLICABLE, "acts_as_users")


class TestRestart:
    async def test_does_not_apply_where_the_run_cannot(self, spec: Spec, scenario: Author) -> None:
        async with toy_runner(spec) as runner:
            result = await runner.run_scenario(
                scenario("steps: [{restart: hard}]", given=ALONE, needs="{restart: true}", exclusive="true")
            )
        assert result.outcome is Outcome.NOT_APPLICABLE
