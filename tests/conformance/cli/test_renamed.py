"""An option of an earlier version is refused with its new name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import main

if TYPE_CHECKING:
    from _pytest.capture import CaptureFixture


@pytest.mark.parametrize("old", ["--onlookers", "--no-onlookers"])
def test_an_old_option_names_the_new_one(old: str, capsys: CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", old])
    assert ended.value.code == 2
    assert "--onlookers has a new name: --bystanders" in capsys.readouterr().err
