"""The pytest plugin: `pytest --chat-target FILE` runs the protocol, each scenario as a test of its own.

Without `--chat-target` it does nothing. Every pytest of its environment loads it, so this file imports nothing of the
harness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("chat-parity", "chat-parity: the veza chat protocol, run against a server")
    group.addoption(
        "--chat-target",
        metavar="TARGET",
        help="Run the protocol against this server: a target file, a ws:// URL, or `reference` to start and test the "
        "reference server. Without paths the tests are all scenarios; every feature, rule and level is a marker.",
    )
    group.addoption("--chat-out", metavar="DIR", help="Write run.jsonl and the reports of `chat-parity run` here.")
    group.addoption(
        "--chat-args",
        metavar="OPTIONS",
        default="",
        help="Further options of `chat-parity run`, as in --chat-args='--jobs 4 --time-scale 2'.",
    )
    group.addoption("--chat-spec", metavar="DIR", help="Another spec folder.")


def pytest_configure(config: pytest.Config) -> None:
    """Register the hooks if there is a target."""
    if config.getoption("chat_target"):
        from conformance.pytest_plugin.hooks import Hooks  # noqa: PLC0415 -- nobody pays for it without a target

        config.pluginmanager.register(Hooks.open(config), "chat-parity-hooks")
