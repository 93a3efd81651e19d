"""The pages of the real protocol, made once: with all scenarios, and with a few for what Sphinx has to build."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import chat_parity
from conformance.report.site.pages import Sources, pages
from conformance.report.site.read import read_sources

if TYPE_CHECKING:
    from conformance.spec import Spec

WEB = "https://repository.example/blob/v1"
FEW = ("edit-message.", "ping-pong.")


@pytest.fixture(scope="session")
def sources(whole_spec: Spec) -> Sources:
    """What the pages of the whole protocol are made from."""
    return read_sources(whole_spec, chat_parity, "chat-parity", WEB)


@pytest.fixture(scope="session")
def whole_site(sources: Sources) -> dict[str, str]:
    """The pages of the whole protocol, as Markdown."""
    return pages(sources)


@pytest.fixture(scope="session")
def small_site(sources: Sources) -> dict[str, str]:
    """The pages of a protocol with few scenarios and probes: all kinds of pages, in little time."""
    spec = sources.spec
    scenarios = {name: one for name, one in spec.scenarios.items() if name.startswith(FEW)}
    probes = dict(list(spec.probes.items())[:3])
    return pages(replace(sources, spec=replace(spec, scenarios=scenarios, probes=probes)))
