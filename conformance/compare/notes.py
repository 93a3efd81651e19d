"""What a reader must know about two runs before trusting their comparison."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.results.runlog import Run

_TELLING = ("time_scale", "repeat", "bystanders")
"""Options of a run that may change its results."""

_EARLIER = {"bystanders": "onlookers"}
"""The names of options in the logs of earlier versions."""

_LONGEST = 60


def notes(old: Run, new: Run) -> tuple[str, ...]:
    """Give one sentence for each difference between the conditions of the two runs."""
    return tuple(_notes(old, new))


def _notes(old: Run, new: Run) -> Iterator[str]:
    one, another = old.header, new.header
    if one.run == another.run:
        yield "OLD and NEW are the same run"
    elif one.moment > another.moment:
        yield f"NEW ({another.started}) was recorded before OLD ({one.started}): were the two swapped?"
    if one.target.name != another.target.name and one.target.instances == another.target.instances:
        yield f"OLD and NEW have the same address ({', '.join(one.target.instances)})"
    for name, run in (("OLD", old), ("NEW", new)):
        if not run.complete:
            why = (run.footer.reason or "stopped") if run.footer else "cut off"
            yield f"{name} is not complete ({why}): what it did not run is not compared"
    if one.spec.digest != another.spec.digest:
        yield "the spec has changed between the two: scenarios that changed are not compared"
        if one.spec.wire != another.spec.wire:
            yield "the message schemas have changed between the two: a difference may come from there"
    for path in _differences(one.profile, another.profile):
        yield f"the two targets declare another {path}"
    for name in _TELLING:
        before, after = _option(one.options, name), _option(another.options, name)
        if before != after:
            yield f"the two ran with another {name} ({before}, {after})"


def _option(options: Mapping[str, Any], name: str) -> Any:
    """Give an option by its present name; a log of an earlier version may use the old one."""
    return options.get(name, options.get(_EARLIER.get(name, name)))


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for group in dict.fromkeys((*old, *new)):
        before, after = old.get(group), new.get(group)
        if isinstance(before, dict) and isinstance(after, dict):
            for name in dict.fromkeys((*before, *after)):
                if before.get(name) != after.get(name):
                    yield f"{group}.{name} ({_show(before.get(name))}, {_show(after.get(name))})"
        elif before != after and group in old and group in new:
            yield f"{group} ({_show(before)}, {_show(after)})"


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
