from __future__ import annotations

import pytest

from conformance.cli.output import printer


@pytest.mark.parametrize("nothing", ["0", "00", ""])
def test_a_width_of_nothing_hides_nothing(monkeypatch: pytest.MonkeyPatch, nothing: str) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    usual = printer().width
    monkeypatch.setenv("COLUMNS", nothing)
    assert printer().width == usual > 0
    monkeypatch.setenv("COLUMNS", "120")
    assert printer().width == 120
