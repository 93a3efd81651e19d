"""The invariants are read with their rules, and each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.errors import BadFile
from conformance.files.documents import parse_yaml
from conformance.spec.invariants import read_invariants

TWO = """\
invariants:
  - {id: one, kind: once, rule: SEND-2, sentence: One., frame: NewMessage, key: [message_id]}
  - {id: two, kind: joined, rule: LEAVE-1, sentence: Two., rules: {N: SEND-3}, pages: {X: {list: m, gone: DEL-1}}}
"""


def test_an_invariant_keeps_its_place_its_facts_and_all_its_rules() -> None:
    one, two = read_invariants(parse_yaml(TWO, Path("invariants.yaml")))
    assert (one.id, one.kind, one.line, one.rules) == ("one", "once", 2, {"SEND-2"})
    assert one.facts == {"frame": "NewMessage", "key": ["message_id"]}
    assert two.rules == {"LEAVE-1", "SEND-3", "DEL-1"}


def test_an_id_is_there_once() -> None:
    with pytest.raises(BadFile, match="the invariant one is here twice"):
        read_invariants(parse_yaml(TWO.replace("id: two", "id: one"), Path("invariants.yaml")))
