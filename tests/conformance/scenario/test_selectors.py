from __future__ import annotations

import pytest

from conformance.scenario.selectors import names


@pytest.mark.parametrize(
    ("pattern", "scenario", "named"),
    [
        ("edit.no", "edit.no", True),
        ("edit.no", "edit.nobody", False),
        ("edit.no", "edit.no[admin]", True),
        ("edit.no[admin]", "edit.no[admin]", True),
        ("edit.no[a*]", "edit.no[admin]", True),
        ("edit.no[admin]", "edit.noa", False),
        ("edit.*", "edit.no[admin]", True),
        ("edit.??", "edit.no", True),
        ("*", "edit.no", True),
        ("EDIT.*", "edit.no", False),
        ("", "edit.no", False),
    ],
)
def test_a_pattern_names_by_id_by_the_id_without_its_case_or_as_a_glob(
    pattern: str, scenario: str, named: bool
) -> None:
    assert names(pattern, scenario) is named
