"""How a target refuses is seen before anything is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.engine.calibration import refusals
from tests.conformance.run_contexts import toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec


@pytest.mark.parametrize(
    ("wrong", "told", "closes"),
    [
        ("late send", True, False),
        ("no errors", False, False),
        ("odd errors", False, False),
        ("errors close", True, True),
        ("closes", False, True),
    ],
)
async def test_it_is_known_whether_errors_come_and_end_the_connection(
    spec: Spec, wrong: str, told: bool, closes: bool
) -> None:
    async with toy_runner(spec, wrong=[wrong], reply=0.3) as runner:
        calibration = runner.run_context.calibration
    assert ("Error" not in calibration.unseen, calibration.errors_close) == (told, closes)


async def test_who_ends_the_connection_at_some_requests_only_is_one_of_them(
    spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([(False, True), (True, False)])

    async def refused(*_: object, **__: object) -> tuple[bool, bool]:
        return next(answers)

    monkeypatch.setattr(refusals, "_refused", refused)
    async with toy_runner(spec, measured=True) as runner:
        calibration = runner.run_context.calibration
    assert ("Error" not in calibration.unseen, calibration.errors_close) == (True, True)
