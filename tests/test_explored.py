from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.explored import Outcome, main, table


def _steady() -> Any:
    return SimpleNamespace(flaky=False, again=3)


def _flaky(again: int) -> Any:
    return SimpleNamespace(flaky=True, again=again)


def test_the_share_is_of_those_that_were_explored_to_the_end() -> None:
    outcomes = [
        Outcome("one", (_steady(),), conversations=7, most=200),
        Outcome("two", conversations=200, most=200),
        Outcome("three", conversations=31, most=200),
        Outcome("four", problem="the server under test is no longer there", most=200),
        Outcome("five", (_flaky(0),), conversations=201, most=200),
        Outcome("six", (_flaky(0), _flaky(1)), conversations=3),
    ]
    features = dict.fromkeys([one.name for one in outcomes], "calls") | {"one": "search"}
    assert [*table(outcomes, features, ["search", "calls", "typing"])] == [
        "feature                    found   flaky  missed     cut  failed   share",
        "search                         1       0       0       0       0   100 %",
        "calls                          0       1       2       1       1     0 %",
        "all                            1       1       2       1       1    25 %",
        "found: 1 of 6 faults of must rules",
    ]


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["escapes_html", "all_instants_are_local"])
def test_a_fault_that_everybody_meets_is_found(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main([name, "--seconds", "120", "--conversations", "150"]) == 0
    assert "found: 1 of 1 faults of must rules" in capsys.readouterr().out


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_nothing_is_found_on_a_legal_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--variants", "who_acts_gets_no_echo", "--seconds", "120", "--conversations", "40"]) == 0
    assert "1 of 1 legal servers: 0 with findings" in capsys.readouterr().out
