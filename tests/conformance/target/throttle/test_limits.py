from __future__ import annotations

from conformance.target.throttle import CAREFUL, UNLIMITED, Limits, read_limits


def test_a_server_on_this_machine_is_ours() -> None:
    assert read_limits({}, local=True) == UNLIMITED == Limits()


def test_any_other_is_treated_with_care() -> None:
    assert read_limits({}, local=False) == CAREFUL
    assert None not in (CAREFUL.requests_per_second, CAREFUL.run_requests, CAREFUL.open_connections)


def test_what_the_file_says_goes_first() -> None:
    found = read_limits({"requests_per_second": 5, "run_requests": "unlimited"}, local=False)
    assert (found.requests_per_second, found.run_requests) == (5, None)
    assert found.open_connections == CAREFUL.open_connections
    assert read_limits({"open_connections": 3}, local=True) == Limits(open_connections=3)
