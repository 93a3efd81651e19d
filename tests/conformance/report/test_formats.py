"""What is promised of every form of a report, whatever is in it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings

from conformance.report import FILES, FORMATS, build
from conformance.report.differences import UNCHECKED
from conformance.report.text import visible
from conformance.results.runlog.records import INSECURE, DialectEntry
from tests.conformance.report import hostile, runs


def rendered(form: str, name: str) -> str:
    run = runs.KINDS[name]
    return FORMATS[form](build(run), run)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", runs.KINDS)
def test_every_form_shows_every_kind_of_run(form: str, kind: str) -> None:
    text = rendered(form, kind)
    assert text.endswith("\n") or (form, kind) == ("github", "good")
    assert rendered(form, kind) == text


@pytest.mark.parametrize("form", FORMATS)
@settings(deadline=None, max_examples=25)
@given(text=hostile.texts)
def test_no_form_lets_out_a_character_that_acts(form: str, text: str) -> None:
    run = runs.hostile(text)
    shown = FORMATS[form](build(run), run)
    assert shown.encode()
    assert all(line == visible(line) for line in shown.split("\n"))


@pytest.mark.parametrize("form", ["text", "markdown", "json", "html", "junit"])
@pytest.mark.parametrize(
    "text",
    ["\n::add-mask::PASS", "x\n \t::error::forged", "##[add-mask]PASS", "a ##vso[task.x]b", "###[group]", "####vso[x]"],
)
def test_no_form_says_a_command_to_the_log_of_a_ci_job(form: str, text: str) -> None:
    run = runs.hostile(text)
    lines = FORMATS[form](build(run), run).split("\n")
    assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line or "##vso[" in line]


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "json"])
def test_no_form_for_people_grows_with_a_huge_string(form: str) -> None:
    run = runs.hostile("<x>\u202e" * 250_000)
    shown = FORMATS[form](build(run), run)
    size = len(shown.encode())
    assert size < 300_000


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_says_that_certificates_were_not_checked(form: str) -> None:
    run = runs.good()
    run = replace(run, header=replace(run.header, dialect=(DialectEntry(INSECURE, "checked", "not checked"),)))
    text = FORMATS[form](build(run), run)
    said = {"badge": "(insecure)", "shields": "(insecure)", "json": INSECURE}
    assert said.get(form, UNCHECKED) in " ".join(text.split())


def test_every_file_of_a_run_has_a_form() -> None:
    assert set(FILES.values()) <= set(FORMATS)


def test_no_form_is_paid_for_that_is_not_used() -> None:
    code = (
        "import sys, conformance.report; print([m for m in sys.modules if m.startswith(('jinja2', 'rich.progress'))])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
