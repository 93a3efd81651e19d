"""What can be done to frames, in small pieces that fit together.

An action is given a frame and its connection, and gives what passes instead: nothing, the frame, several, or text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.proxy.proxy import Link

Frame = dict[str, Any]
Action = Callable[[Frame, "Link"], Sequence[Frame | str]]
Control = Callable[[bytes], bytes]
EVERY = "*"


@dataclass(slots=True)
class Rules:
    """What is done on one connection.

    `events` and `requests` have an action by message type, `control` a change by opcode of the server's control
    frames; `status` changes the head of a refusal; `cut` is the size of the pieces in which texts reach the client.
    """

    events: dict[str, Action] = field(default_factory=dict)
    requests: dict[str, Action] = field(default_factory=dict)
    control: dict[int, Control] = field(default_factory=dict)
    status: Callable[[bytes], bytes] | None = None
    cut: int = 0

    def __add__(self, other: Rules) -> Rules:
        return Rules(
            self.events | other.events,
            self.requests | other.requests,
            self.control | other.control,
            other.status or self.status,
            other.cut or self.cut,
        )


def events(kinds: str, action: Action) -> Rules:
    """Do this to the server's frames of these types (`*`: all)."""
    return Rules(events=dict.fromkeys(kinds.split(), action))


def requests(kinds: str, action: Action) -> Rules:
    """Do this to the client's frames of these types."""
    return Rules(requests=dict.fromkeys(kinds.split(), action))


def control(opcode: int, change: Control) -> Rules:
    """Do this to the payload of the server's control frames of this kind."""
    return Rules(control={opcode: change})


def drop(_frame: Frame, _link: Link) -> Sequence[Frame]:
    """Let nothing pass."""
    return ()


def twice(frame: Frame, _link: Link) -> Sequence[Frame]:
    """Let it pass two times."""
    return (frame, frame)


def to_everybody(frame: Frame, link: Link) -> Sequence[Frame]:
    """Let it pass, and give it to every other connection too."""
    for other in link.others():
        other.send(frame)
    return (frame,)


def changed(change: Callable[[Frame], Any]) -> Action:
    """Change a frame in place, or by what the function gives."""

    def action(frame: Frame, _link: Link) -> Sequence[Frame]:
        result = change(frame)
        return (result if isinstance(result, dict) else frame,)

    return action


def renamed(old: str, new: str) -> Action:
    """Give a field another name."""
    return changed(lambda frame: {new if key == old else key: value for key, value in frame.items()})


def setting(name: str, change: Callable[[Any], Any]) -> Action:
    """Give a field that is there, at any depth, another value."""
    return everywhere(lambda key, value: change(value) if key == name else value)


def everywhere(change: Callable[[str, Any], Any]) -> Action:
    """Change every field of every object, given its name and value."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: change(key, walk(item)) for key, item in value.items()}
        return [walk(item) for item in value] if isinstance(value, list) else value

    return changed(walk)


def when(condition: Callable[[Frame], bool], action: Action) -> Action:
    """Do it to some frames only."""
    return lambda frame, link: action(frame, link) if condition(frame) else (frame,)


def every(number: int, action: Action) -> Action:
    """Do it to every so-many-th frame only."""
    seen = 0

    def counting(frame: Frame, link: Link) -> Sequence[Frame | str]:
        nonlocal seen
        seen += 1
        return action(frame, link) if seen % number == 0 else (frame,)

    return counting


def later(seconds: float) -> Action:
    """Let it pass so much later, the others not waiting for it."""

    def action(frame: Frame, link: Link) -> Sequence[Frame]:
        asyncio.get_running_loop().call_later(seconds, link.send, frame)
        return ()

    return action


def swapped(within: float) -> Action:
    """Let the next one pass first, if it comes in time."""
    held: list[Frame] = []

    def release(link: Link, frame: Frame) -> None:
        if held and held[0] is frame:
            link.send(held.pop())

    def action(frame: Frame, link: Link) -> Sequence[Frame]:
        if held:
            return (frame, held.pop())
        held.append(frame)
        asyncio.get_running_loop().call_later(within, release, link, frame)
        return ()

    return action
