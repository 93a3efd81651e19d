"""The clients' types are those of the messages that the spec has now; no other language is needed to see that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.report.asyncapi import messages_digest
from tests.clients.tools import CLIENTS, sides

if TYPE_CHECKING:
    from conformance.spec import Spec

each_file = pytest.mark.parametrize("name", ["typescript/messages.ts", "go/types.go", "rust/src/lib.rs"])


@each_file
def test_are_made_from_the_messages_of_the_spec(spec: Spec, name: str) -> None:
    """If this fails: run `npm ci && npm run generate` in clients/, and commit what it writes."""
    assert f"// Message schemas: {messages_digest(spec)}\n" in (CLIENTS / name).read_text(encoding="utf-8")


@each_file
def test_have_every_message(spec: Spec, name: str) -> None:
    text = (CLIENTS / name).read_text(encoding="utf-8").lower()
    found = [one for _, one, _ in sides(spec) if f"{one.lower()} " in text]
    assert len(found) == 39
