"""The targets that come with the spec: right by their own format, and able to talk to doubles of what they describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.calibration.calibrate import calibrate
from conformance.spec import find
from conformance.target import check_target, read_target
from conformance.target.provision import open_provisioner
from reference_server.earlier.acknowledge_everything import acknowledging
from reference_server.earlier.relay_everything import relaying
from tests.conformance.run_contexts import SECRET

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from conformance.results.model import Calibration
    from conformance.spec import Spec

TARGETS = sorted((find() / "targets").glob("*.yaml"))


@pytest.mark.parametrize("file", TARGETS, ids=lambda file: file.stem)
def test_is_well_formed(file: Path, spec: Spec) -> None:
    check_target(file, spec)


@pytest.mark.parametrize("file", TARGETS, ids=lambda file: file.stem)
def test_tells_editors_its_schema(file: Path) -> None:
    assert file.read_text().startswith("# yaml-language-server: $schema=../formats/target.schema.json\n")


@pytest.mark.parametrize("stem", ["rust-chat-server", "veza-backend-api"])
def test_an_example_says_what_is_known_and_what_is_not(stem: str) -> None:
    text = (find() / "targets" / f"{stem}.yaml").read_text()
    assert "\n# KNOWN" in text
    assert "\n# NOT KNOWN" in text


async def calibrated(spec: Spec, stem: str, server: AbstractAsyncContextManager[str]) -> Calibration:
    async with server as url:
        target = read_target(find() / "targets" / f"{stem}.yaml", spec, instances=(url,), secret=SECRET)
        async with open_provisioner(target, spec.protocol.default_role) as provisioner:
            return await calibrate(spec, target, provisioner, 0.2)


async def test_the_rust_example_gets_into_the_rust_server_of_2025(spec: Spec) -> None:
    found = await calibrated(spec, "rust-chat-server", acknowledging())
    assert (found.greets, found.answers_barrier) == (True, True)


async def test_the_go_example_gets_into_the_go_server_of_2025(spec: Spec) -> None:
    found = await calibrated(spec, "veza-backend-api", relaying(SECRET))
    assert (found.greets, found.answers_barrier) == (False, False)
