"""The steps of the GitHub action and of the GitLab template, run as the runners do, against a server that runs."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import sysconfig
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from conformance.target.embedded import embedded
from tests.ci.runners import ROOT, GitHub, GitLab, environment
from tests.doubles.fan_out import ChatServer
from tests.doubles.hosting import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.spec import Spec
    from conformance.target.embedded import Embedded

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]  # One worker may wait while another one installs.

ARRIVES = "--no-probes\n--ids-from\nids.txt"
PINGS = "--feature\nping_pong\n--no-probes"
SCENARIOS = {"03-send-message/arrives-once.yaml", "20-ping-pong/one-pong-per-ping.yaml"}
"""The files of which these options run all."""
TARGET = """
name: {name}
instances: [{instances}]
auth: {{jwt: {{secret_env: CHAT_SECRET}}}}
provision: {{driver: {driver}}}
timers: {{rest: 0.5}}
"""
RESULTS = {"good": 0, "bad": 1}
"""The exit code of a run of each server."""
HOSTILE = [
    "$(touch pwned)`touch pwned`'; touch pwned; '\"; touch pwned; \" || touch pwned",
    "x\nEOF\ntouch pwned\nexit-code=0\n::set-output name=exit-code::0\n%s\\",
    "--help",
]


@pytest.fixture(scope="module")
def server(spec: Spec) -> Iterator[Embedded]:
    with hosted(embedded(spec)) as (_, server):
        yield server


@pytest.fixture(scope="module")
def deaf() -> Iterator[ChatServer]:
    """A server whose messages reach nobody, and that answers no ping as it should."""
    with hosted(ChatServer("in order", "no broadcast").serving()) as server:
        yield server


@pytest.fixture(scope="session")
def machine() -> dict[str, str]:
    return environment(Path(sysconfig.get_path("purelib")))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of pytest share, with what takes long to make."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pipelines"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other worker makes something in a shared folder."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def installed(machine: dict[str, str], shared: Path) -> Path:
    """What the first step of the action makes, by its own words; with a spec of only the scenarios that run here."""
    environment = shared / "runner-temp" / "chat-parity"
    workspace, ready = shared / "workspace", shared / "ready"
    with alone(shared):
        if not ready.exists():
            workspace.mkdir(exist_ok=True)
            job = GitHub(workspace, machine)
            job.run(target="nowhere.yaml")
            assert "nowhere.yaml: there is no such file" in job.log
            (scenarios,) = environment.glob("lib/python*/site-packages/conformance/_spec/scenarios")
            for file in scenarios.rglob("*.yaml"):
                if file.relative_to(scenarios).as_posix() not in SCENARIOS:
                    file.unlink()
            ready.touch()
    return environment


@pytest.fixture
def workspace(tmp_path: Path, server: Embedded, deaf: ChatServer) -> Path:
    """A checkout with two target files: one of a good server, one of a bad one."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    good = TARGET.format(name="good", instances=", ".join(server.instances), driver="reference")
    (folder / "good.yaml").write_text(good)
    (folder / "bad.yaml").write_text(TARGET.format(name="bad", instances=deaf.url, driver="jwt, conversations: any id"))
    (folder / "gone.yaml").write_text(
        TARGET.format(name="gone", instances="ws://127.0.0.1:1/ws", driver="jwt, conversations: any id")
    )
    (folder / "ids.txt").write_text("send-message.arrives-once\n")
    return folder


@pytest.fixture
def env(machine: dict[str, str], server: Embedded) -> dict[str, str]:
    return {**machine, "CHAT_SECRET": server.secret}


@pytest.fixture
def github(workspace: Path, env: dict[str, str], installed: Path) -> GitHub:
    return GitHub(workspace, env, installed)


@pytest.fixture
def gitlab(workspace: Path, env: dict[str, str], installed: Path) -> GitLab:
    return GitLab(workspace, env, installed, "sh")  # what many images have; it knows less than bash


class TestTheAction:
    def test_ends_well_and_shows_the_report(self, github: GitHub, workspace: Path, server: Embedded) -> None:
        assert github.run(target="good.yaml", options=PINGS) == 0
        assert github.outputs["run"] == {"exit-code": "0"}
        assert "gate" not in github.outputs
        assert server.secret not in github.log + github.summary
        assert "| 20 | Ping" in github.summary
        out = workspace / "reports/chat-parity"
        names = {"run.jsonl", "parity.json", "parity.md", "parity.html", "junit.xml", "badge.svg", "badge.json"}
        assert names | {"parity.sarif"} <= {file.name for file in out.iterdir()}
        assert json.loads((out / "badge.json").read_text())["schemaVersion"] == 1
        assert github.actions == [{"name": "chat-parity", "path": "reports/chat-parity", "if-no-files-found": "ignore"}]

    def test_ends_with_1_for_a_rule_that_does_not_hold_and_says_where(self, github: GitHub) -> None:
        assert github.run(target="bad.yaml", options=ARRIVES) == 1
        assert "::error file=bad.yaml,line=1" in github.log
        assert "/spec/scenarios/03-send-message/arrives-once.yaml#L" in github.log
        assert "send-message.arrives-once" in github.summary

    def test_ends_with_2_for_a_mistake_and_shows_no_report(self, github: GitHub) -> None:
        assert github.run(target="nowhere.yaml") == 2
        assert github.outputs["run"] == {"exit-code": "2"}
        assert github.summary == ""
        assert "::error title=chat-parity::a mistake in the usage or in a file" in github.log

    def test_ends_with_3_for_a_server_that_is_not_there(self, github: GitHub) -> None:
        assert github.run(target="gone.yaml", options=PINGS) == 3
        assert "NOT COMPLETE" in github.summary
        assert "::error title=chat-parity::it could not be judged" in github.log

    def test_uploads_nothing_where_that_is_not_wanted(self, github: GitHub) -> None:
        github.run(target="nowhere.yaml", artifact="")
        assert github.actions == []


class TestTheGate:
    """It decides in place of the run: what fails on both sides is no loss."""

    @pytest.fixture
    def baselines(self, workspace: Path, env: dict[str, str], installed: Path, shared: Path) -> Path:
        """A run of the good server and one of the bad one, recorded before."""
        recorded = shared / "baseline"
        with alone(shared):
            if not (recorded / "ready").exists():
                job = GitLab(workspace, env, installed)
                codes = [job.run(target=f"{one}.yaml", out=f"{recorded}/{one}", options=ARRIVES) for one in RESULTS]
                assert codes == list(RESULTS.values())
                (recorded / "ready").touch()
        return shutil.copytree(recorded, workspace / "baseline")

    @pytest.mark.usefixtures("baselines")
    def test_of_the_action(self, github: GitHub) -> None:
        assert github.run(target="bad.yaml", options=ARRIVES, baseline="baseline/bad") == 0
        assert (github.outputs["run"], github.outputs["gate"]) == ({"exit-code": "1"}, {"exit-code": "0"})
        assert github.run(target="bad.yaml", options=ARRIVES, baseline="baseline/good") == 1
        assert "the gate is closed" in github.log
        assert github.run(target="good.yaml", options=ARRIVES, baseline="nowhere") == 2

    @pytest.mark.usefixtures("baselines")
    def test_of_the_template(self, gitlab: GitLab) -> None:
        assert gitlab.run(target="bad.yaml", options=ARRIVES, baseline="baseline/bad") == 0
        assert gitlab.run(target="bad.yaml", options=ARRIVES, baseline="baseline/good") == 1
        assert gitlab.run(target="good.yaml", options=ARRIVES, baseline="nowhere") == 2


class TestTheTemplate:
    def test_ends_well_and_keeps_the_report(self, gitlab: GitLab, workspace: Path) -> None:
        assert gitlab.run(target="good.yaml", options=PINGS) == 0
        out = workspace / "reports/chat-parity"
        assert {"run.jsonl", "parity.html", "badge.svg", "parity.sarif"} <= {file.name for file in out.iterdir()}
        assert ET.parse(out / "junit.xml").getroot().tag == "testsuites"

    def test_ends_with_the_code_of_the_run(self, gitlab: GitLab) -> None:
        codes = [gitlab.run(target=f"{name}.yaml", options=ARRIVES) for name in ("bad", "nowhere", "gone")]
        assert codes == [1, 2, 3]

    def test_installs_what_it_is_told_and_nothing_by_a_guess(self, workspace: Path, env: dict[str, str]) -> None:
        job = GitLab(workspace, env)
        assert job.run() != 0
        assert "say in CHAT_PARITY_PACKAGE what pip shall install" in job.log
        assert job.run(package=str(ROOT), target="nowhere.yaml") == 2
        assert (workspace / ".chat-parity/bin/chat-parity").exists()


@pytest.mark.parametrize("value", HOSTILE)
class TestHostileValues:
    """Whatever a value holds, it is one word of one command."""

    def test_of_the_action(self, github: GitHub, value: str) -> None:
        github.run(target=value, out=value, options=value, baseline=value, gate_options=value)
        assert not list(github.workspace.parent.rglob("*pwned"))
        assert github.outputs["run"] == {"exit-code": "0" if value == "--help" else "2"}
        assert "::set-output" not in [line[:12] for line in github.log.splitlines()]

    def test_of_the_template(self, gitlab: GitLab, value: str) -> None:
        code = gitlab.run(target=value, out=value, options=value, baseline=value, gate_options=value)
        assert code == 2 or value == "--help"
        assert not list(gitlab.workspace.rglob("*pwned"))


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    return found


def test_no_expression_stands_in_a_script() -> None:
    """GitHub would paste its value into the code before the shell reads it."""
    assert [step["name"] for step in steps() if "${{" in step.get("run", "")] == []


def test_every_input_is_used_and_every_one_that_is_used_exists() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    used = set(re.findall(r"inputs\.([\w-]+)", str(action["runs"])))
    assert used == set(action["inputs"])
