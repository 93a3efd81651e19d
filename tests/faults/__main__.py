"""The command: `python -m tests.faults [NAME|glob …]` runs the suite against faulty servers and writes the matrix."""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.spec import find, load
from tests.faults import report
from tests.faults.examine import SENTINELS, Examination, Mode, examine
from tests.faults.matrix import Matrix, Row
from tests.faults.registry import find_faults, known_faults
from tests.workers import work_through

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.spec import Spec
    from tests.faults.registry import Fault

FOLDER = Path("reports") / "mutants"


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    add = command.add_argument
    add("patterns", nargs="*", metavar="NAME", help="faults, files of faults or broken rules, by name or glob")
    add("--sample", type=int, metavar="N", help="a random sample of N faults, by the seed")
    add("--seed", type=int, default=0, help="of the sample, and of the order of --quick")
    add("--jobs", type=int, default=os.cpu_count() or 2, help="faulty servers at a time; default: one per core")
    add("--quick", action="store_true", help="until the first catch, and --sentinels 1")
    add("--sentinels", type=int, metavar="N", help=f"scenarios of each unrelated feature; default: {SENTINELS}")
    add("--turn", type=int, default=0, help="another one has other sentinels for every fault")
    add("--whole", action="store_true", help="all scenarios, also the unrelated ones")
    add("--out", type=Path, default=FOLDER, metavar="FOLDER")
    add("--list", action="store_true", help="only name the faults")
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 if every fault is caught and nothing else turned red, 1 if not, 2 a wrong word, 3 stopped."""
    options = parser().parse_args(arguments)
    try:
        faults = find_faults(options.patterns)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    if options.sample is not None and options.sample < len(faults):
        faults = sorted(random.Random(options.seed).sample(faults, options.sample), key=lambda one: one.name)
    if options.list:
        for one in faults:
            print(f"{one.group:12} {one.name:40} {', '.join(one.breaks):24} {one.sentence}")
        return 0
    began = time.perf_counter()
    number = options.sentinels if options.sentinels is not None else 1 if options.quick else SENTINELS
    mode = Mode(options.quick, None if options.whole else number, options.seed, options.turn)
    spec = load(find())
    gc.freeze()  # The workers have it, too: no collector need walk through it, which would copy its memory.
    try:
        rows = _rows(faults, spec, mode, options.jobs)
    except KeyboardInterrupt:
        print("interrupted: no report is written", file=sys.stderr)
        return 3
    rows.sort(key=lambda row: (row.fault.group, row.fault.name))
    matrix = Matrix(rows, spec, mode, round(time.perf_counter() - began, 1), len(known_faults()))
    report.write(matrix, options.out)
    for name, value in report.figures(matrix):
        print(f"{name}: {value}")
    print(f"Report: {options.out / 'mutants.md'}")
    return 1 if matrix.red else 0


def _rows(faults: Sequence[Fault], spec: Spec, mode: Mode, jobs: int) -> list[Row]:
    """Examine faults, several at a time, each worker with the spec that was read before it was forked."""
    by_name = {one.name: one for one in faults}

    async def work(name: str) -> Examination:
        return await examine(by_name[name], spec, mode)

    def row(found: Examination) -> Row:
        return Row(by_name[found.fault], found)

    return list(map(row, work_through(by_name, work, jobs, lambda found: _tell(row(found), mode))))


def _tell(row: Row, mode: Mode) -> None:
    found = row.found
    by = f"{found.catches[0]} (of {len(found.catches)})" if found.catches else found.problem
    print(f"{row.verdict:10} {row.fault.name:40} {found.seconds:6.1f} s  {by}", flush=True)
    if row.uncaught and not mode.quick:
        print(f"    no scenario of its own caught: {', '.join(row.uncaught)}", flush=True)
    for scenario, why in found.unrelated.items():
        print(f"    unrelated: {scenario}: {why}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
