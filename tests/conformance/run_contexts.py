"""Run contexts for toy scenarios: a calibrated target of a few values, and scenarios that the real grammar reads."""

from __future__ import annotations

import re
import textwrap
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from conformance.engine.calibration.calibrate import calibrate
from conformance.engine.context.pacer import Pacer
from conformance.engine.context.run_context import RunContext
from conformance.engine.scenario_run.run_scenario import observe, run_scenario
from conformance.scenario.parse import read_probes, read_scenarios
from conformance.spec.links import check_probe, check_scenario
from conformance.target import Auth, Target
from conformance.target.provision.created import CreatingProvisioner
from conformance.target.provision.jwt import Jwt, Named
from conformance.target.secrets import Secrets
from conformance.target.tokens import Signing
from tests.doubles.fan_out import ChatServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from conformance.results.model import Calibration, Observation, Result
    from conformance.scenario.model import Probe, Scenario
    from conformance.spec import Spec
    from conformance.target.accounts import Provisioner

SECRET = "a secret that is long enough for any HMAC that signs tokens here"

SIGNING = Signing(SECRET, "HS256", {"sub": "${user_id}", "username": "${name}"}, 900)
EVERYBODY = Jwt(any_conversation=True)

DEFAULTS = {
    "id": "toy.scenario",
    "title": "A toy for the tests of the engine",
    "feature": "send_message",
    "rules": "[SEND-1]",
    "given": "{users: [alice, bob, carol], conversations: {lobby: {members: [alice, bob]}}}",
}
"""What a toy need not say: alice and bob have joined the lobby, carol is connected and has not."""


@dataclass(frozen=True)
class Author:
    """Writes toy scenarios as files, and reads them with the real grammar."""

    spec: Spec
    folder: Path

    def __call__(self, text: str, **values: str) -> Scenario:
        """Read the one scenario that `text` and the defaults describe."""
        (scenario,) = self.all(text, **values)
        return scenario

    def all(self, text: str, **values: str) -> list[Scenario]:
        """Read them all, one per case."""
        file = self._file(text, DEFAULTS | values)
        scenarios = read_scenarios(file, self.spec.formats["scenario"], self.spec.protocol)
        assert [mistake for one in scenarios for mistake in check_scenario(one, self.spec)] == []
        return scenarios

    def probe(self, text: str) -> Probe:
        """Read a probe."""
        written = {key: DEFAULTS[key] for key in ("title", "given")} | {"id": "toy-probe", "why": "It bites, somehow."}
        (probe,) = read_probes(self._file(text, written), self.spec.formats["probe"], self.spec.protocol)
        assert check_probe(probe, self.spec) == []
        return probe

    def _file(self, text: str, values: dict[str, str]) -> Path:
        body = textwrap.dedent(text).strip()
        given = set(re.findall(r"^(\w+):", body, re.MULTILINE))
        head = "".join(f"{key}: {value}\n" for key, value in values.items() if key not in given)
        file = self.folder / "toy.yaml"
        file.write_text(f"{head}{body}\n", encoding="utf-8")
        return file


def target_at(spec: Spec, *urls: str, **changes: Any) -> Target:
    """Describe a target without provisioning; `limits`, `timers` and `options` change its profile."""
    profile = {group: {**values, **changes.pop(group, {})} for group, values in spec.protocol.profile.items()}
    plain = Target(
        name="toy",
        instances=urls,
        auth=Auth("token", SIGNING),
        provision=EVERYBODY,
        profile=profile,
        ambient=spec.protocol.ambient,
        reply=2.0,
        secrets=Secrets(SECRET),
    )
    return replace(plain, **changes)


@dataclass
class ToyRunner:
    """Runs toy scenarios against a calibrated server."""

    run_context: RunContext
    server: ChatServer = field(default_factory=ChatServer)

    async def run_scenario(self, scenario: Scenario) -> Result:
        return await run_scenario(scenario, self.run_context)

    async def observe(self, probe: Probe) -> Observation:
        return await observe(probe, self.run_context)


def without_trials(spec: Spec) -> Spec:
    """Give a spec with which calibration tries nothing: it would wait for each event that a toy server lacks."""
    return replace(spec, protocol=replace(spec.protocol, trials=()))


async def run_context_at(
    spec: Spec,
    *urls: str,
    provisioner: Provisioner | None = None,
    trials: bool = True,
    calibration: Calibration | None = None,
    **changes: Any,
) -> RunContext:
    """Calibrate what listens at `urls`, if no `calibration` is given.

    `trials`: ask for everything once, and wait for what is missing.
    """
    target = target_at(spec, *urls, **changes)
    driver = provisioner or CreatingProvisioner(Named(EVERYBODY, spec.protocol.default_role), SIGNING)
    asked = spec if trials else without_trials(spec)
    seen = calibration or await calibrate(asked, target, driver, 1.0)
    return RunContext(spec, target, seen, driver, Pacer(spec, target), secrets=target.keys)


async def calibration_of_a_good_server(spec: Spec) -> Calibration:
    """Calibrate a good toy server, once for all tests of a worker: it takes longer than most toy scenarios."""
    if not _of_a_good_server:
        async with ChatServer().serving() as server:
            _of_a_good_server.append((await run_context_at(spec, server.url, trials=False)).calibration)
    return _of_a_good_server[0]


_of_a_good_server: list[Calibration] = []


@asynccontextmanager
async def toy_runner(
    spec: Spec,
    architecture: str = "in order",
    *,
    wrong: Sequence[str] = (),
    later: Sequence[str] = (),
    bystanders: bool = False,
    measured: bool = False,
    **changes: Any,
) -> AsyncIterator[ToyRunner]:
    """Serve and calibrate a toy server; it is `wrong` from the beginning, or `later`, when it has been calibrated.

    There are no `bystanders` unless wanted: most toys count what they see. Calibration would wait for
    each event that a toy lacks, so that it tries nothing here. A server that is good and in order when it is
    calibrated is so itself only where it is to be `measured`: it would show what every one of its kind does.
    """
    known = None
    if architecture == "in order" and not wrong and not measured:
        known = await calibration_of_a_good_server(spec)
    async with ChatServer(architecture, *wrong).serving() as server:
        run_context = await run_context_at(spec, server.url, trials=False, calibration=known, **changes)
        run_context = replace(run_context, bystanders=bystanders)
        server.wrong |= set(later)
        yield ToyRunner(run_context, server)


def messages(result: Result) -> list[str]:
    """Give what a result complains about."""
    return [problem.message for problem in result.problems]


async def complaints(spec: Spec, toy: Any, *later: str, **changes: Any) -> list[str]:
    """Run a scenario of a test and give the messages of its problems."""
    async with toy_runner(spec, later=later, **changes) as runner:
        return messages(await runner.run_scenario(toy))
