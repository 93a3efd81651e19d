"""`chat-parity lint [TARGET-FILE …]`: find every mistake in the spec and in target files, with file and line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from conformance.cli.documents import stale_documents
from conformance.cli.options import format_option
from conformance.cli.spec_folder import spec_folder_of, spec_option
from conformance.cli.targets import is_scenario_file
from conformance.errors import BadFile, Mistake, UsageError, shown
from conformance.lint import lint as find_mistakes
from conformance.lint.ledger import accept as with_new_ids
from conformance.lint.ledger import read_ledger, render
from conformance.report import write_file
from conformance.report.text import as_json, plural
from conformance.spec import load
from conformance.spec.folder import is_installed_copy
from conformance.target import check_target


@click.command()
@click.argument("targets", nargs=-1, type=click.Path(path_type=Path), metavar="[TARGET-FILE …]")
@spec_option
@format_option()
@click.option("--accept", is_flag=True, help="First add the ids that are new to the ledger of the spec.")
@click.pass_context
def lint(ctx: click.Context, targets: tuple[Path, ...], spec_folder: Path | None, form: str, accept: bool) -> None:
    """Find every mistake in the spec, and in target files: `file:line: what is wrong, and what to do`.

    The exit code is 0 if there is no mistake, else 2.

    \b
    Examples:
      chat-parity lint
      chat-parity lint staging.yaml
      chat-parity lint --accept                # after a new rule or scenario
    """
    folder = spec_folder_of(spec_folder)
    if accept and is_installed_copy(folder):
        raise UsageError(f"{folder} is the installed copy of the spec; call lint where ./spec is yours, or use --spec")
    findings = _look(folder, targets, accept)
    place = f"spec: {shown(folder)}/"
    if form == "json":
        click.echo(as_json({"spec": str(folder)} | _document(findings)), nl=False)
    elif findings.mistakes:
        for mistake in findings.mistakes:
            click.echo(str(mistake))
        count = len(findings.mistakes)
        click.echo(f"{plural(count, 'finding')} in {findings.files} files ({place})", err=True)
        if not findings.whole:
            click.echo("The spec could not be read whole; more may be found once these are repaired.", err=True)
    else:
        click.echo(f"{findings.files} files, no findings ({place})")
    ctx.exit(2 if findings.mistakes else 0)


@dataclass(frozen=True, slots=True)
class _Findings:
    """What was checked and found; `whole` is False if the spec could not be read, so that less was checked."""

    files: int
    mistakes: tuple[Mistake, ...]
    whole: bool = True


def _look(folder: Path, targets: tuple[Path, ...], accept: bool) -> _Findings:
    # A run without a target reads this file, so lint reports it when it is missing.
    shipped = sorted({folder / "targets" / "reference.yaml", *(folder / "targets").glob("*.yaml")})
    files = sum(1 for file in folder.rglob("*") if file.suffix in (".yaml", ".json")) + len(targets)
    try:
        spec = load(folder)
        ledger = read_ledger(spec)
    except BadFile as error:
        return _Findings(files, error.mistakes, whole=False)
    if accept:
        ledger = with_new_ids(spec, ledger)
        write_file(ledger.file, render(ledger, spec.features))
        ledger = read_ledger(spec)
    mistakes = find_mistakes(spec, ledger)
    for file in (*shipped, *targets):
        if is_scenario_file(str(file)):
            said = (
                f"this is a scenario, and lint takes target files: `chat-parity run TARGET {file}` checks and runs it"
            )
            mistakes += (Mistake(file, 1, said),)
            continue
        try:
            check_target(file, spec)
        except BadFile as error:
            mistakes += error.mistakes
    if not mistakes:  # a mistake might be mended before anything is written again
        mistakes += stale_documents(spec)
    return _Findings(files, tuple(mistakes))


def _document(findings: _Findings) -> dict[str, object]:
    return {
        "files": findings.files,
        "whole": findings.whole,
        "mistakes": [
            {"file": str(mistake.file), "line": mistake.line, "message": mistake.message}
            for mistake in findings.mistakes
        ],
    }
