"""What calibration measures, and why: however a server fans out, no leak is missed and nobody innocent fails."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from conformance.engine.calibration.calibrate import MARGIN, PATIENCE
from conformance.errors import TargetUnreachable
from conformance.results.model import Outcome
from conformance.target.provision.created import CreatingProvisioner
from conformance.target.provision.jwt import Named
from tests.conformance import run_contexts
from tests.conformance.run_contexts import EVERYBODY, SIGNING, Author, run_context_at
from tests.doubles.fan_out import ARCHITECTURES, BUS_DELAY, ChatServer
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from collections.abc import Sequence

    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

    from conformance.spec import Spec
    from conformance.target.accounts import Account
    from conformance.target.provision.created import Member

TELL = """
steps:
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "${nonce}"}}
  - {expect: NewMessage, at: bob, with: {content: "${nonce}"}}
  - {never: NewMessage, at: carol}
"""
toy_runner = partial(run_contexts.toy_runner, measured=True)
each_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


@each_architecture
async def test_a_leak_is_caught_in_every_scenario(spec: Spec, scenario: Author, architecture: str) -> None:
    async with toy_runner(spec, architecture, later=["leak"]) as runner:
        results = await asyncio.gather(*(runner.run_scenario(scenario(TELL)) for _ in range(20)))
    assert [result.outcome for result in results] == [Outcome.FAIL] * 20
    assert {problem.message for result in results for problem in result.problems[:1]} == {
        "carol must never get NewMessage here"
    }


@each_architecture
async def test_a_second_delivery_is_caught_in_every_scenario(spec: Spec, scenario: Author, architecture: str) -> None:
    async with toy_runner(spec, architecture, later=["duplicate"]) as runner:
        results = await asyncio.gather(*(runner.run_scenario(scenario(TELL)) for _ in range(10)))
    assert [result.outcome for result in results] == [Outcome.FAIL] * 10


@each_architecture
async def test_a_correct_server_never_fails(spec: Spec, scenario: Author, architecture: str) -> None:
    async with toy_runner(spec, architecture) as runner:
        results = [
            result
            for _ in range(5)
            for result in await asyncio.gather(*(runner.run_scenario(scenario(TELL)) for _ in range(10)))
        ]
    assert [result for result in results if result.outcome is not Outcome.PASS] == []


async def test_the_texts_fit_where_the_target_takes_the_shortest_ones(spec: Spec) -> None:
    async with toy_runner(spec, limits={"query_max": 10}) as runner:
        sent = [message["content"] for messages in runner.server.history.values() for message in messages]
    assert sent
    assert max(len(text) for text in sent) == 10


async def test_a_server_that_delivers_in_order_needs_no_settling(spec: Spec) -> None:
    async with toy_runner(spec, "in order") as runner:
        calibration = runner.run_context.calibration
    assert (calibration.greets, calibration.answers_barrier) == (True, True)
    assert (calibration.skew, calibration.settle, calibration.patience) == (0.0, 0.0, PATIENCE)


async def test_a_bus_gives_a_skew_of_at_least_its_delay(spec: Spec) -> None:
    async with toy_runner(spec, "bus with delay") as runner:
        calibration = runner.run_context.calibration
    assert calibration.skew is not None
    assert calibration.skew >= BUS_DELAY / 2  # the barrier itself takes a part of the delay
    assert calibration.settle == pytest.approx(2 * calibration.skew + MARGIN)


async def test_the_types_that_are_answered_like_no_type_are_noted(spec: Spec) -> None:
    async with toy_runner(spec) as runner:
        unknown = runner.run_context.calibration.unknown_types
    known = {"Ping", "JoinConversation", "LeaveConversation", "SendMessage", "FetchHistory"}
    assert set(unknown) == spec.incoming.keys() - known


async def test_a_server_without_greeting_is_judged_without(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, wrong=["no greeting"]) as runner:
        assert not runner.run_context.calibration.greets
        assert (await runner.run_scenario(scenario(TELL))).outcome is Outcome.PASS


async def test_a_server_that_greets_with_another_frame_is_blamed_for_it_by_the_scenarios_of_the_greeting_only(
    spec: Spec, scenario: Author
) -> None:
    async with toy_runner(spec, wrong=["other greeting"]) as runner:
        assert not runner.run_context.calibration.greets
        assert runner.run_context.calibration.greets_otherwise
        result = await runner.run_scenario(scenario(TELL + '  - {never: "*", at: [alice, bob]}\n'))
        assert result.outcome is Outcome.PASS
        assert {finding.rule for finding in result.findings} == {"CONN-11"}
        greeted = scenario("steps:\n  - {expect: ActionConfirmed, at: bob, with: {action: connected}}\n")
        assert (await runner.run_scenario(greeted)).outcome is Outcome.FAIL


async def test_a_server_that_confirms_nothing_is_judged_by_what_its_members_hear(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, wrong=["no confirmations"]) as runner:
        assert not runner.run_context.calibration.confirms_joins
        assert (await runner.run_scenario(scenario(TELL))).outcome is Outcome.PASS


@pytest.mark.parametrize(("wrong", "lives"), [((), True), (("one connection",), False)])
async def test_it_is_known_whether_a_user_may_have_two_connections(
    spec: Spec, wrong: tuple[str, ...], lives: bool
) -> None:
    async with toy_runner(spec, wrong=wrong) as runner:
        assert runner.run_context.calibration.several_devices is lives


class Generous(Named):
    """Makes anybody anything."""

    async def conversation(
        self, name: str, visibility: str, members: Sequence[Member], by: Account | None = None
    ) -> str:
        return await super().conversation(name, visibility, [(who, "member") for who, _ in members])


@pytest.mark.parametrize(("factory", "roles"), [(Named, ()), (Generous, ("reader",))])
async def test_it_is_known_whether_somebody_can_be_made_a_reader(
    spec: Spec, factory: type[Named], roles: tuple[str, ...]
) -> None:
    async with ChatServer().serving() as server:
        run_context = await run_context_at(
            spec, server.url, provisioner=CreatingProvisioner(factory(EVERYBODY, "member"), SIGNING)
        )
    assert run_context.calibration.roles == roles
    assert run_context.calibration.skew == 0


async def test_a_server_without_barrier_is_judged_by_patience(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, wrong=["no pong"], reply=0.3) as runner:
        assert not runner.run_context.calibration.answers_barrier
        assert (await runner.run_scenario(scenario(TELL))).outcome is Outcome.PASS
        runner.server.wrong.add("leak")
        assert (await runner.run_scenario(scenario(TELL))).outcome is Outcome.FAIL


async def test_a_server_without_broadcast_has_no_skew(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, wrong=["no broadcast"], reply=0.3) as runner:
        assert runner.run_context.calibration.skew is None
        assert runner.run_context.settle > 0
        result = await runner.run_scenario(scenario(TELL))
    assert [problem.message for problem in result.problems] == ["no NewMessage at bob"]


async def test_a_server_that_lets_nobody_join_can_still_be_calibrated(spec: Spec, scenario: Author) -> None:
    async with toy_runner(spec, wrong=["refuse joins"]) as runner:
        assert runner.run_context.calibration.skew is None
        result = await runner.run_scenario(scenario(TELL))
    assert result.outcome is Outcome.BLOCKED
    assert "may join lobby, and was refused" in result.problems[-1].message


async def test_a_silent_server_is_calibrated_in_a_few_reply_times_and_judged_hastily(spec: Spec) -> None:
    began = time.perf_counter()
    async with toy_runner(spec, wrong=["silence"], reply=0.2) as runner:
        calibration = runner.run_context.calibration
    assert not calibration.greets
    assert not calibration.answers_barrier
    assert calibration.patience < 0.2
    assert time.perf_counter() - began < 5


async def test_a_second_instance_is_calibrated_too(spec: Spec) -> None:
    async with ChatServer().serving() as one, ChatServer("bus with delay").serving() as other:
        run_context = await run_context_at(spec, one.url, other.url, reply=0.2)
    assert run_context.calibration.skew is None  # they are no deployment: what the one is told, the other does not tell


async def answer_pings_only(socket: ServerConnection) -> None:
    """Answer the barrier, and close the connection at anything else."""
    async for text in socket:
        if "Ping" not in str(text):
            return
        await socket.send('{"type": "Pong"}')


class TestRefusesToJudge:
    async def test_where_nobody_listens(self, spec: Spec) -> None:
        async with ChatServer().serving() as server:
            url = server.url
        with pytest.raises(TargetUnreachable) as raised:
            await run_context_at(spec, url)
        assert url in str(raised.value)
        assert raised.value.exit_code == 3

    async def test_a_server_that_closes_at_once(self, spec: Spec) -> None:
        async def close(socket: ServerConnection) -> None:
            await socket.close(4001, "go away")

        async with listening(close) as url:
            with pytest.raises(TargetUnreachable, match="closed with 4001") as raised:
                await run_context_at(spec, url)
        assert url in str(raised.value)

    async def test_a_server_that_ends_connections_and_lets_nobody_in_again(self, spec: Spec) -> None:
        free = iter(range(3))  # the speaker, the witness and the stranger

        def admit(socket: ServerConnection, _: Request) -> Response | None:
            return socket.respond(HTTPStatus.FORBIDDEN, "enough") if next(free, None) is None else None

        async with listening(answer_pings_only, process_request=admit) as url:
            with pytest.raises(TargetUnreachable, match="after the connection was ended no more: HTTP 403"):
                await run_context_at(spec, url, trials=False)

    async def test_where_this_machine_was_too_slow_to_tell(self, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("conformance.engine.context.closes.TENDED", -1.0)
        async with listening(answer_pings_only) as url:
            with pytest.raises(TargetUnreachable, match=r"cannot be calibrated: .*this machine was busy"):
                await run_context_at(spec, url, trials=False)

    async def test_a_server_that_never_stops_sending(self, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("conformance.wire.frame_budget.MAX_LOG", 1_500_000)

        async def flood(socket: ServerConnection) -> None:
            while True:
                await socket.send('{"type": "Pong"}' + " " * 1_000_000)

        async with listening(flood) as url:
            with pytest.raises(TargetUnreachable, match="the server sent more than"):
                await run_context_at(spec, url)
