from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_the_benchmark_runs_a_round_of_every_measurement():
    command = [sys.executable, "-m", "tests.bench", "--rounds", "1", "--only", "ping-pong.*"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=580, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    measured = ("as scenarios", "by hand", "bare client", "--jobs 1:", "reading frames", "schema checks", "compiled")
    assert [one for one in measured if one not in ended.stdout] == []


@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_the_benchmark_of_pings_compares_a_run_with_and_without_them():
    command = [sys.executable, "-m", "tests.bench", "keepalive", "--rounds", "1", "--only", "ping-pong.one-pong*"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [line.split()[0] for line in ended.stdout.splitlines()[1:]] == ["harness", "server"]


@pytest.mark.nightly
@pytest.mark.timeout(120)
def test_the_benchmark_of_watching_says_what_it_adds():
    command = [sys.executable, "-m", "tests.bench.relaying", "--messages", "200"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [line.split()[0] for line in ended.stdout.splitlines()] == ["direct", "through", "added"]


@pytest.mark.nightly
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("arguments", "measured"),
    [
        (
            ["commits", "--rounds", "1", "--seconds", "0.2", "--callers", "64"],
            ["one ORM row per transaction", "with journal and Redis"],
        ),
        (["paging", "--sizes", "1000"], ["history, newest", "search, 2 letters"]),
        (["delivery", "--members", "2", "--rounds", "1", "--seconds", "0.2"], ["bare Starlette", "Redis", "idle"]),
    ],
)
def test_the_benchmarks_of_the_server_measure_every_engine(arguments: list[str], measured: list[str]):
    command = [sys.executable, "-m", "tests.bench", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert ended.returncode == 0, ended.stderr
    assert [one for one in measured if one not in ended.stdout] == []
