"""The needs of a scenario that a run does not meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.results.model import NEEDS_OF_THE_RUN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.engine.context.run_context import RunContext


@dataclass(frozen=True, slots=True)
class Lacking:
    """A need of a scenario that is not met, and a sentence about it."""

    need: str
    why: str


def too_few_connections(run: RunContext, wanted: int) -> Lacking | None:
    """Say that the target admits fewer connections of one user than a scenario opens; None: it admits enough."""
    path = run.spec.protocol.bystanders.connections
    admitted = run.target.look_up(path)
    if admitted is None or wanted <= admitted:
        return None
    why = f"it opens {wanted} connections of one user, and the target declares {path} = {admitted}"
    return Lacking(path, why)


def unmet(run: RunContext, needs: Mapping[str, Any], limits: Iterable[str] = ()) -> Lacking | None:
    """Give the first unmet need of a scenario; None: all are met. What the server lacks comes before the run's.

    `limits` are those that the scenario uses: a server that has no such limit cannot keep or break it.
    """
    for limit in sorted(limits):
        if run.target.look_up(limit) is None:
            return Lacking(limit, f"it uses {limit}, and the target declares that it has no such limit")
    for need in sorted(needs, key=NEEDS_OF_THE_RUN.__contains__):
        why = _why_unmet(run, need, needs[need])
        if why:
            return Lacking(need, why)
    return None


def _why_unmet(run: RunContext, need: str, wanted: Any) -> str:
    if need == "instances":
        named = len(run.target.instances)
        return f"it needs {wanted} instances, and the target names {named}" if named < wanted else ""
    if need == "restart":
        return "it needs a server that the run can restart" if run.restart is None else ""
    if need == "acts_as_users":
        possible = run.provisioner.acts_as_users
        return "" if possible else "it needs users who change roles, and here only the admin account can"
    if need == "local":
        return "" if run.target.local else "it needs a server that runs on this machine"
    declared = run.target.look_up(need)
    return f"it needs {need} = {wanted!r}, and the target declares {declared!r}" if declared != wanted else ""
