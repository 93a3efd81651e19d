"""What several variants need."""

from __future__ import annotations

import contextvars
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reference_server import command, events, session
from reference_server.config import Limits
from reference_server.group_commit.publisher import Direct
from reference_server.group_commit.writer import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.connection import Connection
    from reference_server.group_commit.unit import Unit
    from tests.faults.patching import Patch

acting: contextvars.ContextVar[Connection | None] = contextvars.ContextVar("acting", default=None)
"""The connection whose request is being carried out."""


def change_frames(patch: Patch, change: Callable[[dict[str, Any]], Any]) -> None:
    """Let every frame leave as `change` gives it: an object, or its text."""
    reshape_text(patch, lambda text: _text(change(json.loads(text))))


def reshape_text(patch: Patch, change: Callable[[str], str]) -> None:
    """Change the text of every frame on its way out."""

    @patch.around(events, "encode")
    def encode(original, outgoing):
        return change(original(outgoing))

    patch(session, "GREETING", change(session.GREETING))


def everywhere(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Change each object in a value, the innermost first."""
    if isinstance(value, dict):
        return change({key: everywhere(item, change) for key, item in value.items()})
    return [everywhere(item, change) for item in value] if isinstance(value, list) else value


def change_settings(patch: Patch, *, limits: dict[str, Any] | None = None, **settings: Any) -> None:
    """Start the server with other numbers than the command line gives."""

    @patch.around(command, "settings_from")
    def settings_from(original, options):
        given = original(options)
        return replace(given, limits=replace(given.limits, **(limits or {})), **settings)


def change_limits(patch: Patch, **limits: Any) -> None:
    """Start the server with other limits."""
    assert limits.keys() <= Limits.__dataclass_fields__.keys()
    change_settings(patch, limits=limits)


def remember_who_acts(patch: Patch) -> None:
    """Keep the connection whose request is carried out in `acting`, also while the writer publishes its events."""
    who: dict[Unit, Connection | None] = {}

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        acting.set(context.connection)
        return await original(context, frame)

    @patch.around(GroupCommit, "change")
    def change(original, writer, *arguments, **named):
        unit = original(writer, *arguments, **named)
        who[unit] = acting.get()
        return unit

    @patch.around(Direct, "publish")
    async def publish(original, publisher, units):
        for unit in units:  # in the writer's task, which knows no connection
            acting.set(who.pop(unit, None))
            await original(publisher, [unit])


def instead_of(patch: Patch, unwanted: Callable[[dict[str, Any]], bool], then: Callable[[Connection], Any]) -> None:
    """Do something else than answering some frames; the reply is what `then` gives."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        return then(context.connection) if unwanted(frame) else await original(context, frame)


def lend(patch: Patch, module: Any, name: str, value: Any) -> None:
    """Give a module of the server a name that it has not, for a piece of text that is rewritten there."""
    setattr(module, name, getattr(module, name, None))
    patch(module, name, value)


def read_differently(patch: Patch, change: Callable[[str], str]) -> None:
    """Change the text of requests before it is parsed."""

    @patch.around(session, "parse")
    def parse(original, text):
        return original(change(text))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
