"""The command: `python -m tests.partial [NAME …]` runs the suite against servers that lack something."""

from __future__ import annotations

import argparse
import gc
import sys
from typing import TYPE_CHECKING

from conformance.spec import find as find_spec
from conformance.spec import load
from tests.partial.examine import Examination, examine, few
from tests.partial.registry import find, names, partial
from tests.workers import work_through

if TYPE_CHECKING:
    from collections.abc import Sequence


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = argparse.ArgumentParser(prog="python -m tests.partial", description=__doc__)
    add = command.add_argument
    add("patterns", nargs="*", default=["*"], metavar="NAME", help="partial servers, by name or glob")
    add("--all", action="store_true", help="run every scenario, and not the first of those with the same rules")
    add("--jobs", type=int, default=2, help="servers at a time")
    add("--at-once", type=int, default=8, metavar="N", help="scenarios at a time")
    add("--list", action="store_true", help="only name the servers")
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 when every report is right, 1 when one is not, 2 for a wrong word, 3 interrupted."""
    options = parser().parse_args(arguments)
    if options.list:
        print("\n".join(names()))
        return 0
    try:
        wanted = find(options.patterns)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    spec = load(find_spec())
    gc.freeze()  # The workers have it, too: no collector need walk through it, which would copy its memory.
    scenarios = list(spec.scenarios.values()) if options.all else few(spec)

    async def work(name: str) -> Examination:
        return await examine(partial(name), spec, scenarios, options.at_once)

    try:
        found = work_through([one.name for one in wanted], work, options.jobs, _tell)
    except KeyboardInterrupt:
        return 3
    right = sum(one.passed for one in found)
    print(f"{right} of {len(found)} reports are right")
    return 0 if right == len(found) else 1


def _tell(found: Examination) -> None:
    word = "right" if found.passed else "WRONG"
    print(f"{word}  {found.name:44} {found.seconds:6.1f} s  {found.ran} scenarios  {found.problem}", flush=True)
    for title, some in (("verdict", found.wrong), ("accuses", found.accused), ("broken", found.broken)):
        for name, why in some.items():
            print(f"    {title}  {name}: {why}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
