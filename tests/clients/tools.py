"""The tools of the other languages, which `nox -s clients` needs, and the examples that every language must carry."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.spec import Spec
    from conformance.spec.messages import Message

CLIENTS = Path(__file__).parents[2] / "clients"
TSC = CLIENTS / "node_modules" / ".bin" / "tsc"
PATIENCE_S = 500
"""A first build compiles a standard library."""


def need(*programs: str) -> None:
    """Skip the test where a program is missing; a CI that tests nothing must not look as if all were well."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        hint = f"NO {' AND NO '.join(missing)}, so these clients are NOT TESTED: see clients/README.md"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(hint)


def run(*command: str | Path, text: str = "", folder: Path = CLIENTS, **environment: str) -> str:
    """Run a program and give its output; what it says when it fails is the failure of the test."""
    done = subprocess.run(
        [*map(str, command)],
        input=text,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout


class Example(NamedTuple):
    """An example frame: the union and the type of the clients that it belongs to."""

    union: str
    name: str
    message: Message
    frame: dict[str, Any]


def sides(spec: Spec) -> Iterator[tuple[str, str, Message]]:
    for message in spec.incoming.values():
        yield "ClientFrame", f"{message.type}Request", message
    for message in spec.outgoing.values():
        yield "ServerFrame", f"{message.type}Frame", message


def examples(spec: Spec) -> list[Example]:
    """Every valid example of every message."""
    return [
        Example(union, name, message, frame)
        for union, name, message in sides(spec)
        for frame in message.schema["examples"]
    ]


def without_nulls(value: Any) -> Any:
    """A frame in which a field that may be null or absent is absent."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def as_lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
