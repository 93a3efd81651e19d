"""The tables that scenarios are made from."""

from __future__ import annotations

import yaml

from conformance.spec import find
from tests.variants.registry import all_variants


def test_every_text_is_a_query_that_a_server_with_small_limits_accepts() -> None:
    limits = all_variants()["smaller_limits"].profile["limits"]
    rows = yaml.safe_load((find() / "tables" / "texts.yaml").read_text(encoding="utf-8"))["rows"]
    assert {row["id"]: len(row["text"]) for row in rows if len(row["text"]) > limits["query_max"]} == {}
