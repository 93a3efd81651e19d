"""The pages of the real protocol, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import chat_parity
from conformance.report.site.pages import Sources, pages
from conformance.report.site.read import read_sources

if TYPE_CHECKING:
    from conformance.spec import Spec

WEB = "https://repository.example/blob/v1"


@pytest.fixture(scope="session")
def sources(whole_spec: Spec) -> Sources:
    """What the pages of the whole protocol are made from."""
    return read_sources(whole_spec, chat_parity, "chat-parity", WEB)


@pytest.fixture(scope="session")
def whole_site(sources: Sources) -> dict[str, str]:
    """The pages of the whole protocol, as Markdown."""
    return pages(sources)
