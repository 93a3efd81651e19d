from __future__ import annotations

import math

import click
import pytest

from conformance.cli.options import NumberRange


def test_a_number_has_its_bounds() -> None:
    assert NumberRange(0.1, 100)("2.5") == 2.5
    with pytest.raises(click.BadParameter, match="is not in the range"):
        NumberRange(0.1, 100)("0")


@pytest.mark.parametrize("written", ["nan", "NaN", "-nan", math.nan])
def test_what_is_no_number_is_within_no_bounds(written: object) -> None:
    with pytest.raises(click.BadParameter, match="is not a number"):
        NumberRange(0, min_open=True)(written)
