from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from conformance.cli.listing import listing
from conformance.cli.tree import tree
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.spec import Spec


def ids(spec: Spec, *patterns: str) -> list[str]:
    """The first word of each line, with its indentation."""
    return [line[: len(line) - len(line.lstrip())] + line.split()[0] for line in tree(spec, patterns)]


def test_has_every_feature_rule_and_scenario(whole_spec: Spec) -> None:
    shown = {line.strip() for line in ids(whole_spec)}
    bases = {one.base for one in whole_spec.scenarios.values()}
    assert shown >= whole_spec.features.keys() | whole_spec.rules.keys() | bases


def test_of_a_scenario_has_what_is_above_it(whole_spec: Spec) -> None:
    found = ids(whole_spec, "edit-message.edited-again")
    assert found[0] == "edit_message"
    assert found[1].startswith("  EDIT-")
    assert set(found[2::2]) == {"    edit-message.edited-again"}


@pytest.mark.parametrize("pattern", ["edit_message", "4"])
def test_of_a_feature_has_all_that_is_below_it(whole_spec: Spec, pattern: str) -> None:
    found = ids(whole_spec, pattern)
    assert [line for line in found if not line.startswith(" ")] == ["edit_message"]
    assert {line.strip() for line in found} >= {
        rule.id for rule in whole_spec.rules.values() if "edit_message" in rule.features
    }


def test_of_a_case_has_its_scenario(whole_spec: Spec) -> None:
    assert "    edit-message.non-author-refused" in ids(whole_spec, "edit-message.non-author-refused[member]")


@pytest.mark.parametrize("words", [("features",), ("--format", "json")])
def test_is_one_text_of_all_kinds(words: tuple[str, ...]) -> None:
    error = CliRunner().invoke(listing, ["--tree", *words]).exception
    assert isinstance(error, UsageError)
    assert "--tree is text of all kinds" in str(error)


def test_is_printed_by_list() -> None:
    shown = CliRunner().invoke(listing, ["--tree", "PING-1"]).stdout
    assert shown.startswith("ping_pong  20  Ping/Pong keepalive\n  PING-1  must  ")
