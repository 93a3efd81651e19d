"""The project's tasks, one session each: `nox -l` lists them, `nox -s NAME` runs one."""

from __future__ import annotations

import os
import shutil

import nox

nox.options.sessions = ["lint", "typing", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True

WORKERS = str((os.cpu_count() or 1) + 2)
"""Two more than there are cores: the tests wait for servers and timers half their time."""

# Where this is set, as in many images, every process would compile all code again, and each worker rewrite every test.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, on all cores; arguments go to pytest."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-n", WORKERS, "--dist", "worksteal", *session.posargs)


@nox.session
def end_to_end(session: nox.Session) -> None:
    """Run the tests that follow a user through whole commands, servers and pages; arguments go to pytest."""
    session.install("-e", ".[test]")
    _bring_a_browser(session)
    chosen = "end_to_end and not nightly"
    session.run("python", "-m", "pytest", "-n", WORKERS, "--dist", "worksteal", "-m", chosen, *session.posargs)


def _bring_a_browser(session: nox.Session) -> None:
    """Find Chromium, or install it: from the system's packages, else by playwright; without one the tests say so."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    if any(map(shutil.which, names)):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        any_code = range(256)  # a package that is not available does not fail the session
        session.run("apt-get", "update", "-q", external=True, success_codes=any_code, silent=True)
        packages = ("chromium", "fonts-dejavu-core")
        session.run("apt-get", "install", "-qy", *packages, external=True, success_codes=any_code, silent=True)
    if not shutil.which("chromium"):
        session.run("python", "-m", "playwright", "install", "--with-deps", "chromium", success_codes=range(256))


@nox.session
def clients(session: nox.Session) -> None:
    """Compile the clients' types and run what they promise; needs Node.js, Go and Rust; arguments go to pytest."""
    session.install("-e", ".[test]")
    with session.chdir("clients"):
        session.run("npm", "ci", external=True)
        session.run("node", "generate.mjs", "--check", external=True)
    session.run("python", "-m", "pytest", "-m", "clients", "tests/clients", *session.posargs)


@nox.session
def nightly(session: nox.Session) -> None:
    """Run what takes too long for every change: tests marked nightly, more examples, all faults, variants, clients."""
    session.install("-e", ".[test]")
    _bring_a_browser(session)
    session.run("python", "-m", "pytest", "-n", "2", "--dist", "worksteal", "-m", "nightly", *session.posargs)
    session.run("python", "-m", "pytest", "-n", "2", "-m", "hypothesis", "--hypothesis-profile", "nightly")
    session.run("python", "-m", "tests.faults")
    session.run("python", "-m", "tests.variants")
    session.notify("clients")


LOWEST_SAMPLE = (
    "tests/spec",
    "tests/conformance/files",
    "tests/conformance/scenario",
    "tests/conformance/target/access",
    "tests/conformance/target/provision/test_api_client.py",
    "tests/conformance/target/provision/test_reference.py",
    "tests/conformance/wire",
    "tests/reference_server/test_connection.py",
    "tests/reference_server/test_session.py",
    "--ignore=tests/spec/test_targets.py",
)
"""Tests of what the dependencies do for us: reading, checking, both ends of a connection.

The earlier servers, in the file that is left out, need a newer websockets than everything else.
"""


@nox.session
def lowest(session: nox.Session) -> None:
    """Run a sample of the tests with the oldest dependencies that are allowed; arguments replace the sample."""
    session.install("uv")
    python = f"{session.bin}/python"
    session.run("uv", "pip", "install", "--python", python, "--resolution", "lowest-direct", "-e", ".[test]")
    session.run("python", "-m", "pytest", "-n", "2", "--dist", "worksteal", *(session.posargs or LOWEST_SAMPLE))


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style with ruff, the package imports with import-linter, and the spec with chat-parity lint."""
    session.install("-e", ".[lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("chat-parity", "lint")


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types with mypy, in strict mode."""
    session.install("-e", ".[typing]")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of the protocol and the guides, a minute; arguments go to chat-parity docs."""
    session.install("-e", ".[docs]")
    session.run("chat-parity", "docs", *session.posargs)


@nox.session
def parity(session: nox.Session) -> None:
    """Run the whole protocol against the reference server; arguments go to chat-parity run."""
    session.install("-e", ".")
    session.run("chat-parity", "run", *session.posargs)


@nox.session
def engines(session: nox.Session) -> None:
    """Run the whole protocol against three processes on PostgreSQL and Redis; arguments go to chat-parity run."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.engines", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Run the scenarios against the reference server with each fault in turn; arguments go to `tests.faults`.

    All faults take hours; `-- NAME` runs one, and CI a sample: `-- --quick --sample 40 --seed 1`.
    """
    session.install("-e", ".")
    session.run("python", "-m", "tests.faults", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Put the reference server under load through crashes, cuts and full disks; arguments go to `tests.survival`.

    A trial of each takes half an hour: `-- 'sqlite.*'` runs some, `-- '*.kill' --trials 100` more often.
    """
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.survival", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure how fast the scenarios run; takes some minutes; arguments go to `tests.bench`.

    `-- commits`, `-- delivery` and `-- paging` measure the reference server instead, on SQLite and PostgreSQL;
    `-- keepalive` measures what the pings of a run cost.
    """
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def variants(session: nox.Session) -> None:
    """Run the scenarios against each legal variant, which must pass; arguments go to `tests.variants`."""
    session.install("-e", ".")
    session.run("python", "-m", "tests.variants", *session.posargs)


@nox.session
def explored(session: nox.Session) -> None:
    """Measure the share of faults that `explore` finds; arguments go to `tests.explored`.

    Two minutes for each fault take a day; `-- --sample 40 --seconds 20` takes a quarter of an hour, and
    `-- --variants` shows that nothing is found on legal servers.
    """
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.explored", *session.posargs)


@nox.session
def load(session: nox.Session) -> None:
    """Load the reference server for five minutes; arguments replace the options of `chat-parity load`."""
    session.install("-e", ".[load]")
    words = session.posargs or ("--users", "4", "--duration", "5m", "--seed", "1")
    session.run("chat-parity", "load", *words)


@nox.session
def stability(session: nox.Session) -> None:
    """Run the scenarios many times, in random orders and with all cores busy, and report flaky ones; takes hours."""
    session.install("-e", ".")
    session.run("python", "-m", "tests.stability", *session.posargs)
