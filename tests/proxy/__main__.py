"""The command: `python -m tests.proxy [NAME …]` runs the suite through the proxy and prints what it caught."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import ChatParityError
from conformance.report.fences import cell, table
from conformance.spec import find, load
from conformance.target import read_target
from conformance.target.embedded import embedded
from tests.proxy.examine import SAMPLE, Examination, examine, good
from tests.proxy.proxy import Proxy
from tests.proxy.registry import find_wire_faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from conformance.spec import Spec
    from conformance.target import Target
    from tests.proxy.registry import WireFault

FOLDER = Path("reports") / "proxy"


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = argparse.ArgumentParser(prog="python -m tests.proxy", description=__doc__)
    add = command.add_argument
    add("patterns", nargs="*", metavar="NAME", help="wire faults or broken rules, by name or glob")
    add(
        "--upstream",
        action="append",
        metavar="URL",
        help="an address of the server behind; default: the reference server",
    )
    add("--target", type=Path, metavar="FILE", help="the target file of the server behind")
    add("--serve", type=int, metavar="PORT", help="only run the proxy, with the one wire fault, until interrupted")
    add("--sample", type=int, default=SAMPLE, metavar="N", help="scenarios that a legal difference has to pass")
    add("--seed", type=int, default=0, help="of the order and of samples")
    add("--out", type=Path, default=FOLDER, metavar="FOLDER")
    add("--list", action="store_true", help="only name the wire faults")
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 when every wrong is caught and nothing legal, 1 when not, 2 for a wrong word or no target."""
    options = parser().parse_args(arguments)
    try:
        faults = find_wire_faults(options.patterns)
        if options.list:
            for one in faults:
                print(f"{one.name:32} {', '.join(one.breaks) or 'legal':32} {one.sentence}")
            return 0
        return asyncio.run(_serve(faults, options) if options.serve is not None else _run(faults, options))
    except (LookupError, ChatParityError) as error:
        print(error.args[0], file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


async def _serve(faults: Sequence[WireFault], options: argparse.Namespace) -> int:
    if len(faults) != 1 or not options.upstream:
        raise LookupError("--serve takes one wire fault and an --upstream")
    async with Proxy(options.upstream, faults[0].rules, options.serve) as proxy:
        print(*proxy.instances, flush=True)
        await asyncio.Event().wait()
    return 0


async def _run(faults: Sequence[WireFault], options: argparse.Namespace) -> int:
    spec = load(find())
    rows: list[tuple[WireFault, Examination]] = []
    async with _target(spec, options) as (target, restart):
        for one in faults:
            found = await examine(one, spec, target, restart, options.sample, options.seed)
            rows.append((one, found))
            print("  ".join(_row(one, found)), flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "wire-faults.md").write_text("\n".join(_page(rows)) + "\n", encoding="utf-8")
    for name, value in _figures(rows):
        print(f"{name}: {value}")
    print(f"Report: {options.out / 'wire-faults.md'}")
    return 0 if all(good(*row) for row in rows) else 1


@contextlib.asynccontextmanager
async def _target(spec: Spec, options: argparse.Namespace) -> AsyncIterator[tuple[Target, object]]:
    """Give the target behind the proxy, and how to restart it if the run has started it."""
    if options.upstream or options.target:
        file = options.target or spec.folder / "targets" / "reference.yaml"
        yield read_target(file, spec, instances=tuple(options.upstream or ())), None
        return
    async with embedded(spec) as (target, server):
        yield target, server.restart


def _figures(rows: Sequence[tuple[WireFault, Examination]]) -> Iterator[tuple[str, str]]:
    wrongs = [good(*row) for row in rows if not row[0].legal]
    legal = [good(*row) for row in rows if row[0].legal]
    yield "Wire faults caught", f"{sum(wrongs)} of {len(wrongs)}"
    yield "Legal differences passed", f"{sum(legal)} of {len(legal)}"


def _page(rows: Sequence[tuple[WireFault, Examination]]) -> Iterator[str]:
    yield "# Wire faults, and what catches them\n"
    yield from table(("", ""), _figures(rows))
    head = ("Verdict", "Wire fault", "Breaks", "Runs", "Seconds", "By")
    yield from table((*head, "What it does"), [[cell(x, 300) for x in (*_row(*row), row[0].sentence)] for row in rows])


def _row(one: WireFault, found: Examination) -> tuple[str, ...]:
    words = ("passed", "FAILED") if one.legal else ("caught", "SURVIVED")
    said = {**found.catches, **found.wrong}
    by = "; ".join(f"{scenario}: {why}" for scenario, why in list(said.items())[:2]) or found.problem or "–"
    verdict = words[0] if good(one, found) else words[1]
    return verdict, one.name, ", ".join(one.breaks) or "nothing", str(found.ran), f"{found.seconds:.1f}", by


if __name__ == "__main__":
    sys.exit(main())
