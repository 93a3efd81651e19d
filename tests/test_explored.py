from __future__ import annotations

import pytest

from tests.explored import main

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", ["escapes_html", "all_instants_are_local"])
def test_a_fault_that_everybody_meets_is_found(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main([name, "--seconds", "120", "--conversations", "150"]) == 0
    assert "found: 1 of 1 faults of must rules" in capsys.readouterr().out


def test_nothing_is_found_on_a_legal_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--variants", "who_acts_gets_no_echo", "--seconds", "120", "--conversations", "40"]) == 0
    assert "1 legal servers: 0 with findings" in capsys.readouterr().out
