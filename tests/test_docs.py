"""Whatever the guides tell people to type is typed here, word by word and in order, and works on what came before.

Five things differ. The address in a target file becomes that of a server here: the reference server, or the double of
the earlier server whose example the guide copies. A run of much is one of a few scenarios. The spec is read once, but
where a guide changes it. The site of `docs` is not built. What only builds or installs is left out, by name.
"""

from __future__ import annotations

import importlib
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import _VERBS, main
from conformance.target.embedded import embedded
from reference_server.earlier.acknowledge_everything import acknowledging
from reference_server.earlier.relay_everything import relaying
from tests.conformance.run_contexts import SECRET
from tests.doubles.hosting import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.spec import Spec

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LEFT_OUT = ("python -m pip install", "python -m nox", "docker compose")
"""What installs, takes minutes, or needs Docker."""
FIRST_SCREEN = 20
"""Lines."""
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")
ADDRESS = re.compile(r"wss?://[^\"'\]\s]+")
ONE = {
    "edit_message": ["edit-message.history-has-it"],
    "edit-message.*": ["--rule", "EDIT-4"],
    "ping_pong": ["ping-pong.one-pong-per-ping"],
    "PING-1": ["ping-pong.one-pong-per-ping"],
}
"""What narrows a selection of the guides to one scenario, or a few."""
SILENT = {"go.yaml", "new.yaml"}
"""Files of the double that answers nothing, for which nobody has to wait long."""
FIRST_STEP = "chat-parity init staging.yaml "
"""What the README begins with; other pages begin after it."""


def commands(page: Path) -> list[tuple[str, int]]:
    """Give the lines of a page's shell blocks, without comments, and the exit code: 0, or what `# ends with N` says."""
    found = []
    for line in "".join(BLOCK.findall(page.read_text(encoding="utf-8"))).splitlines():
        command, _, comment = line.partition("  #")
        ending = re.match(r" ends with (\d)", comment)
        found.append((command.strip(), int(ending[1]) if ending else 0))
    return [one for one in found if one[0]]


@dataclass(frozen=True)
class Server:
    """A server that a reader may have: where it is, and the secret of its tokens."""

    address: str
    secret: str


@pytest.fixture(scope="module")
def servers(whole_spec: Spec) -> Iterator[dict[str, Server]]:
    """The reference server, and the doubles of the two earlier ones under the names of their examples."""
    with hosted(embedded(whole_spec)) as (_, own), hosted(acknowledging()) as rust, hosted(relaying(SECRET)) as go:
        yield {
            "reference": Server(own.instances[0], own.secret),
            "rust-chat-server": Server(rust, SECRET),
            "veza-backend-api": Server(go, SECRET),
        }


class Reader:
    """Somebody who follows a guide, in a folder with nothing but what its commands have written."""

    def __init__(self, servers: dict[str, Server], monkeypatch: pytest.MonkeyPatch) -> None:
        self._servers = servers
        self._monkeypatch = monkeypatch

    def type(self, line: str, code: int) -> None:
        """Do what a line says, and see that it ends with this exit code."""
        for command in line.split(" && "):
            words = shlex.split(command)
            if words[0] == "export":
                self._export(words[1:])
            elif words[:3] == ["chat-parity", "serve", "--demo"]:
                serve(words[1:])
            elif words[:3] == ["chat-parity", "serve", "--dialect"]:
                describe_names(Path(words[3]))
                serve(words[1:])
            elif words[0] == "chat-parity":
                self._run(words[1:], code)
            else:
                assert command.startswith(LEFT_OUT), f"nobody knows what this does: {command}"

    def _export(self, words: list[str]) -> None:
        for word in words:
            name, _, value = word.partition("=")
            assert value == "…", "a guide shows no secret"
            server = self._servers["reference"] if name == "JWT_SECRET" else self._servers["veza-backend-api"]
            self._monkeypatch.setenv(name, server.secret)

    def _run(self, words: list[str], code: int) -> None:
        if words[0] == "judge":
            record(Path(words[1]))
        with pytest.raises(SystemExit) as ended:
            main(narrowed(words))
        assert (ended.value.code or 0) == code, shlex.join(words)
        if words[0] == "init":
            example = words[words.index("--example") + 1] if "--example" in words else "reference"
            self._put_address_into(Path(words[1]), self._servers[example].address)

    def _put_address_into(self, file: Path, address: str) -> None:
        """Do what the guides ask for in words, and nothing else."""
        before, key, after = file.read_text(encoding="utf-8").partition("\ninstances:")
        text, count = ADDRESS.subn(address, after, count=1)
        assert count == 1
        file.write_text(before + key + text, encoding="utf-8")


def record(file: Path) -> None:
    """Write the recording that a reader has: a connection that asks for nothing but a Pong."""
    received = ('{"type":"ActionConfirmed","action":"connected","success":true}', '{"type":"Pong"}')
    frames = (("receive", received[0]), ("send", '{"type":"Ping"}'), ("receive", received[1]))
    messages = [{"type": way, "time": 1.8e9 + at, "opcode": 1, "data": data} for at, (way, data) in enumerate(frames)]
    entry = {"request": {"url": "wss://chat.example/ws"}, "_webSocketMessages": messages}
    file.write_text(json.dumps({"log": {"entries": [entry]}}), encoding="utf-8")


def describe_names(file: Path) -> None:
    """Give a target file the dialect that the reader's own has."""
    if "dialect:" not in file.read_text(encoding="utf-8"):
        with file.open("a", encoding="utf-8") as lines:
            lines.write("dialect: {types: {SendMessage: message.send}}\n")


def narrowed(words: list[str]) -> list[str]:
    """Make a run of everything one of two scenarios, of a feature one of one, a look at all one at a place.

    An exploration ends after two conversations, and a load after a second.
    """
    more = [word for word in words[1:] if not word.endswith(".yaml")]
    if words[0] == "explore":
        return [*words, "--conversations", "2", "--jobs", "1"]
    words = without(words, "--max-p99-ratio")  # a load of a second is too short to compare
    if words[0] == "load":
        left = without(without(words, "--mix"), "--workers")  # a test of their own has workers
        return [*left, "--mix", "ping_pong", "--users", "1", "--ramp", "0", "--duration", "1s"]
    if words[0] == "run":
        chosen = [part for word in more for part in ONE.get(word, [])]
        if not chosen and not any("." in word for word in more):
            chosen = ["ping-pong.one-pong-per-ping", "edit-message.history-has-it", "--no-probes"]
        return [*words, *chosen, *(["--time-scale", "0.1"] if SILENT & set(words) else [])]
    return [*words, "greeting"] if words[0] == "probe" and more in ([], ["--why"]) else words


def without(words: list[str], option: str) -> list[str]:
    """Leave out an option and its value."""
    at = words.index(option) if option in words else len(words)
    return words[:at] + words[at + 2 :]


def serve(words: list[str]) -> None:
    """Start the server as somebody would, wait until it says where it is, and stop it as somebody would."""
    command = [sys.executable, "-m", "conformance.cli", *words, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            sign = "token=" if "--demo" in words else "ready"
            assert any("ws://" in line and sign in line for line in process.stdout)
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            assert process.wait(100) == 0
        finally:
            process.kill()


@pytest.mark.end_to_end
@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_does_what_the_page_says(
    page: Path, servers: dict[str, Server], whole_spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    changes = page.stem == "change-the-protocol"
    if changes:
        shutil.copytree(ROOT / "spec", tmp_path / "spec")
    else:
        monkeypatch.setattr(importlib.import_module("conformance.cli.lint"), "find_mistakes", lambda *_: [])
    read_the_spec_once(monkeypatch, whole_spec, *(["lint"] if changes else []))
    monkeypatch.setattr(importlib.import_module("conformance.cli.docs"), "build_site", lambda _, out: out.mkdir())
    reader = Reader(servers, monkeypatch)
    steps = commands(page)
    if page.stem != "README" or page.parent != ROOT:
        steps = [one for one in commands(ROOT / "README.md") if one[0].startswith(FIRST_STEP)] + steps
    for line, code in steps:
        reader.type(line, code)
    for number, handler in before.items():
        signal.signal(number, handler)


def read_the_spec_once(monkeypatch: pytest.MonkeyPatch, spec: Spec, *but: str) -> None:
    for verb in _VERBS.keys() - set(but):
        module = importlib.import_module(f"conformance.cli.{'listing' if verb == 'list' else verb}")
        name = "load_spec" if verb == "load" else "load"
        if hasattr(module, name):
            monkeypatch.setattr(module, name, lambda _: spec)


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
