"""The steps that connect and disconnect, and every kind of refusal."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from conformance.results.model import Outcome
from tests.conformance.run_contexts import SECRET, Author, ToyRunner, complaints, messages, run_context_at, toy_runner
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.server import Request, Response, ServerConnection

    from conformance.spec import Spec


ALONE = "{users: [alice]}"
ADMITTED = "; bob@witness was let in"


Answer = HTTPStatus | int | str


@asynccontextmanager
async def doorman(spec: Spec, answer: Answer) -> AsyncIterator[ToyRunner]:
    """A server that lets good tokens in, and treats the token `bad` in one certain way."""

    async def talk(socket: ServerConnection) -> None:
        assert socket.request is not None
        bad = "token=bad" in socket.request.path
        if bad and isinstance(answer, int) and not isinstance(answer, HTTPStatus):
            await socket.close(answer)
            return
        if bad and answer == "drop":
            socket.transport.abort()
            return
        if not (bad and answer == "quiet"):
            await socket.send('{"type": "ActionConfirmed", "action": "connected", "success": true}')
        async for _ in socket:
            await socket.send('{"type": "Pong"}')

    def admit(socket: ServerConnection, request: Request) -> Response | None:
        refused = "token=bad" in request.path and isinstance(answer, HTTPStatus)
        told = request.path if "repeated" in request.path else "no"
        if not refused:
            return None
        response = socket.respond(answer, told)  # type: ignore[arg-type]
        response.headers["Retry-After"] = "0"
        return response

    async with listening(talk, process_request=admit) as url:
        yield ToyRunner(await run_context_at(spec, url, reply=0.3, trials=False))


@asynccontextmanager
async def gateway(spec: Spec, answers: list[int]) -> AsyncIterator[ToyRunner]:
    """A server behind a gateway: once calibrated, it answers the upgrades with these statuses in turn."""
    left: list[int] = []

    async def talk(socket: ServerConnection) -> None:
        await socket.send('{"type": "ActionConfirmed", "action": "connected", "success": true}')
        async for _ in socket:
            await socket.send('{"type": "Pong"}')

    def admit(socket: ServerConnection, _: Request) -> Response | None:
        status = left.pop(0) if left else HTTPStatus.SWITCHING_PROTOCOLS
        return None if status == HTTPStatus.SWITCHING_PROTOCOLS else socket.respond(HTTPStatus(status), "no")

    async with listening(talk, process_request=admit) as url:
        runner = ToyRunner(await run_context_at(spec, url, reply=0.3, trials=False))
        left.extend(answers)
        yield runner


class TestConnect:
    REFUSED = "steps: [{connect: alice, token: {raw: bad}, refused: true}]"
    GIVEN = "{users: {alice: {connect: false}}}"

    @pytest.mark.parametrize("answer", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, 1008, 4401, 4499])
    async def test_refused_in_one_of_the_right_ways(self, spec: Spec, scenario: Author, answer: Answer) -> None:
        async with doorman(spec, answer) as runner:
            assert messages(await runner.run_scenario(scenario(self.REFUSED, given=self.GIVEN))) == []

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (HTTPStatus.NOT_FOUND, "alice should be refused with HTTP 401 or 403; what happened: HTTP 404"),
            (HTTPStatus.SERVICE_UNAVAILABLE, "alice should be refused with HTTP 401 or 403; what happened: HTTP 503"),
            (1011, "alice should be refused with a close of 1008 or 44xx; it was closed with 1011"),
            ("drop", "alice should be refused with a close of 1008 or 44xx; it was dropped without a close frame"),
            ("let in", "alice should be refused, and was let in"),
            ("quiet", "alice should be refused, and its connection is open"),
        ],
    )
    async def test_refused_in_a_wrong_way(self, spec: Spec, scenario: Author, answer: Answer, said: str) -> None:
        async with doorman(spec, answer) as runner:
            assert messages(await runner.run_scenario(scenario(self.REFUSED, given=self.GIVEN))) == [said]

    async def test_refused_by_an_answer_that_repeats_the_token(self, spec: Spec, scenario: Author) -> None:
        token = f"bad-and-repeated-{'x' * 32}"
        async with doorman(spec, HTTPStatus.UNAUTHORIZED) as runner:
            result = await runner.run_scenario(scenario(self.REFUSED.replace("bad", token), given=self.GIVEN))
        assert [(one.rule, one.message) for one in result.findings] == [
            ("AUTH-5", "alice was refused by an answer with its token in it")
        ]

    async def test_refused_without_a_reason(self, spec: Spec, scenario: Author) -> None:
        async with doorman(spec, HTTPStatus.FORBIDDEN) as runner:
            toy = scenario("steps: [{connect: alice, token: {raw: bad}}]", given=self.GIVEN)
            assert messages(await runner.run_scenario(toy)) == ["alice should be let in, and was refused: HTTP 403"]

    async def test_asked_to_come_later_unlike_another_user(self, spec: Spec, scenario: Author) -> None:
        async with doorman(spec, HTTPStatus.TOO_MANY_REQUESTS) as runner:
            toy = scenario(
                "steps: [{connect: alice, token: {raw: bad}, must_admit: true}]",
                given="{users: {alice: {connect: false}, bob: null}}",
            )
            said = messages(await runner.run_scenario(toy))
        assert said == ["alice should be let in, as bob is, and was refused: HTTP 429"]

    async def test_a_second_device_that_is_always_asked_to_come_later_says_nothing_of_the_server(
        self, spec: Spec, scenario: Author
    ) -> None:
        async with doorman(spec, HTTPStatus.TOO_MANY_REQUESTS) as runner:
            result = await runner.run_scenario(
                scenario("steps: [{connect: alice@phone, token: {raw: bad}}]", given=ALONE)
            )
        assert result.outcome is Outcome.BLOCKED
        assert messages(result) == ["alice@phone should be let in, and was refused: HTTP 429"]

    @pytest.mark.parametrize(
        ("answers", "outcome", "said"),
        [
            ([502, 502], Outcome.BLOCKED, "alice was refused: HTTP 502; so was bob@witness: HTTP 502"),
            ([502, 101, 101], Outcome.BLOCKED, "alice was refused: HTTP 502, and then let in" + ADMITTED),
            ([504, 101, 403], Outcome.BLOCKED, "alice was refused: HTTP 504, and then HTTP 403" + ADMITTED),
            ([502, 101, 502], Outcome.FAIL, "alice should be let in, and was refused: HTTP 502"),
        ],
    )
    async def test_a_gateway_that_does_not_reach_the_server_says_nothing_of_it(
        self, spec: Spec, scenario: Author, answers: list[int], outcome: Outcome, said: str
    ) -> None:
        async with gateway(spec, answers) as runner:
            given = "{users: {alice: {connect: false}, bob: {connect: false}}}"
            result = await runner.run_scenario(scenario("steps: [{connect: alice}]", given=given))
        assert (result.outcome, messages(result)) == (outcome, [said])

    async def test_a_second_device_that_joins(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {connect: bob@phone, join: [lobby]}
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: [bob, bob@phone]}
""")
        assert await complaints(spec, toy) == []

    async def test_again_after_leaving(self, spec: Spec, scenario: Author) -> None:
        toy = scenario("""
steps:
  - {disconnect: bob}
  - {connect: bob, join: [lobby]}
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: bob}
""")
        assert await complaints(spec, toy) == []


@pytest.mark.parametrize(("how", "code"), [("close", 1000), ("drop", None)])
async def test_disconnect_says_goodbye_or_not(spec: Spec, scenario: Author, how: str, code: int | None) -> None:
    ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def talk(socket: ServerConnection) -> None:
        await socket.send('{"type": "ActionConfirmed", "action": "connected", "success": true}')
        async for data in socket:
            if data != '{"type": "Ping"}':
                await socket.wait_closed()
                if not ended.done():
                    ended.set_result(socket.close_code if socket.protocol.close_rcvd else None)
                return
            await socket.send('{"type": "Pong"}')

    async with listening(talk) as url:
        runner = ToyRunner(await run_context_at(spec, url, reply=0.3, trials=False))
        if ended.done():  # the calibration's own requests ended its connections
            ended = asyncio.get_running_loop().create_future()
        toy = scenario(
            f"steps: [{{send_raw: {{text: now}}, by: alice}}, {{disconnect: alice, how: {how}}}]", given=ALONE
        )
        assert messages(await runner.run_scenario(toy)) == []
        assert await ended == code


async def test_no_token_ever_shows_the_secret(spec: Spec, scenario: Author) -> None:
    toy = scenario("steps: [{check: '${alice.token}', is: {$match: '^eyJ'}}]", given=ALONE)
    async with toy_runner(spec) as runner:
        result = await runner.run_scenario(toy)
    assert messages(result) == []
    assert SECRET not in str(result)
