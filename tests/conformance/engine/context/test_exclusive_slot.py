"""Only one scenario at a time may hold the exclusive slot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from conformance.engine.context.exclusive_slot import ExclusiveSlot
from tests.conformance.run_contexts import Author, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec


class TestExclusiveSlot:
    async def test_lets_one_at_a_time_act(self) -> None:
        exclusive_slot, log = ExclusiveSlot(), []

        async def act(name: str) -> None:
            async with exclusive_slot.hold():
                log.append(name)
                await asyncio.sleep(0)
                log.append(name)

        await asyncio.gather(act("first"), act("second"))
        assert log == ["first", "first", "second", "second"]

    async def test_goes_to_who_comes_back_before_those_who_have_not_begun(self) -> None:
        exclusive_slot, log, timer = ExclusiveSlot(), [], asyncio.Event()

        async def wait() -> None:
            async with exclusive_slot.hold():
                async with exclusive_slot.leave():
                    await timer.wait()
                log.append("back")

        async def act() -> None:
            async with exclusive_slot.hold():
                timer.set()
                for _ in range(3):
                    await asyncio.sleep(0)
                log.append("new")

        async with asyncio.timeout(60):
            await asyncio.gather(wait(), act(), act(), act(), act())
        assert log == ["new", "new", "back", "new", "new"]

    async def test_is_free_while_its_holder_waits_for_a_timer(self) -> None:
        exclusive_slot, log, timer = ExclusiveSlot(), [], asyncio.Event()

        async def wait() -> None:
            async with exclusive_slot.hold():
                async with exclusive_slot.leave():
                    await timer.wait()
                log.append("waited")

        async def act() -> None:
            async with exclusive_slot.hold():
                timer.set()
                await asyncio.sleep(0)
                log.append("acted")

        async with asyncio.timeout(60):
            await asyncio.gather(wait(), act())
        assert log == ["acted", "waited"]


async def test_an_exclusive_scenario_leaves_the_exclusive_slot_while_it_pauses(spec: Spec, scenario: Author) -> None:
    toy = """
steps:
  - {pause: timers.typing_expiry}
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hello}}
  - {expect: NewMessage, at: [alice, bob]}
"""
    async with toy_runner(spec, timers={"typing_expiry": 0.05}) as runner:
        begun = asyncio.create_task(runner.run_scenario(scenario(toy, exclusive="true")))
        other = asyncio.create_task(runner.run_scenario(scenario("steps: [{sync: [alice]}]", exclusive="true")))
        results = [await done for done in asyncio.as_completed([begun, other])]
    assert [messages(result) for result in results] == [[], []]
    assert results[0] is other.result()
