"""`--ids-from`: a list of scenarios in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.cli.ids import read_ids
from conformance.errors import BadFile

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("edit-message.edited-again\n", ("edit-message.edited-again",)),
        ("# failed last time\n\n  edit-message.edited-again  \r\nedit-*", ("edit-message.edited-again", "edit-*")),
        ("permissions.refused\n", ("permissions.refused",)),
    ],
)
def test_has_an_id_or_a_glob_on_each_line(whole_spec: Spec, tmp_path: Path, text: str, ids: tuple[str, ...]) -> None:
    (tmp_path / "ids").write_text(text)
    assert read_ids(tmp_path / "ids", whole_spec) == ids


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "edit-*\nedit-message.edited-agian\n",
            "ids:2: no scenario is called 'edit-message.edited-agian'; did you mean",
        ),
        ("edit-*\n%%\n", "ids:2: no scenario is called '%%'; `chat-parity list scenarios` shows them"),
        ("# nothing\n", "ids: has no ids"),
    ],
)
def test_a_mistake_has_its_line(whole_spec: Spec, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "ids").write_text(text)
    with pytest.raises(BadFile) as raised:
        read_ids(tmp_path / "ids", whole_spec)
    assert said in str(raised.value)
