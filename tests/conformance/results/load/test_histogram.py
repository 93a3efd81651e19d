"""Durations are counted in few buckets, and percentiles are hardly too high."""

from __future__ import annotations

import random

import pytest

from conformance.results.load.histogram import Histogram, bucket_of, end_of


def histogram_of(*seconds: float) -> Histogram:
    found = Histogram()
    for one in seconds:
        found.add(one)
    return found


@pytest.mark.parametrize("value", [0, 1, 63, 64, 127, 128, 129, 1000, 123_456, 3_600_000_000])
def test_a_bucket_ends_at_most_a_64th_above_what_is_in_it(value: int) -> None:
    end = end_of(bucket_of(value))
    assert value <= end <= value + value / 64


def test_buckets_follow_one_another_without_a_gap() -> None:
    ends = [end_of(bucket) for bucket in range(2000)]
    assert [bucket_of(end) for end in ends] == list(range(2000))
    assert [bucket_of(end + 1) for end in ends] == list(range(1, 2001))


def test_a_percentile_is_what_this_share_does_not_exceed() -> None:
    draws = random.Random(1)
    values = sorted(draws.lognormvariate(-5, 1) for _ in range(5000))
    found = histogram_of(*values)
    for share in (0.5, 0.9, 0.99, 0.999):
        exact = values[round(share * len(values)) - 1]
        assert exact - 1e-6 <= found.percentile(share) <= exact * 1.016 + 1e-6


def test_one_duration_is_every_percentile() -> None:
    latency = histogram_of(0.0123).latency()
    assert latency is not None
    assert (latency.p50, latency.p99, latency.max, latency.mean, latency.count) == (12.3, 12.3, 12.3, 12.3, 1)


def test_nothing_measured_has_no_latency() -> None:
    assert Histogram().latency() is None


def test_odd_durations_stay_within_bounds() -> None:
    found = histogram_of(-1.0, 1e9)
    assert found.percentile(0.5) == 0.0
    assert found.longest == 3600.0
    many = Histogram()
    for power in range(64):
        for step in range(64):
            many.add(2.0**power / 1e6 * (1 + step / 64))
    assert len(many.counts) <= 1728


def test_merged_histograms_are_that_of_all_durations() -> None:
    one, two = histogram_of(0.001, 0.002, 0.5), histogram_of(0.002, 1.0)
    one.merge(two)
    assert one == histogram_of(0.001, 0.002, 0.5, 0.002, 1.0)


def test_the_json_form_is_read_back() -> None:
    found = histogram_of(0.001, 0.002, 0.002)
    assert Histogram.from_dict(found.to_dict()) == found
