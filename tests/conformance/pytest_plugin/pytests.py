"""Runs pytest with the plugin, and reads what it makes of each test."""

from __future__ import annotations

import io
import os
import signal
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from conformance.cli.main import main
from conformance.results.runlog import read_run
from tests.conformance.run_contexts import SECRET

ROOT = Path(__file__).parents[3]
TARGET = """
name: toy
instances: ["{url}"]
auth: {{jwt: {{secret_env: JWT_SECRET}}}}
provision: {{driver: jwt, conversations: any id}}
reply: 0.5
"""


@dataclass(frozen=True)
class Ended:
    """How a pytest ended, and what it said of each test: `passed`, `failed`, `error`, `skipped` or `xfailed`.

    A test that passes and then fails in its teardown is `passed, error`.
    """

    code: int
    out: str
    tests: dict[str, str]
    times: dict[str, float]


def run_pytest(folder: Path, *arguments: str) -> Ended:
    """Run `pytest ARGUMENT …` with this plugin and xdist, and no other; here, but for what they start themselves."""
    report = folder / "junit-of-pytest.xml"
    words = ["-p", "conformance.pytest_plugin", "-p", "xdist", "-p", "no:cacheprovider", "-p", "no:faulthandler"]
    words += ["-c", os.devnull, "--rootdir", str(ROOT), "--strict-markers", f"--junitxml={report}"]
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        for name in [name for name in os.environ if name.startswith("PYTEST_")]:
            patch.delenv(name)
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patch.setenv("JWT_SECRET", SECRET)
        code = pytest.main([*words, *arguments])
    tests: dict[str, list[str]] = {}
    cases = list(ET.parse(report).iter("testcase")) if report.exists() else []
    for case in cases:
        tests.setdefault(case.get("name", ""), []).append(_outcome(case))
    report.unlink(missing_ok=True)
    times = {case.get("name", ""): float(case.get("time", 0)) for case in cases}
    return Ended(int(code), said.getvalue(), {name: ", ".join(words) for name, words in tests.items()}, times)


def _outcome(case: ET.Element) -> str:
    for word, tag in (("failed", "failure"), ("error", "error"), ("skipped", "skipped")):
        found = case.find(tag)
        if found is not None:
            return "xfailed" if found.get("type") == "pytest.xfail" else word
    return "passed"


def run_command(folder: Path, *arguments: str) -> tuple[int, dict[str, str]]:
    """Run `chat-parity run ARGUMENT …` here, and give its exit code and the outcome of each scenario."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        patch.setenv("JWT_SECRET", SECRET)
        with pytest.raises(SystemExit) as ended:
            main(["run", *arguments, "--out", str(folder)])
    for number, handler in before.items():
        signal.signal(number, handler)
    return int(ended.value.code or 0), outcomes(folder)


def outcomes(folder: Path) -> dict[str, str]:
    """Give the outcome of each scenario in a recorded run."""
    return {one.scenario: str(one.outcome) for one in read_run(folder / "run.jsonl").results}


def target_file(folder: Path, url: str) -> str:
    """Write a target without provisioning."""
    file = folder / "toy.yaml"
    file.write_text(TARGET.format(url=url))
    return str(file)
