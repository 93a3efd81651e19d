"""What the values of the profile bound: it exists, and no limit is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.coverage.places import places
from conformance.errors import Mistake
from conformance.files.documents import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.spec import Spec

LIMITS = "limits"


def bounds_name_what_exists(spec: Spec) -> Iterator[Mistake]:
    """Find types, fields, values of the profile and rules of `bounds` and `budgets` that do not exist."""
    protocol, file = spec.protocol, spec.folder / "protocol.yaml"
    common = read_json(spec.folder / "messages" / "common.json")
    known = {f"{group}.{name}" for group, values in protocol.profile.items() for name in values}
    messages = {**spec.outgoing, **spec.incoming}
    for bound in protocol.bounds:
        if bound.by not in known:
            yield Mistake(file, 0, f"`bounds`: the profile has no {bound.by!r}")
        if bound.of is not None and bound.of not in messages:
            yield Mistake(file, 0, f"`bounds`: there is no message type {bound.of!r}")
        elif bound.of is not None and bound.field is not None:
            found = {one.path for one in places(messages[bound.of].schema, common, protocol.discriminator)}
            if bound.field not in found:
                yield Mistake(file, 0, f"`bounds`: {bound.of} has no {bound.field!r}")
    rules = [one.rule for one in protocol.bounds] + [one.rule for one in protocol.budgets]
    for rule in dict.fromkeys(rules):
        if rule not in spec.rules:
            yield Mistake(file, 0, f"`bounds` and `budgets`: there is no rule {rule!r}")


def every_limit_bounds_something(spec: Spec) -> Iterator[Mistake]:
    """Find limits of the profile of which no message page says what they bound."""
    protocol = spec.protocol
    named = {one.by for one in protocol.bounds} | {one.limit for one in protocol.budgets}
    for name in protocol.profile[LIMITS]:
        if f"{LIMITS}.{name}" not in named | {protocol.bystanders.connections}:
            file = spec.folder / "protocol.yaml"
            yield Mistake(file, 0, f"`bounds` does not say what {LIMITS}.{name} bounds")
