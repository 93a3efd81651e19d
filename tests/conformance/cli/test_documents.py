"""What `chat-parity docs` writes, and that what is in the repository is what it writes now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from conformance.cli import documents
from conformance.cli.docs import docs
from conformance.errors import UsageError
from conformance.spec import find

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

WRITTEN = {"--asyncapi": "asyncapi.yaml", "--schema-bundle": "chat-parity.schema.json"}

each_document = pytest.mark.parametrize(("option", "name"), WRITTEN.items(), ids=WRITTEN.values())


@each_document
def test_what_is_committed_is_current(spec_folder: Path, option: str, name: str) -> None:
    """If this fails: run `chat-parity docs` with this option, and commit what it writes."""
    shown = CliRunner().invoke(docs, [option, "--out", "-", "--spec", str(spec_folder)])
    assert shown.exit_code == 0, shown.output
    assert (find() / name).read_text(encoding="utf-8") == shown.stdout


@each_document
def test_writes_into_the_spec_that_it_reads(spec_folder: Path, option: str, name: str) -> None:
    assert CliRunner().invoke(docs, [option, "--spec", str(spec_folder)]).exit_code == 0
    written = (spec_folder / name).read_text(encoding="utf-8")
    (spec_folder / name).unlink()
    assert written == (find() / name).read_text(encoding="utf-8")


@each_document
def test_the_linter_finds_one_that_is_not_current(spec_folder: Path, spec: Spec, option: str, name: str) -> None:
    text = (find() / name).read_bytes()
    try:
        (spec_folder / name).write_bytes(text)
        assert documents.stale_documents(spec) == []
        (spec_folder / name).write_bytes(text + b"\n")
        (mistake,) = documents.stale_documents(spec)
        assert str(mistake).endswith(f"{name}: this is not what the spec says now: run `chat-parity docs {option}`")
    finally:
        (spec_folder / name).unlink()


def test_the_linter_wants_none(spec: Spec) -> None:
    assert documents.stale_documents(spec) == []


@each_document
def test_leaves_the_spec_of_an_installation_alone(
    spec_folder: Path, monkeypatch: pytest.MonkeyPatch, option: str, name: str
) -> None:
    monkeypatch.setattr(documents, "is_installed_copy", lambda _: True)
    error = CliRunner().invoke(docs, [option, "--spec", str(spec_folder)]).exception
    assert isinstance(error, UsageError)
    assert f"name another place for {name} with --out" in str(error)


def test_writes_one_thing() -> None:
    shown = CliRunner().invoke(docs, list(WRITTEN))
    assert shown.exit_code == 2
    assert "name only one of --asyncapi, --schema-bundle and --man" in shown.output
