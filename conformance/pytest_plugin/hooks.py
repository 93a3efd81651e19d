"""The hooks between pytest and a run: collection, the run's beginning and end, and the summary."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.run.order import in_order
from conformance.errors import ChatParityError
from conformance.pytest_plugin.items import ScenarioFile, ScenarioItem
from conformance.pytest_plugin.log_follower import ENDED, LOG, Following
from conformance.pytest_plugin.runner_process import RunnerProcess, clear
from conformance.report import build
from conformance.report.text import plural
from conformance.results.runlog import read_run
from conformance.results.verdict import Verdict
from conformance.spec import load
from conformance.spec.folder import find_with_warning
from conformance.target import read_target

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from conformance.report import Report
    from conformance.spec import Spec

REFERENCE = "reference"
WORKER = "chat_parity_folder"
"""The key of the log's folder in the input of an xdist worker."""
MOST_WORDS = 20
"""The most ids that go to the run on its command line; more go in a file."""
SELECTED = "selected.txt"


@dataclass(slots=True, eq=False)
class Hooks:
    """The plugin's hooks. Under xdist the controller has the run, and the workers follow it."""

    config: pytest.Config
    spec: Spec
    folder: Path
    following: Following
    worker: bool
    runner: RunnerProcess | None = None
    report: Report | None = None
    problem: str = ""
    warning: str = ""
    temporary: bool = False

    @classmethod
    def open(cls, config: pytest.Config) -> Hooks:
        """Read the spec and check the options; raises pytest.UsageError."""
        try:
            given = config.getoption("chat_spec")
            folder, warning = (Path(given), "") if given else find_with_warning()
            spec = load(folder.absolute())
            _check_target(config.getoption("chat_target"), spec)
            shlex.split(config.getoption("chat_args"))
        except (ChatParityError, ValueError) as error:
            raise pytest.UsageError(str(error)) from None
        _check_paths(config, spec)
        _register_marks(config, spec)
        worker: dict[str, str] | None = getattr(config, "workerinput", None)
        out = config.getoption("chat_out")
        if worker is not None:
            folder = Path(worker[WORKER])
        else:
            folder = Path(out) if out else Path(tempfile.mkdtemp(prefix="chat-parity-"))
            try:
                clear(folder)
            except ChatParityError as error:
                raise pytest.UsageError(str(error)) from None
        return cls(config, spec, folder, Following(folder), worker is not None, temporary=not out, warning=warning)

    # Collecting

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
        """Collect the scenarios of a file of the spec."""
        if file_path.suffix != ".yaml" or not file_path.is_relative_to(self.spec.folder / "scenarios"):
            return None
        file: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
        file.spec, file.following = self.spec, self.following
        return file

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the scenarios in the order in which the run starts them, so that no test waits for the last one."""
        ours = {one.scenario.id: one for one in items if isinstance(one, ScenarioItem)}
        arranged = iter(in_order([one.scenario for one in ours.values()], "id"))
        if len(ours) == sum(isinstance(one, ScenarioItem) for one in items):  # a path twice: leave them alone
            items[:] = [ours[next(arranged).id] if isinstance(one, ScenarioItem) else one for one in items]

    # Running

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Start the run; a worker leaves that to the controller."""
        if not self.worker and not self.config.option.collectonly:
            self._begin([one.scenario.id for one in session.items if isinstance(one, ScenarioItem)])

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell an xdist worker where the log is."""
        node.workerinput[WORKER] = str(self.folder.absolute())

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Start the run with what the first worker has collected; all workers collect the same."""
        if self.runner is None:
            names = (node.partition("::")[2] for node in ids)
            self._begin([name for name in names if name in self.spec.scenarios])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Wait for the result outside the test, so that the wait does not count for time limits of tests."""
        if isinstance(item, ScenarioItem):
            item.wait()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Report the time that the scenario took, and the scenario as the place of a skip."""
        report = yield
        if isinstance(item, ScenarioItem) and item.result is not None:
            if call.when == "call":
                report.duration = item.result.seconds
            if report.skipped and isinstance(report.longrepr, tuple):
                report.longrepr = (str(item.path), item.scenario.line, report.longrepr[2])
        return report

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End the run, and fail the session if the command would fail."""
        if self.runner is None:
            return
        ended = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if session.shouldstop or session.shouldfail or not ended:
            self.runner.stop()
        self.runner.wait()
        try:
            self.report = build(read_run(self.folder / LOG))
        except ChatParityError as error:
            self.problem = f"{error} ({self.following.ending()})"
        else:
            self.problem = self.report.reason
        if session.exitstatus == pytest.ExitCode.OK and (self.report is None or self.report.exit_code):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the summary of the run."""
        if self.runner is None and not self.warning:
            return
        terminalreporter.section("chat-parity")
        if self.warning:
            terminalreporter.line(f"{self.warning}; --chat-spec names another one", yellow=True)
        if self.report is not None:
            target, counts = self.report.target, self.report.shown_counts
            words = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
            terminalreporter.line(f"{target.name}: {plural(len(self.report.shown), 'feature')}: {words or 'none'}")
            if self.report.selection:
                terminalreporter.line(f"Selected: {self.report.selection}")
        if self.problem:
            terminalreporter.line(f"NOT COMPLETE: {self.problem}", red=True)
        if not self.temporary:
            terminalreporter.line(f"Report: {self.folder / 'parity.md'}")

    def pytest_unconfigure(self) -> None:
        """Remove temporary files."""
        if self.runner is not None:
            self.runner.stop()
            (self.folder / ENDED).unlink(missing_ok=True)
        if self.temporary and not self.worker:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self, ids: list[str]) -> None:
        ids = list(dict.fromkeys(ids))
        if not ids:
            return
        place = self.config.getoption("chat_target")
        arguments = [] if place == REFERENCE else [place]
        if len(ids) < len(self.spec.scenarios) and len(ids) <= MOST_WORDS:
            arguments += ids
        elif len(ids) < len(self.spec.scenarios):
            listed = self.folder / SELECTED
            listed.write_text("".join(f"{name}\n" for name in ids), encoding="utf-8")
            arguments += ["--ids-from", str(listed)]
        arguments += ["--spec", str(self.spec.folder)]
        self.runner = RunnerProcess([*arguments, *shlex.split(self.config.getoption("chat_args"))], self.folder)


def _check_target(place: str, spec: Spec) -> None:
    """Check the target before any connection is opened; raises BadFile or UsageError."""
    if place != REFERENCE and "://" not in place:
        read_target(Path(place), spec)


def _check_paths(config: pytest.Config, spec: Spec) -> None:
    """Collect the whole protocol if no path is given; refuse paths that contain nothing of it."""
    scenarios = spec.folder / "scenarios"
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(scenarios)]
        return
    given = [(config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in config.args]
    scenarios = scenarios.resolve()
    if not any(scenarios.is_relative_to(path) or path.is_relative_to(scenarios) for path in given):
        raise pytest.UsageError(
            f"--chat-target is given, and no path holds scenarios: add {scenarios} to the paths, or give no path"
        )


def _register_marks(config: pytest.Config, spec: Spec) -> None:
    lines = [f"{one.id}: feature {one.number}, {one.title}" for one in spec.features.values()]
    lines += [f"{one.id}: {one.level} rule, {one.sentence}" for one in spec.rules.values()]
    lines += ["must: scenarios that prove a must rule", "should: scenarios that prove a should rule"]
    lines += ["slow: scenarios that wait for a timer of the server", "alone: scenarios beside which nothing else runs"]
    for line in lines:
        config.addinivalue_line("markers", line)
