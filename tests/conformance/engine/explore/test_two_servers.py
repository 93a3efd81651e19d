"""Two servers that differ only in how they say it, or in their limits, have no finding; two that differ have one."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.engine.explore.knowledge import read_knowledge
from conformance.engine.explore.progress import Options
from conformance.engine.explore.search import explore
from conformance.target import read_target
from conformance.target.embedded import embedded
from tests.conformance.target.dialect.judged import TARGET
from tests.doubles.dialect_server.__main__ import main as speaking_otherwise
from tests.forked import forked
from tests.variants.registry import find_variants
from tests.variants.serve import main as different

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.engine.explore.progress import Explored
    from conformance.spec import Spec
    from conformance.target.embedded import Launch

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]
FEW = Options(budget=120.0, seed=5, jobs=2, shrinking=0.0, most=8)


def explored(spec: Spec, launch: Launch, described: Path | None = None) -> Explored:
    """Explore a server against the reference server."""

    async def go() -> Explored:
        async with AsyncExitStack() as stack:
            tested, server = await stack.enter_async_context(embedded(spec, launch))
            other, _ = await stack.enter_async_context(embedded(spec))
            if described is not None:
                read = read_target(described, spec, instances=tested.instances, secret=server.secret)
                tested = replace(read, profile=tested.profile)
            return await explore(spec, read_knowledge(spec), tested, other, FEW)

    return asyncio.run(go())


def test_a_server_with_a_dialect_is_compared_in_the_protocols_terms(whole_spec: Spec) -> None:
    found = explored(whole_spec, forked(speaking_otherwise), TARGET)
    assert found.findings == {}
    assert found.not_judged == {}
    assert len(found.cells) > 100


def test_the_stricter_limits_hold_for_both(whole_spec: Spec) -> None:
    (variant,) = find_variants(["smaller_limits"])

    async def go() -> Explored:
        async with AsyncExitStack() as stack:
            tested, _ = await stack.enter_async_context(embedded(whole_spec, forked(different, variant.name)))
            other, _ = await stack.enter_async_context(embedded(whole_spec))
            profile = {group: {**values, **variant.profile.get(group, {})} for group, values in tested.profile.items()}
            tested = replace(tested, profile=profile)
            return await explore(whole_spec, read_knowledge(whole_spec), tested, other, FEW)

    found = asyncio.run(go())
    assert found.findings == {}
    assert len(found.cells) > 100
