"""The help of every verb: it has examples, and each of them is a command that the parser takes."""

from __future__ import annotations

import inspect
import shlex
from typing import TYPE_CHECKING

import click
import pytest

from conformance.cli.main import chat_parity

if TYPE_CHECKING:
    from collections.abc import Iterator


def verbs(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Every verb and every group of verbs, with the words that call it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from verbs(command, click.Context(command, parent=context, info_name=name))
        yield f"{context.command_path} {name}", command


VERBS = dict(verbs(chat_parity, click.Context(chat_parity, info_name="chat-parity", **chat_parity.context_settings)))


def examples(command: click.Command) -> list[str]:
    _, _, after = inspect.cleandoc(command.help or "").partition("\b\nExamples:\n")
    return [line.strip() for line in after.partition("\n\n")[0].splitlines()]


def test_there_are_verbs_inside_verbs() -> None:
    assert len(VERBS) > 15
    assert {"chat-parity history", "chat-parity history add"} <= VERBS.keys()


@pytest.mark.parametrize("path", VERBS)
def test_a_verb_has_examples_of_itself(path: str) -> None:
    found = examples(VERBS[path])
    assert any(one.startswith(path) for one in found), f"{path} --help needs `Examples:`"


@pytest.mark.parametrize("path", VERBS)
def test_an_example_is_a_command_that_is_understood(path: str) -> None:
    for one in examples(VERBS[path]):
        words = shlex.split(one, comments=True)
        verb = next(verb for verb in sorted(VERBS, key=len, reverse=True) if words[: len(verb.split())] == verb.split())
        arguments = words[len(verb.split()) :]
        VERBS[verb].make_context(verb, arguments)  # raises click.UsageError
