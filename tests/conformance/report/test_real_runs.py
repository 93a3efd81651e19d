"""Runs of real servers, wrong ones too, recorded and read back: every view, and what programs read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from conformance.cli.recording import make_header, recording
from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.selection import Selection, select
from conformance.engine.run.state import RunState
from conformance.report import FORMATS, build
from conformance.results.runlog import read_run
from conformance.results.verdict import Status
from conformance.target.embedded import embedded
from tests.conformance.report import hostile, runs
from tests.conformance.report.pages import Page
from tests.conformance.report.valid import check
from tests.faults.serve import main as faulty
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.results.runlog import Run
    from conformance.spec import Spec

pytestmark = pytest.mark.end_to_end

SOME = Selection(patterns=("edit-message.non-*", "permissions.refused"), features=("edit_message", "permissions"))
MAX_FAILURES = 3


async def recorded(spec: Spec, fault: str, path: Path, **options: int) -> Run:
    """Run some scenarios against the reference server with a fault, and give the run as it is read back."""
    scenarios = select(spec, SOME)
    chosen = Options(jobs=6, probes=False, **options)  # type: ignore[arg-type]
    state = RunState()
    async with embedded(spec, forked(faulty, fault)) as (target, server):
        with recording(path, make_header(spec, target, scenarios, chosen), target, state, "fail", 0.0, spec) as sink:
            await run(spec, target, scenarios, (), chosen, sink, state, server.restart)
    return read_run(path)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(whole_spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run against a server where anybody edits."""
    return await recorded(whole_spec, "anybody_edits", tmp_path_factory.mktemp("seen") / "run.jsonl")


def test_a_faulty_server_fails_in_every_view(seen: Run) -> None:
    check(seen)
    report = build(seen)
    failing = {scenario.entry.id for scenario in report.scenarios if scenario.status is Status.FAIL}
    assert "edit-message.non-author-refused[member]" in failing
    assert (report.reason, report.exit_code) == ("", 1)
    for form in ("text", "markdown", "html", "junit", "sarif", "github", "summary"):
        assert "edit-message.non-author-refused[member]" in FORMATS[form](report, seen)


def test_the_permission_table_is_drawn_with_the_cells_that_fail(seen: Run) -> None:
    page = Page(FORMATS["html"](build(seen), seen))
    assert "owner moderator member reader banned outsider send-message – allowed NOT RUN" in page.text
    assert "edit-message-of-another ✕ refused FAIL ✕ refused FAIL ✕ refused FAIL ✓ refused PASS" in page.text


async def test_a_run_that_stopped_early_is_valid_too(whole_spec: Spec, tmp_path: Path) -> None:
    seen = await recorded(whole_spec, "anybody_edits", tmp_path / "run.jsonl", max_failures=MAX_FAILURES)
    assert not seen.complete
    check(seen)


@pytest.mark.parametrize("kind", runs.KINDS)
def test_every_kind_of_run_is_valid(kind: str) -> None:
    check(runs.KINDS[kind])


@pytest.mark.parametrize("text", hostile.NASTY, ids=ascii)
def test_whatever_a_server_sends_is_valid(text: str) -> None:
    check(runs.hostile(text))


def test_the_log_has_the_files_of_failing_scenarios_and_the_page_shows_them(seen: Run) -> None:
    assert seen.footer is not None
    failing = {problem.file for result in seen.results for problem in result.problems if result.outcome == "FAIL"}
    assert seen.footer.sources.keys() == failing
    assert all(f'"{file}":[1,' in FORMATS["html"](build(seen), seen) for file in failing)
