"""Whatever the guides tell people to type is typed here, word by word, with the reference server for theirs.

Three things differ. A target file that was written for a server elsewhere is made one of the reference server; a run of
everything is one of a single feature; and what only builds or installs is left out, by name.
"""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import _VERBS, main
from conformance.target.embedded import embedded
from tests.doubles.hosting import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.spec import Spec
    from conformance.target.embedded import Embedded

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LEFT_OUT = ("python -m pip install", "python -m nox", "docker compose")
"""What installs, takes minutes, or needs Docker."""
FIRST_SCREEN = 20
"""Lines."""
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")
STANDING_IN = """\
name: {name}
instances: [{instances}]
auth: {{jwt: {{secret_env: {secret_env}}}}}
provision: {{driver: reference}}
timers: {{rest: 0.5}}
"""


def commands(page: Path) -> list[tuple[str, int]]:
    """Give the lines of a page's shell blocks, without comments, and the exit code: 0, or what `# ends with N` says."""
    found = []
    for line in "".join(BLOCK.findall(page.read_text(encoding="utf-8"))).splitlines():
        command, _, comment = line.partition("  #")
        ending = re.match(r" ends with (\d)", comment)
        found.append((command.strip(), int(ending[1]) if ending else 0))
    return [one for one in found if one[0]]


@pytest.fixture(scope="module")
def server(whole_spec: Spec) -> Iterator[Embedded]:
    with hosted(embedded(whole_spec)) as (_, server):
        yield server


class Reader:
    """Somebody who follows a guide, in an empty folder."""

    def __init__(self, server: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
        self._server = server
        self._monkeypatch = monkeypatch
        self.stand_in("staging.yaml", "JWT_SECRET")

    def type(self, line: str, code: int) -> None:
        """Do what a line says, and see that it ends with this exit code."""
        for command in line.split(" && "):
            words = shlex.split(command)
            if words[0] == "export":
                self._export(words[1:])
            elif words[:3] == ["chat-parity", "serve", "--demo"]:
                serve(words[1:])
            elif words[0] == "chat-parity":
                self._run(words[1:], code)
            else:
                assert command.startswith(LEFT_OUT), f"nobody knows what this does: {command}"

    def stand_in(self, file: str, secret_env: str) -> None:
        """Make a target file one of the reference server."""
        instances = ", ".join(f'"{url}"' for url in self._server.instances)
        text = STANDING_IN.format(name=Path(file).stem, instances=instances, secret_env=secret_env)
        Path(file).write_text(text)

    def _export(self, words: list[str]) -> None:
        for word in words:
            name, _, value = word.partition("=")
            assert value == "…", "a guide shows no secret"
            self._monkeypatch.setenv(name, self._server.secret)

    def _run(self, words: list[str], code: int) -> None:
        with pytest.raises(SystemExit) as ended:
            main(narrowed(words))
        assert (ended.value.code or 0) == code, shlex.join(words)
        if words[0] == "init":
            written = Path(words[1])
            self.stand_in(words[1], re.findall(r"secret_env: (\w+)", written.read_text())[0])


def narrowed(words: list[str]) -> list[str]:
    """Make a run of everything one of a feature, and a look at everything one at a single place."""
    more = [word for word in words[1:] if not word.endswith(".yaml")]
    if words[0] == "run" and not any(word in ("--feature", "--rule") or "*" in word for word in more):
        return [*words, "--rule", "PING-1", "--no-probes"]
    return [*words, "greeting"] if words[0] == "probe" and more in ([], ["--why"]) else words


def serve(words: list[str]) -> None:
    """Start the server as somebody would, wait until it says where it is, and stop it as somebody would."""
    command = [sys.executable, "-m", "conformance.cli", *words, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            assert any("ws://" in line and "token=" in line for line in process.stdout)
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            assert process.wait(30) == 0
        finally:
            process.kill()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_does_what_the_page_says(
    page: Path, server: Embedded, whole_spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    shutil.copytree(ROOT / "spec", tmp_path / "spec")  # which a guide may change
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    for verb in _VERBS:
        module = importlib.import_module(f"conformance.cli.{'listing' if verb == 'list' else verb}")
        if hasattr(module, "load"):
            monkeypatch.setattr(module, "load", lambda _: whole_spec)
    lint = importlib.import_module("conformance.cli.lint")
    if page.stem != "change-the-protocol":  # elsewhere only the target file is looked at
        monkeypatch.setattr(lint, "find_mistakes", lambda *_: [])
    reader = Reader(server, monkeypatch)
    for line, code in commands(page):
        reader.type(line, code)
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / link
        assert target.exists(), f"{page.name} → {link}"
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
            assert anchor[1:] in anchors | set(re.findall(r'<a id="([^"]+)">', target.read_text(encoding="utf-8")))


def test_every_guide_is_found_from_the_readme() -> None:
    listed = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        if page.parent.name == "docs" and page.name != "README.md":
            assert f"({page.name})" in listed
            assert f"(docs/{page.name})" in readme


class TestTheGlossary:
    TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    TERMS = re.findall(r'<a id="([a-z-]+)"></a>', TEXT)

    def test_explains_each_term_once_in_one_sentence(self) -> None:
        assert len(self.TERMS) == len(set(self.TERMS)) >= 30
        rows = [row.split(" | ")[1] for row in self.TEXT.splitlines() if "<a id=" in row]
        assert [row for row in rows if not re.fullmatch(r"[^.]+(\.\S[^.]*)*\. \|", row)] == []

    def test_has_a_link_to_every_term_and_a_term_for_every_link(self) -> None:
        pages = [*PAGES, ROOT / "CONTRIBUTING.md"]
        linked = {term for page in pages for term in re.findall(r"glossary\.md#([a-z-]+)", page.read_text("utf-8"))}
        assert linked == set(self.TERMS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_has_a_command_in_its_first_screen(page: Path) -> None:
    first = page.read_text(encoding="utf-8").splitlines()[:FIRST_SCREEN]
    assert "```sh" in first


def test_the_way_of_a_scenario_names_functions_that_exist() -> None:
    text = (ROOT / "docs" / "follow-one-scenario.md").read_text(encoding="utf-8")
    named = re.findall(r"\| `(conformance/[a-z_/]+\.py)` \| `(\w+)` \|", text)
    assert len(named) == 20
    for file, function in named:
        assert re.search(rf"def {function}\(", (ROOT / file).read_text(encoding="utf-8")), (file, function)
