"""The command: `python -m tests.variants [NAME …]` runs the suite against legal differences and writes a table."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.spec import find, load
from tests.variants import report
from tests.variants.examine import Examination, examine, sample
from tests.variants.registry import combined, find_variants
from tests.workers import work_through

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.spec import Spec
    from tests.variants.registry import Variant

FOLDER = Path("reports") / "variants"


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = argparse.ArgumentParser(prog="python -m tests.variants", description=__doc__)
    add = command.add_argument
    add("patterns", nargs="*", metavar="NAME", help="variants or files of variants, by name or glob; a+b is one server")
    add("--sample", type=int, metavar="N", help="a sample of N scenarios each, beside those of the rules it is about")
    add("--seed", type=int, default=0, help="of the sample")
    add("--jobs", type=int, default=2, help="servers at a time")
    add("--out", type=Path, default=FOLDER, metavar="FOLDER")
    add("--list", action="store_true", help="only name the variants")
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 when every variant passes, 1 when one does not, 2 for a wrong word, 3 interrupted."""
    options = parser().parse_args(arguments)
    try:
        variants = find_variants(options.patterns)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    if options.list:
        for one in variants:
            print(f"{one.group:12} {one.name:36} {one.sentence}")
        return 0
    began = time.perf_counter()
    spec = load(find())
    gc.freeze()  # The workers have it, too: no collector need walk through it, which would copy its memory.
    try:
        rows = _examined(variants, spec, options)
    except KeyboardInterrupt:
        print("interrupted: no report is written", file=sys.stderr)
        return 3
    rows.sort(key=lambda row: (row[0].group, row[0].name))
    mode = "every scenario" if options.sample is None else f"a sample of {options.sample}, seed {options.seed}"
    page = "\n".join(report.markdown(rows, mode, time.perf_counter() - began))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "variants.md").write_text(page + "\n", encoding="utf-8")
    for name, value in report.figures(rows, mode, time.perf_counter() - began):
        print(f"{name}: {value}")
    print(f"Report: {options.out / 'variants.md'}")
    return 0 if all(found.passed for _, found in rows) else 1


def _examined(
    variants: Sequence[Variant], spec: Spec, options: argparse.Namespace
) -> list[tuple[Variant, Examination]]:
    """Examine variants, several at a time, each worker with the spec that was read before it was forked."""

    async def work(name: str) -> Examination:
        variant = combined(name)
        return await examine(variant, spec, sample(variant, spec, options.sample, options.seed))

    found = work_through([one.name for one in variants], work, options.jobs, _tell)
    return [(combined(one.variant), one) for one in found]


def _tell(found: Examination) -> None:
    word = "passed" if found.passed else "FAILED"
    print(f"{word}  {found.variant:36} {found.seconds:6.1f} s  {found.ran} scenarios  {found.problem}", flush=True)
    for rule in found.kept:
        print(f"    keeps {rule}, which it declares to break: it no longer does what it says", flush=True)
    for scenario, why in found.wrong.items():
        print(f"    wrong: {scenario}: {why}", flush=True)
    for scenario, why in found.once.items():
        print(f"    once:  {scenario}: {why}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
