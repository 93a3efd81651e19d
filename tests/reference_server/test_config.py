from __future__ import annotations

from typing import Any

import pytest

from reference_server.config import ConfigError, Limits, Settings


class TestSettings:
    def test_never_show_the_secret(self):
        assert "x" * 32 not in repr(Settings("x" * 32))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"jwt_secret": "é" * 15},
            {"typing_expiry": 0},
            {"rate_window": -1},
            {"token_leeway": -1},
            {"token_leeway": float("nan")},
            {"typing_expiry": float("inf")},
            {"rate_window": float("nan")},
            {"limits": Limits(connections=0)},
            {"limits": Limits(messages_per_window=0)},
        ],
        ids=str,
    )
    def test_that_cannot_work_are_refused(self, wrong: dict[str, Any]):
        with pytest.raises(ConfigError):
            Settings(**({"jwt_secret": "é" * 16} | wrong))
