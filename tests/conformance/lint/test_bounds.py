"""Bounds: what they name exists, and every limit has one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.lint.bounds import bounds_name_what_exists, every_limit_bounds_something
from conformance.spec.protocol import Bound
from tests.conformance.lint.words import said

if TYPE_CHECKING:
    from conformance.spec import Spec


def test_finds_what_a_bound_names_and_nobody_has(spec: Spec) -> None:
    wrong = (
        Bound("SendMesage", "content", "limits.content_max", "code points", "SEND-7"),
        Bound("SendMessage", "attachments[].weight", "limits.content_max", "code points", "SEND-7"),
        Bound(None, None, "limits.frame_size", "bytes", "CONN-66"),
    )
    assert said(bounds_name_what_exists(replace(spec, protocol=replace(spec.protocol, bounds=wrong)))) == [
        "`bounds`: there is no message type 'SendMesage'",
        "`bounds`: SendMessage has no 'attachments[].weight'",
        "`bounds`: the profile has no 'limits.frame_size'",
        "`bounds` and `budgets`: there is no rule 'CONN-66'",
    ]


def test_finds_a_limit_that_bounds_nothing(spec: Spec) -> None:
    fewer = tuple(one for one in spec.protocol.bounds if one.by != "limits.query_max")
    assert said(every_limit_bounds_something(replace(spec, protocol=replace(spec.protocol, bounds=fewer)))) == [
        "`bounds` does not say what limits.query_max bounds"
    ]


def test_the_real_protocol_bounds_everything(spec: Spec) -> None:
    assert said([*bounds_name_what_exists(spec), *every_limit_bounds_something(spec)]) == []
