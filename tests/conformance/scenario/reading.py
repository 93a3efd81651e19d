"""Reads scenario text against the real formats and protocol."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile
from conformance.files.documents import read_yaml
from conformance.files.formats import Formats
from conformance.scenario.parse import read_scenarios
from conformance.spec import find
from conformance.spec.protocol import Protocol, read_protocol

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.scenario.model import Scenario

HEAD = """\
id: edit-message.refused
title: A member cannot edit a message
feature: edit_message
rules: [EDIT-2]
"""
GIVEN = """\
given:
  users: [alice, bob]
  conversations:
    lobby: {members: [alice, bob]}
"""
STEPS_LINE = 10
"""The line of the first step in a scenario that `read_steps` reads."""
ROLES = "owner, moderator, member, reader, banned"


@cache
def formats() -> Formats:
    return Formats(find() / "formats")


@cache
def protocol() -> Protocol:
    return read_protocol(read_yaml(find() / "protocol.yaml"))


def read(folder: Path, text: str) -> list[Scenario]:
    file = folder / "x.yaml"
    file.write_text(text, encoding="utf-8")
    return read_scenarios(file, formats()["scenario"], protocol())


def read_steps(folder: Path, *steps: str, head: str = HEAD, given: str = GIVEN) -> Scenario:
    (scenario,) = read(folder, f"{head}{given}steps:\n" + "".join(f"  - {step}\n" for step in steps))
    return scenario


def refusal(folder: Path, text: str) -> str:
    """What is said of a file, without its folder."""
    with pytest.raises(BadFile) as raised:
        read(folder, text)
    return str(raised.value).replace(f"{folder}{os.sep}", "")
