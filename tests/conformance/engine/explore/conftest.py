from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.explore.differ import Comparer
from conformance.engine.explore.drawing import Drawing
from conformance.engine.explore.freedoms import read_freedoms
from conformance.engine.explore.knowledge import read_knowledge
from conformance.engine.explore.limits import Limits
from conformance.engine.explore.normal import known_fields
from conformance.target import read_target

if TYPE_CHECKING:
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.spec import Spec
    from conformance.target import Target


@pytest.fixture(scope="package")
def knowledge(whole_spec: Spec) -> Knowledge:
    return read_knowledge(whole_spec)


@pytest.fixture(scope="package")
def target(whole_spec: Spec) -> Target:
    file = whole_spec.folder / "targets" / "reference.yaml"
    return read_target(file, whole_spec, instances=("ws://127.0.0.1:1/ws", "ws://127.0.0.1:2/ws"), secret="x" * 32)


@pytest.fixture(scope="package")
def comparer(whole_spec: Spec, knowledge: Knowledge, target: Target) -> Comparer:
    limits = Limits((target, target))
    return Comparer(whole_spec, knowledge, read_freedoms(whole_spec), limits, known_fields(whole_spec))


@pytest.fixture(scope="package")
def drawing(whole_spec: Spec, knowledge: Knowledge, target: Target) -> Drawing:
    return Drawing(whole_spec, knowledge, Limits((target, target)), tuple(knowledge.requests))
