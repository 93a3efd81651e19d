from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.lint.explore import names_for_exploring_exist
from conformance.spec import find

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


@pytest.fixture
def messages(whole_spec: Spec, tmp_path: Path):
    """Say what the linter finds after a change of one of the two files."""

    def check(file: str, old: str, new: str) -> list[str]:
        for name in ("explore.yaml", "freedoms.yaml"):
            shutil.copy(find() / name, tmp_path / name)
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert old in text
        (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return [one.message for one in names_for_exploring_exist(replace(whole_spec, folder=tmp_path))]

    return check


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("explore.yaml", "  Ping: {weight: 1}\n", "", "Ping is never explored: say in `requests` what it needs"),
        ("explore.yaml", "  Ping:", "  Pung:", "there is no message type (incoming) 'Pung'"),
        ("explore.yaml", "  call_type:", "  call_kind:", "no request has a field 'call_kind'"),
        (
            "explore.yaml",
            "limits.content_max ",
            "limits.content_most ",
            "content: the profile has no limits.content_most",
        ),
        ("freedoms.yaml", "rule: SEND-7s", "rule: SEND-7", "SEND-7 is a must rule: no server is free to break it"),
        ("freedoms.yaml", "probe: delete-twice", "probe: delete-once", "there is no probe and no rule 'delete-once'"),
        ("freedoms.yaml", "raw=binary", "raw=bin", "the label raw=bin names no kind of `explore.yaml`"),
        (
            "explore.yaml",
            "other-key: {rule: AUTH-1",
            "other-key: {rule: AUTH-0",
            "other-key: there is no rule 'AUTH-0'",
        ),
        ("explore.yaml", "rule: CONN-15}", "rule: CONN-0}", "`mistaken`: there is no rule 'CONN-0'"),
        ("freedoms.yaml", "query=blank", "quest=blank", "the label quest=blank names no field of `explore.yaml`"),
    ],
)
def test_a_name_that_does_not_exist_is_found(messages, file: str, old: str, new: str, message: str) -> None:
    assert message in messages(file, old, new)


def test_a_spec_without_the_files_cannot_be_explored_and_that_is_no_mistake(whole_spec: Spec, tmp_path: Path) -> None:
    assert list(names_for_exploring_exist(replace(whole_spec, folder=tmp_path))) == []


def test_our_own_files_name_what_exists(whole_spec: Spec) -> None:
    assert list(names_for_exploring_exist(whole_spec)) == []
