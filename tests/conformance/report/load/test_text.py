"""The table of a load, and of two side by side."""

from __future__ import annotations

from conformance.report.load.text import render, render_pair
from tests.conformance.results.load.records import a_record


def test_a_load_is_shown_with_its_failures_counts_and_notes() -> None:
    text = render(a_record())
    assert text.startswith("toy · 10 users, 60 s · 2 workers\n")
    assert "SendMessage  1200      20.0        9        3     4.0     6.7    20.0    60.0\n" in text
    assert "Typing         40       0.7        0        0       –       –       –       –\n" in text
    assert "LOST        3 times  toy.told  no NewMessage at bob\n" in text
    assert "599 scenarios: 590 passed, 4 failed, 3 rate limited, 2 not judged; 10.0 a second\n" in text
    assert "lost 3, unexpected 1, wrong 0, doubled 1\n" in text
    assert "per second of one core here: 20 scenarios, 41 requests\n" in text
    assert "not judged: 2 times: it was too slow\n" in text
    assert text.endswith("Note: the wind was strong\n")


def test_a_load_with_a_rate_says_so_and_one_that_ended_early_says_why() -> None:
    record = a_record(options={**a_record().options, "rate": 2.5}, complete=False, reason="interrupted")
    assert render(record).startswith("NOT COMPLETE: interrupted\ntoy · 2.5 scenarios a second, 60 s")


def test_what_a_server_sent_moves_no_cursor() -> None:
    assert "\x1b" not in render(a_record(target="a\x1b[2J", notes=("b\x1b[2J",)))


def test_two_loads_are_shown_side_by_side_with_the_ratio() -> None:
    text = render_pair(a_record(20.0), a_record(40.0), 1.5)
    assert "reply SendMessage           4.0        20.0         8.0        40.0     2.00 !\n" in text
    assert "SLOWER: the reply p99 of SendMessage is 40.0 ms, 2.0 times the 20.0 ms before; at most 1.5 times" in text


def test_a_ratio_over_the_limit_within_a_millisecond_is_not_too_slow() -> None:
    text = render_pair(a_record(0.2), a_record(0.6), 1.5)
    assert "No 99th percentile is more than 1.5 times the old one and more than 1 ms longer.\n" in text


def test_without_a_limit_nothing_is_too_slow() -> None:
    text = render_pair(a_record(20.0), a_record(40.0), None)
    assert "!" not in text
    assert "SLOWER" not in text


def test_what_was_measured_too_rarely_has_no_ratio() -> None:
    text = render_pair(a_record(20.0, count=5), a_record(40.0), 1.5)
    assert "–: fewer than 100 were measured on either side, which is too few to tell.\n" in text
    assert "Too little was measured to compare any 99th percentile.\n" in text
