"""`chat-parity run` in front of good, bad and hostile servers: exit codes, messages, and what is left on the disk."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.cli.main import main
from conformance.files.folder_lock import exclusive
from conformance.report import FILES, FORMATS, build
from conformance.report.links import project_source
from conformance.results.model import Outcome, Result
from conformance.results.runlog import read_run
from conformance.results.status import Status
from conformance.spec import load
from tests.conformance.report.valid import check
from tests.conformance.run_contexts import SECRET
from tests.doubles.fan_out import ChatServer
from tests.doubles.hosting import hosted
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from websockets.asyncio.server import ServerConnection

    from conformance.results.runlog import Run
    from conformance.spec import Spec

CALIBRATION = 23
"""How many requests it sends to the toy server."""
TARGET = """
name: toy
instances: ["{url}"]
auth: {{jwt: {{secret_env: TOY_SECRET}}}}
provision: {{driver: jwt, conversations: any id}}
reply: 0.5
"""
TOY = """
id: toy.{name}
title: A toy for the tests of the command
feature: {feature}
rules: [{rule}]
given: {{users: [alice, bob], conversations: {{lobby: {{members: [alice, bob]}}}}}}
steps: {steps}
"""
TELL = """
  - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: hi}}
  - {expect: NewMessage, at: bob, with: {content: hi}}
"""
TOYS = {
    "told": ("send_message", "SEND-1", TELL),
    "pinged": ("ping_pong", "PING-1", "[{send: Ping, by: alice}, {expect: Pong, at: alice}]"),
    "waits": ("rate_limiting", "RATE-4", "[{pause: timers.rate_window}]"),
}


@pytest.fixture(scope="session")
def toy_spec_folder(spec_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec folder with three scenarios: one tells, one pings, one waits for a minute."""
    folder = tmp_path_factory.mktemp("toys")
    for part in spec_folder.iterdir():
        if part.is_symlink() and part.name != "protocol.yaml":
            (folder / part.name).symlink_to(part.resolve())
    protocol = (spec_folder / "protocol.yaml").read_text()
    # Calibration would wait for each event that a toy server lacks.
    (folder / "protocol.yaml").write_text(re.sub(r"^trials:\n(?:[ #].*\n)+", "trials: []\n", protocol, flags=re.M))
    (folder / "probes").mkdir()
    (folder / "scenarios").mkdir()
    for name, (feature, rule, steps) in TOYS.items():
        text = TOY.format(name=name, feature=feature, rule=rule, steps=steps)
        (folder / "scenarios" / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture(scope="session")
def toy_spec(toy_spec_folder: Path) -> Spec:
    return load(toy_spec_folder)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Command:
    """Runs `chat-parity run` here, with the toys for a spec, and gives how it ended."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(["run", "--out", str(self.folder / "out"), *words])
        captured = self.capsys.readouterr()
        if (self.folder / "out" / "run.jsonl").exists():
            check(self.log)
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    def against(self, url: str, *words: str) -> Ended:
        return self(target_file(self.folder, url), *(words or ("toy.told", "toy.pinged")))

    @property
    def log(self) -> Run:
        return read_run(self.folder / "out" / "run.jsonl")

    @property
    def parity(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "out" / "parity.json").read_text())
        return found


def target_file(folder: Path, url: str) -> str:
    file = folder / "toy.yaml"
    file.write_text(TARGET.format(url=url))
    return str(file)


@pytest.fixture
def command(
    toy_spec: Spec, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Command]:
    monkeypatch.setattr(importlib.import_module("conformance.cli.run"), "load", lambda _: toy_spec)
    monkeypatch.setenv("TOY_SECRET", SECRET)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield Command(tmp_path, capsys)
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def raw_server(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A TCP server that does with every connection what `behave` does, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    try:
                        behave(peer)
                    except OSError:
                        continue

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/ws"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


class TestJudges:
    def test_a_good_server_with_0(self, command: Command) -> None:
        with hosted(ChatServer().serving()) as server:
            ended = command.against(server.url)
        assert (ended.code, ended.err) == (0, "")
        assert command.log.complete
        assert {one["id"]: one["outcome"] for one in command.parity["scenarios"] if one["outcome"] != "NOT RUN"} == {
            "toy.told": "PASS",
            "toy.pinged": "PASS",
        }

    def test_a_wrong_server_with_1_and_says_why(self, command: Command) -> None:
        with hosted(ChatServer("in order", "drop").serving()) as server:
            ended = command.against(server.url)
        assert ended.code == 1
        assert "no NewMessage at bob" in ended.out
        assert "SEND-1" in ended.out

    @pytest.mark.parametrize("fault", ["garbage", "binary", "huge frame", "close", "drop connection"])
    def test_a_hostile_server_with_1(self, command: Command, fault: str) -> None:
        with hosted(ChatServer("in order", fault).serving()) as server:
            ended = command.against(server.url)
        assert ended.code == 1
        assert command.log.complete

    def test_a_server_that_says_nothing_with_3(self, command: Command) -> None:
        """Nothing could be set up, so nothing of it was judged."""
        with hosted(ChatServer("in order", "silence").serving()) as server:
            ended = command.against(server.url)
        assert ended.code in (1, 3)
        assert command.log.calibration is not None
        assert not command.log.calibration.answers_barrier

    @pytest.mark.parametrize("requests", [1, 4, 9, 14, 19, CALIBRATION])
    def test_a_server_that_dies_during_calibration_with_3(self, command: Command, requests: int) -> None:
        server = ChatServer()
        with hosted(server.serving()):
            server.dies_after = requests
            ended = command.against(server.url, "toy.told", "--jobs", "1")
        assert ended.code == 3
        assert "cannot be calibrated" in ended.err

    def test_a_server_that_dies_in_mid_run_with_what_was_judged_before(self, command: Command) -> None:
        server = ChatServer()
        with hosted(server.serving()):
            server.dies_after = CALIBRATION + 1  # and it asks for a made-up conversation
            ended = command.against(server.url, "toy.told", "toy.pinged", "--jobs", "1")
        assert ended.code == 3
        assert {one.scenario: one.outcome for one in command.log.results} == {
            "toy.told": Outcome.BLOCKED,
            "toy.pinged": Outcome.PASS,
        }
        assert command.log.footer is not None
        assert "lost while toy.told ran" in command.log.footer.reason


class TestCannotJudge:
    """Exit code 3, one message with the address, and a log that says that it is incomplete."""

    def check(self, command: Command, url: str, said: str) -> None:
        ended = command.against(url)
        assert ended.code == 3
        assert url in ended.err
        assert said in ended.err
        assert ended.err.count("\n") == 1
        assert command.log.footer is not None
        assert not command.log.complete
        assert said in command.log.footer.reason
        assert "NOT COMPLETE" in (command.folder / "out" / "parity.md").read_text()

    def test_where_nobody_listens(self, command: Command) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.check(command, f"ws://127.0.0.1:{port}/ws", "does not let us in")

    def test_a_name_that_does_not_exist(self, command: Command) -> None:
        self.check(command, "ws://nowhere.invalid/ws", "does not let us in")

    @pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.OK])
    def test_a_server_that_answers_with_plain_http(self, command: Command, status: HTTPStatus) -> None:
        async def talk(_: ServerConnection) -> None: ...

        refuse = listening(talk, process_request=lambda socket, _: socket.respond(status, "no\n"))
        with hosted(refuse) as url:
            self.check(command, url, f"HTTP {status}")

    @pytest.mark.parametrize("code", [1008, 4401, 1000])
    def test_a_server_that_closes_at_once(self, command: Command, code: int) -> None:
        async def talk(socket: ServerConnection) -> None:
            await socket.close(code)

        with hosted(listening(talk)) as url:
            self.check(command, url, f"closed with {code}")

    def test_a_server_that_never_stops(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("conformance.wire.frame_budget.MAX_LOG", 1_500_000)

        async def flood(socket: ServerConnection) -> None:
            while True:
                await socket.send('{"type": "Pong"}' + " " * 1_000_000)

        with hosted(listening(flood)) as url:
            self.check(command, url, "the server sent more than 1,500,000 bytes")

    def test_a_server_that_begins_with_ten_megabytes(self, command: Command) -> None:
        async def talk(socket: ServerConnection) -> None:
            await socket.send("x" * 10_000_000)
            await socket.wait_closed()

        with hosted(listening(talk)) as url:
            self.check(command, url, "a frame of more than")

    def test_a_server_that_is_no_http_server(self, command: Command) -> None:
        with raw_server(lambda peer: peer.sendall(b"220 mail.example ESMTP\r\n")) as url:
            self.check(command, url, "does not let us in")

    def test_a_server_that_hangs_up_on_the_upgrade(self, command: Command) -> None:
        with raw_server(lambda peer: peer.recv(100) and None) as url:
            self.check(command, url, "does not let us in")

    @pytest.mark.parametrize("drip", [b"", b"H"], ids=["says nothing", "says it slowly"])
    def test_an_upgrade_that_does_not_end(self, command: Command, monkeypatch: pytest.MonkeyPatch, drip: bytes) -> None:
        monkeypatch.setattr("conformance.engine.context.joining.UPGRADE", 0.5)
        ended = threading.Event()

        def trickle(peer: socket.socket) -> None:
            while not ended.wait(0.05):
                peer.sendall(drip)

        with raw_server(trickle) as url:
            self.check(command, url, "no answer to the upgrade within 0.5 s")
            ended.set()

    def test_an_old_report_does_not_outlive_the_run(self, command: Command) -> None:
        with hosted(ChatServer().serving()) as server:
            assert command.against(server.url).code == 0
        assert command.against(server.url).code == 3
        assert "OK" not in {feature["verdict"] for feature in command.parity["features"]}


class TestMistakes:
    """Exit code 2, before anything is opened."""

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["toy.nobody"], "no scenario is called 'toy.nobody'"),
            (["x" * 300], "no scenario is called 'xxx"),
            (["--feature", "flying"], "there is no feature 'flying'"),
            (["--rule", "FLY-1"], "there is no rule 'FLY-1'"),
            (["--rule", "send-1"], "there is no rule 'send-1'; did you mean 'SEND-1'?"),
            (["--feature", "PingPong"], "there is no feature 'PingPong'; did you mean 'ping_pong'?"),
            (["toy.tolled"], "no scenario is called 'toy.tolled'; did you mean 'toy.told'?"),
            (["--level", "may"], "may"),
            (["--jobs", "0"], "0"),
            (["--order", "by-mood"], "--order takes id, reverse or random:SEED"),
            (["--order", "random:"], "--order takes id, reverse or random:SEED"),
            (["--feature", "ping_pong", "--rule", "SEND-1"], "select no scenario"),
        ],
    )
    def test_on_the_command_line(self, command: Command, words: list[str], said: str) -> None:
        ended = command(*words)
        assert ended.code == 2
        assert said in ended.err
        assert not (command.folder / "out").exists()

    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [
            (TARGET.format(url="ws://x/ws") + "colour: red\n", 7, "colour"),
            (TARGET.format(url="ws://x/ws") + "limits: {lightness: 3}\n", 7, "lightness"),
            (TARGET.format(url="ws://x/ws") + "ambient: [Applause]\n", 7, "Applause"),
            (TARGET.format(url="http://x/ws"), 3, ""),
            ("name: [\n", 2, "not YAML"),
        ],
    )
    def test_in_the_target_file(self, command: Command, text: str, line: int, said: str) -> None:
        file = command.folder / "wrong.yaml"
        file.write_text(text)
        ended = command(str(file))
        assert ended.code == 2
        assert f"wrong.yaml:{line}: " in ended.err
        assert said in ended.err

    def test_a_target_file_that_is_not_there(self, command: Command) -> None:
        ended = command("nowhere.yaml")
        assert (ended.code, ended.err) == (2, "chat-parity: nowhere.yaml: there is no such file\n")

    def test_a_target_file_that_is_a_folder(self, command: Command) -> None:
        (command.folder / "folder.yaml").mkdir()
        ended = command(str(command.folder / "folder.yaml"))
        assert ended.code == 2
        assert "folder.yaml: the file cannot be read" in ended.err

    def test_a_secret_that_is_not_set(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("TOY_SECRET")
        ended = command.against("ws://127.0.0.1:1/ws")
        assert ended.code == 2
        assert "set the environment variable TOY_SECRET" in ended.err

    def test_an_address_of_another_kind(self, command: Command) -> None:
        ended = command("http://127.0.0.1/ws")
        assert ended.code == 2
        assert "begins with ws:// or wss://" in ended.err


IGNORING = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
"""What a shell does for a command in its background."""
HEEDING = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); "
"""Even if the tests were started by `nohup`."""


def start(folder: Path, spec_folder: Path, *words: str, before: str = "") -> subprocess.Popen[bytes]:
    """Start the command as a process of its own, as a terminal would: first of its own group."""
    code = f"{before}from conformance.cli import main; main()"
    command = [sys.executable, "-c", code, "run", *words, "--spec", str(spec_folder), "--out", str(folder / "out")]
    (folder / "tmp").mkdir()
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "TOY_SECRET": SECRET, "PYTHONPATH": root, "TMPDIR": str(folder / "tmp")}
    with (folder / "out.txt").open("wb") as out:
        return subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)


def wait_for_result(folder: Path, process: subprocess.Popen[bytes], scenario: str) -> None:
    """Wait until the run has judged a scenario."""
    log = folder / "out" / "run.jsonl"
    while not (log.exists() and f'"kind":"result","scenario":"{scenario}"' in log.read_text()):
        assert process.poll() is None, (folder / "out.txt").read_text()
        time.sleep(0.02)


def children_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for_end(pid: int) -> None:
    """Wait until a process that is not ours to wait for is gone."""
    while Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        time.sleep(0.02)


@pytest.mark.timeout(60)
class TestInterrupted:
    @pytest.mark.parametrize(
        ("number", "before"), [(signal.SIGINT, ""), (signal.SIGHUP, HEEDING), (signal.SIGTERM, IGNORING)]
    )
    def test_leaves_a_report_that_says_so(
        self, toy_spec_folder: Path, tmp_path: Path, number: signal.Signals, before: str
    ) -> None:
        with hosted(ChatServer().serving()) as server:
            process = start(tmp_path, toy_spec_folder, target_file(tmp_path, server.url), before=before)
            wait_for_result(tmp_path, process, "toy.told")
            process.send_signal(number)
            assert process.wait(100) == 3
        recorded = read_run(tmp_path / "out" / "run.jsonl")
        assert recorded.footer is not None
        assert (recorded.footer.complete, recorded.footer.reason) == (False, "interrupted")
        assert {one.scenario for one in recorded.results} >= {"toy.told"}
        parity = json.loads((tmp_path / "out" / "parity.json").read_text())
        assert (parity["complete"], parity["reason"]) == (False, "interrupted")
        assert "interrupted" in (tmp_path / "out" / "parity.md").read_text()

    @pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGHUP, marks=pytest.mark.nightly)])
    def test_leaves_no_server_and_no_folder_behind(
        self, toy_spec_folder: Path, tmp_path: Path, number: signal.Signals
    ) -> None:
        process = start(tmp_path, toy_spec_folder, before=HEEDING)
        wait_for_result(tmp_path, process, "toy.told")
        (server,) = children_of(process.pid)
        assert list((tmp_path / "tmp").iterdir()) != []
        process.send_signal(number)
        assert process.wait(100) == 3
        assert not Path(f"/proc/{server}").exists()
        assert list((tmp_path / "tmp").iterdir()) == []

    def test_by_sigkill_the_server_ends_by_itself(self, toy_spec_folder: Path, tmp_path: Path) -> None:
        process = start(tmp_path, toy_spec_folder)
        wait_for_result(tmp_path, process, "toy.told")
        (server,) = children_of(process.pid)
        process.kill()
        process.wait()
        wait_for_end(server)
        recorded = read_run(tmp_path / "out" / "run.jsonl")
        assert recorded.footer is None
        assert {one.scenario for one in recorded.results} >= {"toy.told"}


FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size})); "
"""No file of the process may become larger: the system refuses it as a full disk would."""


@pytest.mark.timeout(60)
class TestCannotWrite:
    """Exit code 4 and one line with the true cause; never 1, which says that a must rule fails."""

    def ends(self, folder: Path, spec_folder: Path, url: str, before: str = "") -> str:
        process = start(folder, spec_folder, target_file(folder, url), "toy.told", before=before)
        assert process.wait(100) == 4
        return (folder / "out.txt").read_text()

    def test_the_log(self, toy_spec_folder: Path, tmp_path: Path) -> None:
        with hosted(ChatServer().serving()) as server:
            said = self.ends(tmp_path, toy_spec_folder, server.url, FULL.format(size=2000))
        assert said.endswith(f"chat-parity: {tmp_path}/out/run.jsonl: File too large\n")
        assert "Traceback" not in said

    def test_a_page(self, toy_spec_folder: Path, tmp_path: Path) -> None:
        with hosted(ChatServer().serving()) as server:
            size = self.size_of_a_log(tmp_path / "before", toy_spec_folder, server.url)
            said = self.ends(tmp_path, toy_spec_folder, server.url, FULL.format(size=size + 4000))
        assert f"chat-parity: {tmp_path}/out/parity" in said
        assert said.endswith(": File too large\n")

    def size_of_a_log(self, folder: Path, spec_folder: Path, url: str) -> int:
        folder.mkdir()
        assert start(folder, spec_folder, target_file(folder, url), "toy.told").wait(100) == 0
        return (folder / "out" / "run.jsonl").stat().st_size

    def test_the_folder(self, command: Command) -> None:
        out = "x" * 300
        with hosted(ChatServer().serving()) as server:
            file = target_file(command.folder, server.url)
            ended = command(file, "toy.told", "--out", str(command.folder / out))
        assert ended.code == 4
        assert ended.err == f"chat-parity: {command.folder / out}: File name too long\n"

    def test_but_an_error_of_ours_never_shows_a_secret(self, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError(f"with {SECRET}")

        monkeypatch.setattr(importlib.import_module("conformance.cli.run"), "settled", fail)
        ended = command.against("ws://127.0.0.1:1/ws", "toy.told", "--debug")
        assert ended.code == 4
        assert "ZeroDivisionError: with " in ended.err
        assert SECRET not in ended.err


class TestAgain:
    def test_runs_only_what_failed_last_time(self, command: Command) -> None:
        with hosted(ChatServer("in order", "drop").serving()) as server:
            assert command.against(server.url).code == 1
        with hosted(ChatServer().serving()) as server:
            assert command.against(server.url, "--last-failed").code == 0
            assert [one.scenario for one in command.log.results] == ["toy.told"]
            ended = command.against(server.url, "--last-failed")
        assert ended.code == 2
        assert "nothing of what is selected failed in the last run" in ended.err
        assert [one.scenario for one in command.log.results] == ["toy.told"]

    def test_a_retry_that_passes_is_flaky_and_no_success(
        self, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = ChatServer()
        module = importlib.import_module("conformance.cli.run")
        take = module.Progress.take

        def break_and_repair(self: Any, record: Any) -> None:
            take(self, record)
            server.wrong = set() if isinstance(record, Result) else {"error besides"}

        monkeypatch.setattr(module.Progress, "take", break_and_repair)
        with hosted(server.serving()) as hosted_server:
            ended = command.against(hosted_server.url, "toy.told", "--retry-failed", "2")
        assert ended.code == 1
        assert [(one.attempt, one.outcome) for one in command.log.results] == [(1, Outcome.FAIL), (2, Outcome.PASS)]
        assert "1 flaky: toy.told" in ended.out
        assert build(command.log).scenario_counts[Status.FLAKY] == 1

    def test_waits_for_a_target(self, command: Command) -> None:
        ended = command.against("ws://127.0.0.1:1/ws", "toy.told", "--wait-for", "0.1s")
        assert ended.code == 3
        assert ended.err.startswith("chat-parity: waits up to 0.1 s: ws://127.0.0.1:1/ws does not let us in")


class TestTwoRunsIntoOneFolder:
    def test_leave_the_first_alone(self, command: Command) -> None:
        with hosted(ChatServer().serving()) as server, exclusive(command.folder / "out"):
            ended = command.against(server.url, "toy.told")
        assert ended.code == 2
        assert f"out is in use by another run (process {os.getpid()}, started " in ended.err
        assert list((command.folder / "out").iterdir()) == []

    def test_need_only_wait(self, command: Command) -> None:
        with hosted(ChatServer().serving()) as server:
            assert command.against(server.url, "toy.told").code == 0
            assert command.against(server.url, "toy.told").code == 0
        assert {one.name for one in (command.folder / "out").iterdir()} == {"run.jsonl", *FILES}


class TestPrints:
    """What `--format` says, and nothing else, on standard output."""

    @pytest.mark.parametrize("form", ["json", "junit", "github", "shields"])
    def test_another_format_alone_and_the_progress_elsewhere(self, command: Command, form: str) -> None:
        with hosted(ChatServer("in order", "drop").serving()) as server:
            ended = command.against(server.url, "toy.told", "toy.pinged", "--format", form)
        recorded = command.log
        assert ended.code == 1
        report = build(recorded, project_source(recorded.header.tool))
        assert ended.out == FORMATS[form](report, recorded)
        assert "FAIL            toy.told" in ended.err
        assert "Report: " in ended.err

    def test_only_failures_if_that_was_asked_for(self, command: Command) -> None:
        with hosted(ChatServer("in order", "drop").serving()) as server:
            ended = command.against(server.url, "toy.told", "toy.pinged", "--failures-only")
        assert "PASS " not in ended.out
        assert "FAIL  toy.told" in ended.out

    def test_no_half_of_a_document(self, command: Command) -> None:
        ended = command("ws://127.0.0.1:1/ws", "toy.told", "--failures-only", "--format", "junit")
        assert ended.code == 2
        assert "junit is always whole" in ended.err
