"""The reports of an observation say what the way to the server lacks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.cli.observing import target_of, write_log
from conformance.engine.observe.observer import Observer
from conformance.errors import UsageError
from conformance.report.differences import UNCHECKED
from conformance.results.runlog import TargetEntry

if TYPE_CHECKING:
    from conformance.spec import Spec

FILE = """
name: staging
instances: [wss://chat.example/ws]
auth: {query_param: token, jwt: {secret_env: NOBODY_HAS_SET_THIS}}
provision: {driver: jwt}
tls: {insecure: true}
"""


def test_an_address_in_place_of_the_target_file_is_named(spec: Spec) -> None:
    with pytest.raises(UsageError, match="takes an address with --upstream"):
        target_of(Path("ws://chat.example/ws"), spec)


@pytest.mark.parametrize("instances", [("wss://chat.example/ws",), ()], ids=["live traffic", "a recording"])
def test_live_traffic_over_an_unchecked_certificate_is_named(
    spec: Spec, tmp_path: Path, instances: tuple[str, ...]
) -> None:
    (tmp_path / "staging.yaml").write_text(FILE, encoding="utf-8")
    target = target_of(tmp_path / "staging.yaml", spec)
    write_log(Observer(spec), tmp_path / "out", TargetEntry("staging", instances), str, 0.0, target)
    assert (UNCHECKED in (tmp_path / "out" / "parity.md").read_text(encoding="utf-8")) == bool(instances)
