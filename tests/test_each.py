from __future__ import annotations

import pytest

from tests.each import each


def test_all_values_are_checked_and_what_fails_has_its_value_beside_it():
    checked = []

    @each([(1, 2), (3, 3), (5, 6)])
    def are_equal(one, other):
        checked.append((one, other))
        assert one == other

    with pytest.raises(ExceptionGroup, match="2 of 3 fail") as raised:
        are_equal()
    assert checked == [(1, 2), (3, 3), (5, 6)]
    assert [error.__notes__[-1] for error in raised.value.exceptions] == ["with 1, 2", "with 5, 6"]
