from __future__ import annotations

from dataclasses import dataclass, field

import click
import pytest

from conformance.cli import waiting
from conformance.cli.waiting import Duration, until_let_in
from conformance.errors import ProvisioningFailed, TargetUnreachable, UsageError


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PAUSE", 0.0)


@dataclass
class Server:
    """Refuses some times, in these ways, before it lets somebody in."""

    refusals: list[Exception]
    began: bool = False
    attempts: int = 0
    told: list[str] = field(default_factory=list)

    async def run(self) -> None:
        self.attempts += 1
        if self.refusals:
            raise self.refusals.pop(0)

    async def wait(self, seconds: float) -> None:
        await until_let_in(self.run, seconds, lambda: self.began, self.told.append)


async def test_tries_until_it_is_let_in_and_says_so_once() -> None:
    server = Server([TargetUnreachable("nobody listens"), ProvisioningFailed("HTTP 503"), TargetUnreachable("again")])
    await server.wait(600)
    assert server.attempts == 4
    assert server.told == ["waits up to 600 s: nobody listens"]


async def test_gives_up_at_the_end_with_the_last_refusal() -> None:
    server = Server([TargetUnreachable(str(number)) for number in range(100_000)])
    with pytest.raises(TargetUnreachable):
        await server.wait(0.05)
    assert server.attempts > 1


async def test_does_not_wait_unless_asked() -> None:
    server = Server([TargetUnreachable("nobody listens")])
    with pytest.raises(TargetUnreachable, match="nobody listens"):
        await server.wait(0.0)
    assert (server.attempts, server.told) == (1, [])


async def test_a_target_that_goes_away_later_is_lost() -> None:
    server = Server([TargetUnreachable("gone")], began=True)
    with pytest.raises(TargetUnreachable, match="gone"):
        await server.wait(600)
    assert server.attempts == 1


async def test_a_mistake_is_no_reason_to_wait() -> None:
    server = Server([UsageError("no such thing")])
    with pytest.raises(UsageError):
        await server.wait(600)
    assert server.attempts == 1


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("60", 60), ("5m", 300), ("1h", 3600), (" 2s ", 2), ("0.5s", 0.5)]
)
def test_a_duration_has_a_unit_or_is_in_seconds(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1d", "1e9", "nan", "1 m"])
def test_another_word_is_no_duration(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write for example 60s or 5m"):
        Duration().convert(text, None, None)
