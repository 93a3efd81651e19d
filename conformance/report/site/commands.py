"""The reference of the command line, from click: one page for each verb, and a list of the verbs."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from conformance.report.site.markdown import block, code, definitions, heading, link, table, text, toctree

if TYPE_CHECKING:
    from collections.abc import Iterator


def command_pages(root: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """Give the pages of the verbs of a command called `name`."""
    context = click.Context(root, info_name=name, **root.context_settings)
    verbs = _inner(root, context)
    parts = [
        "# Commands\n",
        *_about(root, context, 2),
        heading(2, "Verbs"),
        table(["verb", "what it does"], ([link(code(verb), f"commands/{verb}"), _first(one)] for verb, one in verbs)),
        toctree(*(verb for verb, _ in verbs)),
    ]
    yield "commands/index", "\n".join(parts)
    for verb, command in verbs:
        yield f"commands/{verb}", "\n".join([f"# {text(f'{name} {verb}')}\n", *_verb(command, verb, context, 2)])


def _inner(command: click.Command, context: click.Context) -> list[tuple[str, click.Command]]:
    """Give the subcommands of a command by name; only a group has some."""
    if not isinstance(command, click.Group):
        return []
    found = ((name, command.get_command(context, name)) for name in command.list_commands(context))
    return [(name, one) for name, one in found if one is not None]


def _first(command: click.Command) -> str:
    return text(command.get_short_help_str(200))


def _verb(command: click.Command, name: str, parent: click.Context, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    yield from _about(command, context, level)
    for inner, one in _inner(command, context):
        yield heading(level, text(f"{context.command_path} {inner}"))
        yield from _verb(one, inner, context, level + 1)


def _about(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    yield heading(level, "Usage")
    usage = " ".join(command.collect_usage_pieces(context))
    yield block(f"{context.command_path} {usage}")
    for kind, words in _paragraphs(inspect.cleandoc(command.help or "")):
        yield block(words) if kind == "block" else f"{text(words)}\n"
    options = [
        (code(record[0]), text(record[1]))
        for one in command.get_params(context)
        if isinstance(one, click.Option) and (record := one.get_help_record(context)) is not None
    ]
    yield heading(level, "Options")
    yield definitions(options)
    formatter = context.make_formatter()
    command.format_epilog(context, formatter)
    if more := formatter.getvalue().strip("\n"):
        yield block(more)


def _paragraphs(words: str) -> Iterator[tuple[str, str]]:
    r"""Split a help text at its empty lines; `\b` begins a paragraph whose lines click leaves alone."""
    for paragraph in words.split("\n\n"):
        lines = paragraph.strip("\n").split("\n")
        if lines[0].strip() == "\b":
            yield "block", "\n".join(lines[1:])
        elif any(lines):
            yield "words", " ".join(line.strip() for line in lines)
