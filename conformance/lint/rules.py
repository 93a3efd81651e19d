"""A scenario proves every rule of the spec, and every rule that is named somewhere exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.errors import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.spec import Spec


def features_have_rules(spec: Spec) -> Iterator[Mistake]:
    """Find features without a must rule, and rules that belong to no feature."""
    file = spec.folder / "features.yaml"
    decided = {feature for rule in spec.rules.values() if rule.level == "must" for feature in rule.features}
    for feature in spec.features.values():
        if feature.id not in decided:
            yield Mistake(file, feature.line, f"no must rule belongs to {feature.id}, so nothing decides its verdict")
    for rule in spec.rules.values():
        for name in rule.features:
            if name not in spec.features:
                yield Mistake(rule.file, rule.line, f"{rule.id}: there is no feature {name!r}")


def rules_are_proved(spec: Spec) -> Iterator[Mistake]:
    """Find rules that no scenario proves in one of their features: a must rule keeps that feature from ever being OK.

    A rule of a file that several features share may narrow them with `features:` of its own.
    """
    proved = {(rule, one.feature) for one in spec.scenarios.values() for rule in one.rules}
    for rule in spec.rules.values():
        for feature in rule.features:
            if (rule.id, feature) not in proved:
                yield Mistake(rule.file, rule.line, f"no scenario of {feature} proves the {rule.level} rule {rule.id}")


def rules_named_elsewhere_exist(spec: Spec) -> Iterator[Mistake]:
    """Find rules that `protocol.yaml` or a message schema charges with a wrong frame, and that do not exist."""
    protocol = spec.protocol
    charged = (protocol.greeting_rule, protocol.secret_rule, protocol.isolation_rule, protocol.malformed_rule)
    for rule in (*charged, *protocol.bystanders.silence.values()):
        if rule not in spec.rules:
            yield Mistake(spec.folder / "protocol.yaml", 0, f"there is no rule {rule!r}")
    for message in spec.outgoing.values():
        for rule in sorted(set(_charged(message.schema)) - spec.rules.keys()):
            yield Mistake(message.file, 0, f"`x-rule`: there is no rule {rule!r}")


def _charged(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _charged(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("x-rule"), str):
            yield schema["x-rule"]
        for item in schema.values():
            yield from _charged(item)
