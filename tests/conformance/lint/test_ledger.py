"""The ledger: what it finds, how it is written, and that it reads back what it wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile
from conformance.lint.ledger import Ledger, accept, check_ledger, published, read_ledger, render

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


@pytest.fixture
def small(spec: Spec, spec_folder: Path, tmp_path: Path) -> Spec:
    """A spec with two rules, in a folder of its own."""
    (tmp_path / "formats").symlink_to(spec_folder / "formats")
    rules = {name: spec.rules[name] for name in ("SEND-2", "SEND-10")}
    return replace(spec, folder=tmp_path, rules=rules)


@pytest.fixture
def full(small: Spec) -> Ledger:
    """All that the small spec has."""
    return accept(small, Ledger(small.folder / "ledger.yaml", {kind: {} for kind in published(small)}))


def said(spec: Spec, ledger: Ledger) -> list[str]:
    return [mistake.message for mistake in check_ledger(spec, ledger)]


def written(spec: Spec, ledger: Ledger) -> Ledger:
    ledger.file.write_text(render(ledger, spec.features), encoding="utf-8")
    return read_ledger(spec)


def test_has_nothing_to_say_of_a_spec_that_it_knows(small: Spec, full: Ledger) -> None:
    assert said(small, full) == []


def test_finds_an_id_that_was_removed_where_it_stands_in_the_ledger(small: Spec, full: Ledger) -> None:
    (found,) = check_ledger(replace(small, rules={"SEND-2": small.rules["SEND-2"]}), written(small, full))
    assert found.message == (
        "the rule SEND-10 was removed: ids are stable for ever; if it is gone on purpose, move it to `retired`"
    )
    assert found.file.read_text().splitlines()[found.line - 1].strip() == "- SEND-10"


def test_finds_an_id_that_is_new_where_it_stands_in_the_spec(small: Spec, full: Ledger) -> None:
    grown = replace(small, rules={**small.rules, "SEND-3": replace(small.rules["SEND-2"], id="SEND-3", line=7)})
    (found,) = check_ledger(grown, full)
    assert found.message == "the rule SEND-3 is new: run `chat-parity lint --accept`"
    assert (found.file.name, found.line) == ("03-send-message.yaml", 7)


def test_finds_a_format_that_is_gone(small: Spec, full: Ledger) -> None:
    ledger = replace(full, ids={**full.ids, "formats": {**full.ids["formats"], "novel": ""}})
    assert [message.partition(":")[0] for message in said(small, ledger)] == ["the format novel was removed"]


def test_lets_a_retired_id_go_and_never_come_back(small: Spec, full: Ledger) -> None:
    ids = {**full.ids, "rules": {"SEND-2": "send_message"}}
    retired = replace(full, ids=ids, retired={"SEND-10": "nobody wanted it"})
    assert said(replace(small, rules={"SEND-2": small.rules["SEND-2"]}), retired) == []
    assert said(small, retired) == ["the rule SEND-10 is retired, and a retired id never comes back: name it anew"]
    assert "SEND-10" not in accept(small, retired).ids["rules"]


def test_accepts_what_is_new_and_drops_nothing(small: Spec, full: Ledger) -> None:
    shrunk = replace(small, rules={"SEND-3": replace(small.rules["SEND-2"], id="SEND-3")})
    assert set(accept(shrunk, full).ids["rules"]) == {"SEND-2", "SEND-3", "SEND-10"}


def test_reads_back_what_it_wrote(small: Spec, full: Ledger) -> None:
    ledger = replace(full, retired={"old-probe": "it wasn't: what it seemed"})
    read = written(small, ledger)
    assert (read.ids, read.retired) == (ledger.ids, ledger.retired)


def test_writes_features_in_order_and_numbers_as_numbers(small: Spec, full: Ledger) -> None:
    ids = {**full.ids, "scenarios": {"ping.b": "ping_pong", "ping.a": "ping_pong", "lost": "forgotten_feature"}}
    text = render(replace(full, ids=ids), small.features)
    places = [text.index(part) for part in ("SEND-2", "SEND-10", "ping.a", "ping.b", "forgotten_feature:")]
    assert places == sorted(places)


def test_refuses_an_id_that_stands_twice(small: Spec, full: Ledger) -> None:
    full.file.write_text(render(full, small.features).replace("- SEND-10", "- SEND-2"))
    with pytest.raises(BadFile, match="the rule SEND-2 is here twice"):
        read_ledger(small)


def test_a_spec_without_a_ledger_has_published_nothing(small: Spec) -> None:
    assert [message.partition(" is new")[0] for message in said(small, read_ledger(small))][:2] == [
        "the rule SEND-10",
        "the rule SEND-2",
    ]
