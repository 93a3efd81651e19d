"""The proof of `explore`: `python -m tests.explored [NAME|glob …]` looks for faults without any scenario.

Each faulty server is compared with the sound one, for a number of seconds or of conversations; the share of faults that
are found is given by feature. With `--variants`, the servers are legal, and every finding is false.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from collections import Counter, defaultdict
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.spec import find, load
from conformance.target.embedded import embedded
from reference_server.__main__ import main as sound
from tests.faults.registry import find_faults
from tests.faults.serve import main as faulty
from tests.forked import forked
from tests.proxy.examine import through
from tests.proxy.proxy import Proxy
from tests.variants.registry import find_variants
from tests.variants.serve import main as different

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

    from conformance.engine.explore.findings import Finding
    from conformance.spec import Spec
    from conformance.target import Target
    from tests.faults.registry import Fault
    from tests.variants.registry import Variant


ALL = "all"
FOUND, FLAKY, MISSED, CUT, FAILED = ENDINGS = ("found", "flaky", "missed", "cut", "failed")
"""How exploring a server ends.

`flaky`: what was found came again in some replays, and not in all; `cut`: time ran out before all its conversations;
`failed`: it could not be explored.
"""
LONGEST = 3.0
"""Seconds for one conversation, as long as no other budget is given."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What exploring one server gave; `most` is how many conversations there should be (None: as many as fit)."""

    name: str
    findings: tuple[Finding, ...] = ()
    conversations: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    freed: Mapping[str, int] | None = None
    problem: str = ""
    most: int | None = None

    @property
    def ending(self) -> str:
        """Say how it ended; a finding that no replay shows does not count."""
        if self.steady:
            return FOUND
        if any(one.again for one in self.findings):
            return FLAKY
        if self.problem:
            return FAILED
        return CUT if self.most is not None and self.conversations < self.most else MISSED

    @property
    def steady(self) -> tuple[Finding, ...]:
        """The findings that every replay showed again."""
        return tuple(one for one in self.findings if not one.flaky)


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = argparse.ArgumentParser(prog="python -m tests.explored", description=__doc__)
    add = command.add_argument
    add("patterns", nargs="*", metavar="NAME", help="faults (or variants), by name, file, broken rule or glob")
    add("--variants", action="store_true", help="legal differences instead of faults")
    add("--sample", type=int, metavar="N", help="a random sample of N, by the seed")
    add("--seed", type=int, default=0)
    add("--seconds", type=float, help="the budget for each server; default: 20, with --conversations 3 for each")
    add("--conversations", type=int, metavar="N", help="stop each at this number of conversations")
    add("--shrink", type=float, default=0.0, help="seconds in which a finding may become shorter; default: 0")
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0, or 1 if a legal server has a finding."""
    options = parser().parse_args(arguments)
    spec = load(find())
    servers: Sequence[Fault | Variant]
    if options.variants:
        servers = find_variants(options.patterns)
    else:
        servers = [one for one in find_faults(options.patterns) if _is_must(one, spec)]
    if options.sample is not None and options.sample < len(servers):
        servers = random.Random(options.seed).sample(list(servers), options.sample)
    outcomes: list[Outcome] = []
    with suppress(KeyboardInterrupt):  # What was explored so far is told.
        for one in servers:
            outcomes.append(asyncio.run(_explore(one, spec, options)))
            _tell(outcomes[-1], wanted=not options.variants)
    _tell_how_much_shorter(outcomes)
    conversations, used = sum(one.conversations for one in outcomes), sum(one.cpu for one in outcomes)
    print(f"{conversations} conversations, {used:.1f} s of CPU: {conversations / max(used, 0.1):.2f} a second and core")
    if options.variants:
        found = sum(bool(one.steady) for one in outcomes)
        print(f"{len(outcomes)} of {len(servers)} legal servers: {found} with findings")
        return 1 if found else 0
    features = {one.name: spec.rules[one.breaks[0]].features[0] for one in find_faults(())}
    print("\n".join(table(outcomes, features, spec.features)))
    return 0


def table(outcomes: Sequence[Outcome], features: Mapping[str, str], order: Iterable[str]) -> Iterator[str]:
    """Give a line for each feature: how exploring the faults ended, and which share was found in every replay.

    `features` maps faults to features. The share is of those that were explored to the end.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in outcomes:
        for name in (features[one.name], ALL):
            counts[name][one.ending] += 1
    yield f"{'feature':24} {' '.join(f'{one:>7}' for one in ENDINGS)}   share"
    for name in (*order, ALL):
        if name in counts:
            of = counts[name]
            judged = of[FOUND] + of[FLAKY] + of[MISSED]
            share = f"{100 * of[FOUND] / judged:.0f} %" if judged else "–"
            yield f"{name:24} {' '.join(f'{of[one]:7}' for one in ENDINGS)} {share:>7}"
    yield f"found: {counts[ALL][FOUND]} of {len(outcomes)} faults of must rules"


def _is_must(fault: Fault, spec: Spec) -> bool:
    return any(spec.rules[rule].level == "must" for rule in fault.breaks)


@asynccontextmanager
async def _opened(one: Fault | Variant, spec: Spec, *, legal: bool) -> AsyncIterator[Target]:
    rules = None if legal else one.rules
    main_of = (different, one.name) if legal else (faulty, one.name) if rules is None else (sound,)
    async with embedded(spec, forked(*main_of)) as (started, _):
        profile = {group: {**values, **one.profile.get(group, {})} for group, values in started.profile.items()}
        target = replace(started, profile=profile, instances=started.instances[: getattr(one, "instances", 2)])
        if rules is None:
            yield target
            return
        async with Proxy(target.instances, rules) as proxy:
            yield through(proxy, target)


async def _explore(one: Fault | Variant, spec: Spec, options: argparse.Namespace) -> Outcome:
    from conformance.engine.explore.knowledge import read_knowledge
    from conformance.engine.explore.progress import Options
    from conformance.engine.explore.search import explore  # a server's process imports this module, too

    began, used = time.perf_counter(), cpu_seconds()
    most = options.conversations
    budget = options.seconds or (20.0 if most is None else most * LONGEST)
    search = Options(budget, options.seed, shrinking=options.shrink, most=most, first=not options.variants)
    try:
        async with AsyncExitStack() as stack:
            tested = await stack.enter_async_context(_opened(one, spec, legal=options.variants))
            other, _ = await stack.enter_async_context(embedded(spec, forked(sound)))
            explored = await explore(spec, read_knowledge(spec), tested, other, search)
    except Exception as error:  # the other servers are still to be explored
        return Outcome(one.name, problem=f"{type(error).__name__}: {error}", most=most)
    seconds, used = time.perf_counter() - began, cpu_seconds() - used
    findings, freed = tuple(explored.findings.values()), explored.freed
    return Outcome(one.name, findings, explored.conversations, seconds, used, freed, explored.stopped, most)


def cpu_seconds() -> float:
    """Give the CPU time so far of this process and of all forked servers; the time of a busy machine says little."""
    from multiprocessing.forkserver import _forkserver

    used = time.process_time()
    stat = Path(f"/proc/{_forkserver._forkserver_pid}/stat")  # type: ignore[attr-defined]  # it has no public name
    if stat.exists():
        fields = stat.read_text().rpartition(")")[2].split()
        used += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # its own, and of its children that have ended
    return used


def _tell_how_much_shorter(outcomes: Sequence[Outcome]) -> None:
    from conformance.compare.explored import found_of
    from conformance.report.explored import shortened

    some = [found_of(finding, "type") for one in outcomes for finding in one.steady if finding.seconds]
    if some:
        print(f"shortened {shortened(some)}")


def _tell(one: Outcome, *, wanted: bool) -> None:
    from conformance.compare.explored import found_of
    from conformance.report.explored import finding_lines
    from conformance.results.explored import Exploration

    exploration = Exploration(one.name, "sound", 0, one.conversations, 0, 0, one.seconds, complete=True)
    clean = not wanted and one.ending == MISSED
    word = "clean" if clean else one.ending
    print(
        f"{word:6} {one.name:44} {one.conversations:5} conversations {one.cpu:6.1f} s of CPU  {one.problem}",
        flush=True,
    )
    for finding in one.findings:
        if not wanted or finding.flaky:
            print(
                "\n".join(f"    {text}" for text in finding_lines(found_of(finding, "type"), exploration)), flush=True
            )


if __name__ == "__main__":
    sys.exit(main())
