"""pytest as an entry point of the suite: the verdicts of the command, on real servers, with and without workers."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.results.runlog import read_run
from conformance.spec import find
from reference_server.earlier.acknowledge_everything import acknowledging
from tests.conformance.pytest_plugin.pytests import ROOT, outcomes, run_command, run_pytest, target_file
from tests.conformance.run_contexts import SECRET
from tests.doubles.fan_out import ChatServer
from tests.doubles.hosting import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.pytest_plugin.pytests import Ended

pytestmark = pytest.mark.end_to_end

PLACE = "given: {users: [alice, bob, carol], conversations: {lobby: {members: [alice, bob]}}}"
TOLD = """
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "<b>hi</b>"}}
  - {expect: NewMessage, at: bob, with: {content: "<b>hi</b>"}}
"""
UNHEARD = TOLD + '  - {expect: NewMessage, at: carol, with: {content: "<b>hi</b>"}}\n'
PINGED = "[{send: Ping, by: alice}, {expect: Pong, at: alice}]"
ROLE = "given: {users: [alice], conversations: {lobby: {members: {alice: owner}}}}"

TOYS = {
    "told": ("send_message", "[SEND-1]", PLACE, TOLD),
    "retold": ("send_message", "[SEND-1]", PLACE, TOLD),
    "unheard": ("send_message", "[SEND-1]", PLACE, UNHEARD),
    "hoped": ("send_message", "[SEND-7s]", PLACE, UNHEARD),
    "pinged": ("ping_pong", "[PING-1]", PLACE, PINGED),
    "alone": ("ping_pong", "[PING-1]\nexclusive: true", PLACE, PINGED),
    "restarts": ("ping_pong", "[PING-1]\nneeds: {restart: true}", PLACE, PINGED),
    "owned": ("ping_pong", "[PING-1]", ROLE, PINGED),
    "blocked": ("ping_pong", f"[PING-1]\nsetup: {UNHEARD}", PLACE, PINGED),
}
EXPECTED = {
    "told": "passed",
    "retold": "passed",
    "unheard": "failed",
    "hoped": "xfailed",
    "pinged": "passed",
    "alone": "passed",
    "restarts": "skipped",
    "owned": "error",
    "blocked": "error",
}
PART = (
    "04-edit-message/non-author-refused",
    "20-ping-pong/one-pong-per-ping",
    "20-ping-pong/pings-are-free",
    "25-action-confirmed/survives-crash",
)
WORD = {
    "PASS": "passed",
    "FAIL": "failed",
    "NOT APPLICABLE": "skipped",
    "BLOCKED": "error",
    "UNTESTABLE": "error",
}
HERE, THERE = pytest.param([], id="in one process"), pytest.param(["-n", "2"], id="with two workers")
WORKERS = pytest.mark.parametrize(
    "workers", [HERE, pytest.param(*THERE.values, id=THERE.id, marks=pytest.mark.nightly)]
)


def empty_spec(spec_folder: Path, folder: Path) -> Path:
    """Make a spec folder without scenarios that is nobody else's."""
    for part in spec_folder.iterdir():
        if part.is_symlink():
            (folder / part.name).symlink_to(part.resolve())
    (folder / "probes").mkdir()
    (folder / "scenarios").mkdir()
    return folder


@pytest.fixture(scope="module")
def part(spec_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The spec with a few of its real scenarios."""
    folder = empty_spec(spec_folder, tmp_path_factory.mktemp("part"))
    for name in PART:
        shutil.copy(find() / "scenarios" / f"{name}.yaml", folder / "scenarios")
    return folder


@pytest.fixture(scope="module")
def toys(spec_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec folder with a toy for each thing that can become of a scenario."""
    folder = empty_spec(spec_folder, tmp_path_factory.mktemp("toys"))
    for name, (feature, rules, given, steps) in TOYS.items():
        text = f"id: toy.{name}\ntitle: A toy for the plugin\nfeature: {feature}\nrules: {rules}\n"
        text += f"{given}\nsteps: {steps}\n"
        (folder / "scenarios" / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with hosted(ChatServer().serving()) as server:
        yield server


def of_toys(ended: Ended) -> dict[str, str]:
    return {name.removeprefix("toy."): said for name, said in ended.tests.items()}


class TestOutcomes:
    @WORKERS
    def test_each_outcome_of_a_scenario_is_one_of_a_test(
        self, toys: Path, server: ChatServer, tmp_path: Path, workers: list[str]
    ) -> None:
        target, out = target_file(tmp_path, server.url), tmp_path / "out"
        ended = run_pytest(
            tmp_path, "--chat-target", target, "--chat-spec", str(toys), "--chat-out", str(out), *workers
        )
        assert of_toys(ended) == EXPECTED
        assert ended.code == 1
        code, command = run_command(tmp_path / "command", target, "--spec", str(toys))
        assert code == 1
        assert outcomes(out) == command
        amber = {"toy.hoped": "xfailed"}
        assert ended.tests == {name: amber.get(name, WORD[outcome]) for name, outcome in command.items()}
        recorded = read_run(out / "run.jsonl")
        assert recorded.complete
        assert recorded.header.selected == tuple(sorted(ended.tests))
        assert json.loads((out / "parity.json").read_text())["complete"] is True
        assert not (out / "run.ended").exists()

    def test_a_failure_reads_as_on_the_terminal(self, toys: Path, server: ChatServer, tmp_path: Path) -> None:
        target = target_file(tmp_path, server.url)
        ended = run_pytest(tmp_path, "--chat-target", target, "--chat-spec", str(toys), "-k", "unheard or owned")
        assert "must · SEND-1" in ended.out
        assert "spec/scenarios/unheard.yaml:9   expect NewMessage at carol" in ended.out
        assert re.search(r"ms  alice +→ SendMessage +\{", ended.out)
        assert f"  Again:  chat-parity run {target} toy.unheard" in ended.out
        assert "the target's driver `jwt` cannot make anybody owner" in ended.out
        assert "Traceback" not in ended.out
        assert "conformance/pytest_plugin" not in ended.out

    @WORKERS
    def test_a_finding_is_red_once_beside_the_outcome_of_its_scenario(
        self, toys: Path, tmp_path: Path, workers: list[str]
    ) -> None:
        with hosted(ChatServer("in order", "malformed frame").serving()) as server:
            target = target_file(tmp_path, server.url)
            ended = run_pytest(tmp_path, "--chat-target", target, "--chat-spec", str(toys), "-k", "told", *workers)
        assert sorted(ended.tests.values()) == ["error", "passed"]
        assert "2 passed" in ended.out  # each scenario keeps its own outcome
        assert ended.out.count("ERROR at teardown of toy.") == 1
        assert "got a wrong NewMessage" in ended.out
        assert ended.code == 1

    def test_what_is_waived_is_xfailed_with_the_reason(self, toys: Path, server: ChatServer, tmp_path: Path) -> None:
        waivers = tmp_path / "waivers.yaml"
        waivers.write_text(
            "waivers:\n- {scenario: toy.unheard, reason: nobody has told carol, issue: CHAT-7, owner: bob, "
            "expires: 2999-12-31}\n"
        )
        target = target_file(tmp_path, server.url)
        arguments = ["--chat-spec", str(toys), f"--chat-args=--waivers {waivers}", "-rx", "-k", "unheard"]
        ended = run_pytest(tmp_path, "--chat-target", target, *arguments)
        assert (of_toys(ended), ended.code) == ({"unheard": "xfailed"}, 0)
        assert "nobody has told carol (CHAT-7)" in ended.out

    def test_xfail_cannot_be_switched_off_into_green(self, toys: Path, server: ChatServer, tmp_path: Path) -> None:
        target = target_file(tmp_path, server.url)
        ended = run_pytest(tmp_path, "--chat-target", target, "--chat-spec", str(toys), "-k", "hoped", "--runxfail")
        assert of_toys(ended) == {"hoped": "failed"}

    def test_the_time_of_a_test_is_that_of_its_scenario(self, toys: Path, server: ChatServer, tmp_path: Path) -> None:
        target, out = target_file(tmp_path, server.url), tmp_path / "out"
        arguments = ["--chat-target", target, "--chat-spec", str(toys), "--chat-out", str(out), "-k", "pinged"]
        ended = run_pytest(tmp_path, *arguments)
        (result,) = read_run(out / "run.jsonl").results
        assert ended.times["toy.pinged"] >= round(result.seconds, 3) - 0.001


class TestRealServers:
    """Run by pytest and by the command: the same words of the same scenarios."""

    @pytest.mark.parametrize("workers", [pytest.param([], marks=pytest.mark.nightly, id="in one process"), THERE])
    def test_the_reference_server_is_started_and_restarted(
        self, part: Path, tmp_path: Path, workers: list[str]
    ) -> None:
        arguments = ["--chat-spec", str(part), "--chat-out", str(tmp_path / "out")]
        ended = run_pytest(tmp_path, "--chat-target", "reference", *arguments, *workers)
        assert (ended.code, set(ended.tests.values())) == (0, {"passed"})
        assert {"action-confirmed.survives-crash", "ping-pong.pings-are-free"} < ended.tests.keys()
        assert outcomes(tmp_path / "out") == dict.fromkeys(ended.tests, "PASS")
        assert ": 3 features: " in ended.out

    @pytest.mark.nightly
    def test_a_server_with_a_fault(self, part: Path, fault: str, tmp_path: Path) -> None:
        ended = run_pytest(tmp_path, "--chat-target", fault, "--chat-spec", str(part), "-m", "EDIT-2", "-n", "2")
        code, command = run_command(tmp_path, fault, "--spec", str(part), "--rule", "EDIT-2")
        assert (ended.code, code) == (1, 1)
        assert ended.tests == {name: WORD[outcome] for name, outcome in command.items()}
        assert {name for name, said in ended.tests.items() if said == "failed"} == {
            f"edit-message.non-author-refused[{role}]" for role in ("member", "moderator", "owner")
        }

    def test_an_old_server(self, part: Path, tmp_path: Path) -> None:
        with hosted(acknowledging()) as url:
            target = target_file(tmp_path, url)
            arguments = ["--chat-spec", str(part), "-m", "must", "--chat-out", str(tmp_path)]
            ended = run_pytest(tmp_path, "--chat-target", target, *arguments)
            by_pytest = outcomes(tmp_path)
            _, command = run_command(tmp_path, target, "--spec", str(part), "--level", "must")
        assert ended.code == 1
        assert by_pytest == command
        assert ended.tests == {name: WORD[outcome] for name, outcome in command.items()}
        assert {"passed", "error"} <= set(ended.tests.values())


@pytest.fixture(scope="module")
def fault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the reference server in which anybody may edit what others wrote."""
    command = [sys.executable, "-m", "tests.faults.serve", "anybody_edits", "--", "--port", "0", "--exit-on-stdin-eof"]
    command += ["--database", f"sqlite:///{tmp_path_factory.mktemp('fault') / 'chat.db'}"]
    env = {**os.environ, "JWT_SECRET": SECRET}
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, stderr=null) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())["instances"][0]
        server.stdin.close()


class TestSelecting:
    """Every feature, rule and level is a marker; files of the spec are files of tests."""

    def collected(self, tmp_path: Path, *arguments: str) -> set[str]:
        ended = run_pytest(tmp_path, "--chat-target", "reference", "--collect-only", "-q", *arguments)
        return {line.rpartition("::")[2] for line in ended.out.splitlines() if "::" in line}

    def test_by_marker(self, tmp_path: Path, toys: Path) -> None:
        chosen = self.collected(tmp_path, "--chat-spec", str(toys), "-m", "SEND-1 and not alone or should")
        assert chosen == {"toy.told", "toy.retold", "toy.unheard", "toy.hoped"}

    def test_by_file_and_by_node(self, tmp_path: Path, toys: Path) -> None:
        folder = toys / "scenarios"
        chosen = self.collected(
            tmp_path, "--chat-spec", str(toys), str(folder / "told.yaml"), f"{folder / 'pinged.yaml'}::toy.pinged"
        )
        assert chosen == {"toy.told", "toy.pinged"}

    def test_without_paths_it_is_the_whole_protocol(self, tmp_path: Path, toys: Path) -> None:
        assert self.collected(tmp_path, "--chat-spec", str(toys)) == {f"toy.{name}" for name in TOYS}

    def test_of_the_working_directory_says_so_if_it_is_not_the_installed_one(
        self, tmp_path: Path, toys: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "spec").symlink_to(toys)
        monkeypatch.chdir(tmp_path)
        ended = run_pytest(tmp_path, "--chat-target", "reference", "--collect-only", "-q")
        assert "reads ./spec, which differs from the installed " in ended.out

    def test_ones_own_tests_beside_the_scenarios(self, tmp_path: Path, toys: Path, server: ChatServer) -> None:
        (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
        target = target_file(tmp_path, server.url)
        paths = [str(tmp_path), str(toys / "scenarios" / "told.yaml")]
        ended = run_pytest(tmp_path, "--chat-target", target, "--chat-spec", str(toys), *paths)
        assert ended.tests == {"test_own": "passed", "toy.told": "passed"}


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--chat-spec", "PART", "--chat-target", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
            (["--chat-spec", "PART", "--chat-target", "reference", "tests/doubles"], "no path holds scenarios"),
            (["--chat-target", "reference", "--chat-spec", "nowhere"], "nowhere"),
            (["--chat-spec", "PART", "--chat-target", "reference", "--chat-args", "'"], "No closing quotation"),
        ],
    )
    def test_in_the_usage(self, tmp_path: Path, part: Path, arguments: list[str], said: str) -> None:
        ended = run_pytest(tmp_path, *(str(part) if one == "PART" else one for one in arguments))
        assert ended.code == pytest.ExitCode.USAGE_ERROR
        assert said in ended.out
        assert "Traceback" not in ended.out

    def test_a_server_that_is_not_there(self, tmp_path: Path, toys: Path) -> None:
        target = target_file(tmp_path, "ws://127.0.0.1:1/ws")
        ended = run_pytest(tmp_path, "--chat-target", target, "--chat-spec", str(toys))
        assert ended.code == 1
        assert set(ended.tests.values()) == {"error"}
        assert "does not let us in" in ended.out

    def test_an_option_of_the_command_that_it_does_not_have(self, tmp_path: Path, toys: Path) -> None:
        ended = run_pytest(
            tmp_path, "--chat-target", "ws://127.0.0.1:1/ws", "--chat-spec", str(toys), "--chat-args=--no"
        )
        assert ended.code == 1
        assert "No such option" in ended.out

    def test_what_the_arguments_leave_out_is_not_green(self, tmp_path: Path, toys: Path, server: ChatServer) -> None:
        target = target_file(tmp_path, server.url)
        arguments = ["--chat-spec", str(toys), "--chat-args=--rule PING-1", "-k", "told or pinged"]
        ended = run_pytest(tmp_path, "--chat-target", target, *arguments)
        assert of_toys(ended) == {"told": "error", "retold": "error", "pinged": "passed"}

    def test_nothing_is_green_where_the_command_is_not(self, tmp_path: Path, toys: Path, server: ChatServer) -> None:
        """The run stops early, and the one item that was asked for has passed."""
        target = target_file(tmp_path, server.url)
        arguments = ["--chat-spec", str(toys), "--chat-args=--repeat 2 --max-failures 1 --jobs 1 --order reverse"]
        ended = run_pytest(tmp_path, "--chat-target", target, *arguments, "-k", "unheard or told")
        assert ended.code == 1
        assert "NOT COMPLETE: stopped after 1 failures" in ended.out


class TestEnding:
    def test_ctrl_c_leaves_a_report_and_no_process(self, spec_folder: Path, tmp_path: Path) -> None:
        out, spec = tmp_path / "out", tmp_path / "spec"
        spec.mkdir()
        empty_spec(spec_folder, spec)
        waits = "id: toy.waits\ntitle: A toy that waits\nfeature: ping_pong\nrules: [PING-1]\n"
        cases = ", ".join(f"case-{number}: {{}}" for number in range(20))  # more than a busy machine ends too early
        waits += f"{PLACE}\ncases: {{{cases}}}\nsteps: [{{pause: timers.rate_window}}]\n"
        (spec / "scenarios" / "waits.yaml").write_text(waits)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "conformance.pytest_plugin",
            "-c",
            os.devnull,
            "--chat-args=--jobs 1",
        ]
        command += ["--chat-target", "reference", "--chat-out", str(out), "--chat-spec", str(spec)]
        env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, start_new_session=True)
        log = out / "run.jsonl"
        while not (log.exists() and '"kind":"result"' in log.read_text()):
            assert process.poll() is None
            time.sleep(0.05)
        (runner,) = children_of(process.pid)
        (embedded,) = children_of(runner)
        process.send_signal(signal.SIGINT)
        assert process.wait(100) == pytest.ExitCode.INTERRUPTED
        assert not Path(f"/proc/{runner}").exists()
        assert not Path(f"/proc/{embedded}").exists()
        footer = read_run(log).footer
        assert footer is not None
        assert footer.reason == "interrupted"

    def test_the_first_failure_may_end_it(self, tmp_path: Path, toys: Path, server: ChatServer) -> None:
        target = target_file(tmp_path, server.url)
        ended = run_pytest(tmp_path, "--chat-target", target, "--chat-spec", str(toys), "-x", "-k", "alone or unheard")
        assert of_toys(ended) == {"unheard": "failed"}


def children_of(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(one) for thread in threads for one in (thread / "children").read_text().split()]


class TestInstalled:
    """It is loaded by every pytest of an environment, and minds its own business."""

    @pytest.fixture
    def site(self, tmp_path: Path, toys: Path) -> Path:
        """A folder as pip leaves it: the packages, the spec inside, and the entry points of pyproject.toml."""
        site = tmp_path / "site"
        half_written = shutil.ignore_patterns("*.pyc.*")  # Other workers compile, too.
        shutil.copytree(ROOT / "conformance", site / "conformance", ignore=half_written)
        shutil.copytree(toys, site / "conformance" / "_spec")
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        points = project["entry-points"]["pytest11"]
        info = site / "chat_parity-0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chat-parity\nVersion: 0\n")
        lines = "".join(f"{name} = {module}\n" for name, module in points.items())
        (info / "entry_points.txt").write_text(f"[pytest11]\n{lines}")
        return site

    def run(self, site: Path, *arguments: str) -> str:
        own = site.parent / "elsewhere"
        own.mkdir(exist_ok=True)
        (own / "test_own.py").write_text(
            "import sys\n"
            "def test_own():\n"
            "    loaded = sorted(name for name in sys.modules if name.startswith('conformance'))\n"
            "    assert loaded == ['conformance', 'conformance.pytest_plugin'], loaded\n"
        )
        env = {"PYTHONPATH": str(site), "PATH": os.environ["PATH"], "JWT_SECRET": SECRET}
        command = [sys.executable, "-m", "pytest", *arguments, "-p", "no:cacheprovider"]
        return subprocess.run(command, cwd=own, env=env, capture_output=True, text=True, check=False).stdout

    def test_without_a_target_it_imports_nothing_and_adds_nothing(self, site: Path) -> None:
        assert "1 passed" in self.run(site, "--strict-markers")
        assert "EDIT-2" not in self.run(site, "--markers")

    def test_with_a_target_it_finds_the_spec_that_was_installed_with_it(self, site: Path, server: ChatServer) -> None:
        target = target_file(site.parent, server.url)
        said = self.run(site, "--chat-target", target, "-k", "pinged or told")
        assert "3 passed, 6 deselected" in said
