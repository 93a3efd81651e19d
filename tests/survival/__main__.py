"""The command: `python -m tests.survival [NAME|glob …]` puts a server under load through faults, and checks it.

The table is written to reports/survival/. Exit code 1: a promise is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
import traceback
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path

import tests.survival.engine_faults  # noqa: F401 - registers its faults
from tests.survival.deployment import Deployment, Outcome
from tests.survival.faults import FAULTS, Fault

TRIALS = 3
COLUMNS = ("fault", "trials", "acknowledged", "indeterminate", "lost", "doubled", "reordered", "unheard", "recovery")


def main() -> int:
    """Run the faults, print and write the table."""
    command = argparse.ArgumentParser(prog="python -m tests.survival", description=__doc__)
    command.add_argument("names", nargs="*", default=["*"], metavar="NAME", help="faults or globs; default: all")
    command.add_argument("--trials", type=int, default=TRIALS, metavar="N", help=f"of what is short; default: {TRIALS}")
    command.add_argument("--list", action="store_true", help="only name the faults")
    command.add_argument("--out", type=Path, default=Path("reports/survival"), metavar="FOLDER")
    options = command.parse_args()
    chosen = [one for one in FAULTS.values() if any(fnmatch(one.name, name) for name in options.names)]
    if options.list or not chosen:
        for one in chosen or FAULTS.values():
            print(f"{one.name:42} {one.what}")
        return 0 if chosen else 2
    rows: list[dict[str, object]] = []
    failed = False
    for one in chosen:
        began = time.monotonic()
        try:
            came = asyncio.run(_run(one, options.trials if one.repeats else 1))
        except Exception as error:
            traceback.print_exc()
            print(f"{one.name}: BROKEN {error!r}", flush=True)
            rows.append({"fault": one.name, "broken": str(error)})
            failed = True
            continue
        failed = failed or came.findings.wrong
        rows.append(_row(one, came))
        print(_line(rows[-1]), f"({time.monotonic() - began:.0f} s in all)", flush=True)
        for kind, found in asdict(came.findings).items():
            if found:
                print(f"    {kind}: {', '.join(found[:5])}", flush=True)
        _write(rows, options.out)
    _write(rows, options.out)
    return 1 if failed else 0


async def _run(fault: Fault, trials: int) -> Outcome:
    async with Deployment(fault.engine) as deployment:
        for _ in range(trials):
            await deployment.works()
            await fault.run(deployment)
            await deployment.recovers()
        return await deployment.end(trials)


def _row(fault: Fault, came: Outcome) -> dict[str, object]:
    found = {kind: len(found) for kind, found in asdict(came.findings).items()}
    row = {key: value for key, value in asdict(came).items() if key != "findings"}
    return {"fault": fault.name, "what": fault.what, **row, **found, "recovery": round(came.recovery, 2)}


def _line(row: dict[str, object]) -> str:
    return " · ".join(f"{name} {row[name]}" if name != "fault" else str(row[name]) for name in COLUMNS)


def _write(rows: list[dict[str, object]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "survival.json").write_text(json.dumps(rows, indent=1) + "\n")
    head = "| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS) + "\n"
    lines = ["| " + " | ".join(str(row.get(name, row.get("broken", ""))) for name in COLUMNS) + " |" for row in rows]
    text = "# Faults survived\n\nRecovery in seconds, the longest of all trials.\n\n" + head + "\n".join(lines) + "\n"
    (folder / "survival.md").write_text(text)


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(143)  # so that every context ends, and with it every process


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
