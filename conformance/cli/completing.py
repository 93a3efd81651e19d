"""What the Tab key offers: the ids of features, rules, scenarios and probes, and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import click

    Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def offering(*kinds: str, words: Sequence[str] = (), files: bool = False) -> Offer:
    """Offer the ids of these kinds, some words, and files where the shell finds no other match."""

    def offer(_ctx: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        first = [CompletionItem(begun, type="file")] if files else []
        return first + [CompletionItem(one) for one in (*words, *_ids(kinds)) if one.startswith(begun)]

    return offer


def _ids(kinds: Sequence[str]) -> list[str]:
    from conformance.spec import load  # noqa: PLC0415 -- only the Tab key needs it here
    from conformance.spec.folder import in_working_directory, installed  # noqa: PLC0415

    if not kinds:
        return []
    spec = load(in_working_directory() or installed())
    known = {"features": spec.features, "rules": spec.rules, "scenarios": spec.scenarios, "probes": spec.probes}
    return [identifier for kind in kinds for identifier in known[kind]]
