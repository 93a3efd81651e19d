"""Does with the steps of a pipeline what GitHub's and GitLab's runners do: evaluates expressions, starts the shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
TERM = re.compile(r"(always\(\))|([\w.-]+)\s*(==|!=)\s*'([^']*)'")


@dataclass
class GitHub:
    """Runs the action in a workspace; `actions` are the steps that use another action, with their inputs.

    `installed` is the environment that an earlier job has made: nothing is installed then.
    """

    workspace: Path
    env: dict[str, str]
    installed: Path | None = None
    log: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    actions: list[dict[str, str]] = field(default_factory=list)

    def run(self, **given: str) -> int:
        """Run all the steps with these inputs, and give the exit code of the job."""
        action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
        inputs = {name: one["default"] for name, one in action["inputs"].items()}
        inputs |= {name.replace("_", "-"): value for name, value in given.items()}
        temporary = self.workspace.parent / "runner-temp"
        temporary.mkdir(exist_ok=True)
        (temporary / "summary.md").write_text("")
        self.outputs.clear()
        if self.installed is not None and not (temporary / "chat-parity").exists():
            (temporary / "chat-parity").symlink_to(self.installed)
        code = 0
        for number, step in enumerate(action["runs"]["steps"]):
            condition = step.get("if", "")
            if (code and "always()" not in condition) or not self._holds(condition, inputs):
                continue
            if self.installed is not None and number == 0:
                continue
            if "uses" in step:
                self.actions.append({key: self._fill(value, inputs) for key, value in step["with"].items()})
                continue
            assert step["shell"] == "bash"
            script = temporary / f"step{number}.sh"
            script.write_text(step["run"], encoding="utf-8")
            files = {name: temporary / f"{name}-{number}" for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")}
            summary = temporary / "summary.md"
            env = {
                **self.env,
                "RUNNER_TEMP": str(temporary),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_ACTIONS": "true",
                "CI": "true",
                **{name: str(file) for name, file in files.items()},
                **{name: self._fill(value, inputs) for name, value in step.get("env", {}).items()},
            }
            for file in (*files.values(), summary):
                file.touch()
            # As GitHub documents `shell: bash`.
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
            done = subprocess.run(
                command, cwd=self.workspace, env=env, capture_output=True, text=True, timeout=280, check=False
            )
            self.log += done.stdout + done.stderr
            self.outputs[step.get("id", str(number))] = dict(
                line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines()
            )
            code = code or done.returncode
        return code

    @property
    def summary(self) -> str:
        """What the page of the job would show."""
        return (self.workspace.parent / "runner-temp" / "summary.md").read_text(encoding="utf-8")

    def _holds(self, condition: str, inputs: dict[str, str]) -> bool:
        text = EXPRESSION.sub(r"\1", condition)
        left = TERM.sub("", text).replace("&&", "").strip()
        assert left == "", f"this is more than these tests evaluate: {left}"
        terms = TERM.findall(text)
        return all(
            always or (self._value(name, inputs) == value) == (operator == "==")
            for always, name, operator, value in terms
        )

    def _fill(self, text: str, inputs: dict[str, str]) -> str:
        return EXPRESSION.sub(lambda found: self._value(found[1].strip(), inputs), text)

    def _value(self, name: str, inputs: dict[str, str]) -> str:
        if name == "github.action_path":
            return str(ROOT)
        kind, _, rest = name.partition(".")
        if kind == "inputs":
            return inputs[rest]
        step, _, output = rest.partition(".outputs.")
        assert kind == "steps"
        return self.outputs.get(step, {}).get(output, "")


@dataclass
class GitLab:
    """Runs the job of the template in a workspace, with one shell for everything, as a runner does."""

    workspace: Path
    env: dict[str, str]
    installed: Path | None = None
    shell: str = "bash"
    log: str = ""

    def run(self, **given: str) -> int:
        """Run the job with these variables (`target` is `CHAT_PARITY_TARGET`), and give its exit code."""
        job: dict[str, Any] = yaml.safe_load((ROOT / "ci/gitlab/chat-parity.yml").read_text())[".chat-parity"]
        variables = job["variables"] | {f"CHAT_PARITY_{name.upper()}": value for name, value in given.items()}
        script = "set -eo pipefail\n" if self.shell == "bash" else "set -e\n"
        lines = [*job["before_script"], *job["script"]]
        if self.installed is not None:
            lines = job["script"]
            if not (self.workspace / ".chat-parity").exists():
                (self.workspace / ".chat-parity").symlink_to(self.installed)
        script += "".join(f"{line}\n" for line in lines)
        env = {**self.env, "CI": "true", "GITLAB_CI": "true", **variables}
        done = subprocess.run(
            [self.shell],
            input=script,
            cwd=self.workspace,
            env=env,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        self.log += done.stdout + done.stderr
        return done.returncode


def environment(site: Path) -> dict[str, str]:
    """Give what a runner's machine has; pip builds and installs this package, and finds the rest in `site`."""
    plain = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    plain["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    # Everything but the package itself is there already: the tests need no index. (`false` means no isolation.)
    offline = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "false", "PIP_NO_INDEX": "1"}
    return plain | offline | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONPATH": str(site)}
