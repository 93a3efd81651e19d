from __future__ import annotations

import asyncio
import logging

import pytest

from reference_server.config import ConfigError
from reference_server.misbehaviour.switches import OFF, SWITCHES, Misbehaviour, Switchboard, SwitchError
from reference_server.options import parser, switchboard_from

EXAMPLES = {switch.name: switch.example for switch in SWITCHES}


class TestSwitchboard:
    def test_begins_with_everything_off(self):
        assert Switchboard().now == Misbehaviour()
        assert set(Switchboard().texts().values()) == {OFF}

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_switches_one_on_and_off_and_logs_both(self, name: str, caplog: pytest.LogCaptureFixture):
        board = Switchboard()
        board.set({name: EXAMPLES[name]})
        assert board.texts() == dict.fromkeys(EXAMPLES, OFF) | {name: EXAMPLES[name]}
        assert board.now != Misbehaviour()
        board.set({name: OFF})
        assert board.now == Misbehaviour()
        assert [record.getMessage() for record in caplog.records] == [
            f"This server misbehaves on request: {name} is {EXAMPLES[name]}",
            f"This server misbehaves on request: {name} is off",
        ]
        assert {record.levelno for record in caplog.records} == {logging.WARNING}

    def test_changes_all_or_nothing(self):
        board = Switchboard({"latency": "1s"})
        with pytest.raises(SwitchError, match=r"--reject-rate: write a percentage .*; got 'often'"):
            board.set({"latency": "2s", "reject-rate": "often"})
        with pytest.raises(SwitchError, match="no switch 'slowness'; the switches are latency, "):
            board.set({"latency": "2s", "slowness": "1"})
        assert board.texts()["latency"] == "1s"

    async def test_tells_of_a_change(self):
        board = Switchboard()
        waiting = asyncio.create_task(board.change())
        await asyncio.sleep(0)
        assert not waiting.done()
        board.set({"latency": "1s"})
        async with asyncio.timeout(60):
            await waiting


class TestOptions:
    def test_switch_nothing_on_by_default(self):
        assert switchboard_from(parser().parse_args([])) is None

    def test_of_the_demonstration_switch_nothing_on_but_make_it_possible(self):
        board = switchboard_from(parser().parse_args(["--demo"]))
        assert board is not None
        assert board.now == Misbehaviour()

    def test_switch_everything_on(self):
        flags = {switch.name for switch in SWITCHES if switch.is_flag}
        words = [f"--{name}" if name in flags else f"--{name}={text}" for name, text in EXAMPLES.items()]
        board = switchboard_from(parser().parse_args(words))
        assert board is not None
        assert board.texts() == EXAMPLES

    def test_say_what_is_wrong_with_a_value(self):
        with pytest.raises(ConfigError, match=r"--latency: write a time .* as in 200ms"):
            switchboard_from(parser().parse_args(["--latency", "slow"]))
