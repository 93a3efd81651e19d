"""Every way to get a target file wrong: one line that says where, what, and what was probably meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import BadFile, Mistake, UsageError
from conformance.target import check_target, read_target
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conformance.spec import Spec

GOOD = """\
name: staging
instances:
  - wss://chat-1.example/ws
  - wss://chat-2.example/ws
auth:
  query_param: token
  jwt:
    secret_env: STAGING_SECRET
    algorithm: HS256
    claims: {sub: "${user_id}", username: "${name}"}
    ttl: 900
provision:
  driver: reference
  api: https://chat-1.example/api/v1
limits: {content_max: 2000}
timers: {typing_expiry: 3}
options: {sender_echo: false}
ambient: [UserPresenceUpdate]
throttle: {requests_per_second: 20, run_requests: unlimited}
protected: ["*.prod.example"]
reply: 2
"""

ADDRESS = "a WebSocket address: it begins with ws:// or wss://"
EXPECTED: dict[str, tuple[str, str, str]] = {
    # what is replaced by what → line and message
    "nothing at all": (GOOD, "", "the file is empty"),
    "a key twice": ("reply: 2", "name: other", "21: the key 'name' is here twice"),
    "an anchor": (
        "name: staging",
        "name: &n staging",
        "1: anchors and aliases are not allowed here: write the value out",
    ),
    "a tag": (
        "name: staging",
        "name: !!str staging",
        "1: the tag !!str is not allowed here; quotes make any value a text",
    ),
    "a tab": (
        "  jwt:",
        "\tjwt:",
        "7: this is not YAML: found a tab character that violates indentation; indent with spaces, not with tabs",
    ),
    "a reference without quotes": (
        '"${user_id}"',
        "${user_id}",
        "10: this is not YAML: did not find expected ',' or '}'; write ${user_id} in quotes inside { } and [ ]",
    ),
    "a missing colon": (
        "name: staging",
        "name staging",
        "2: this is not YAML: mapping values are not allowed in this context",
    ),
    "a list": (GOOD, "- name: staging\n", "1: a target file is a mapping that begins with `name:`, not a list"),
    "no name": ("name: staging\n", "", "1: `name` is missing here"),
    "an empty name": ("name: staging", 'name: ""', "1: `name`: this should not be empty"),
    "a name that is a number": ("name: staging", "name: 7", "1: `name`: 7 should be a text"),
    "no time at all": ("reply: 2", "reply: 0", "21: `reply`: 0 should be more than 0"),
    "an unknown key": ("reply: 2", "replies: 2", "21: there is no key 'replies' here; did you mean 'reply'?"),
    "a key of an earlier version": (
        "reply: 2",
        "politeness: {}",
        "21: the key 'politeness' has a new name: 'throttle'",
    ),
    "an unknown key that resembles none": (
        "reply: 2",
        "colour: red",
        "21: there is no key 'colour' here; there are ambient, auth, dialect, extends, headers, instances, keepalive,"
        " limits, name, options, protected, provision, proxy, reply, subprotocols, throttle, timers, tls, waivers",
    ),
    "instances by another name": (
        "instances:",
        "instance:",
        "2: there is no key 'instance' here; did you mean 'instances'?",
    ),
    "one address and no list": (
        "instances:\n  - wss://chat-1.example/ws\n  - wss://chat-2.example/ws",
        "instances: wss://chat-1.example/ws",
        '2: `instances`: "wss://chat-1.example/ws" should be a list',
    ),
    "no address": (
        "instances:\n  - wss://chat-1.example/ws\n  - wss://chat-2.example/ws",
        "instances: []",
        "2: `instances`: this should not be empty",
    ),
    "the same address twice": (
        "chat-2",
        "chat-1",
        "4: wss://chat-1.example/ws is here twice; each instance has its own address",
    ),
    "an address of HTTP": (
        "- wss://chat-1",
        "- https://chat-1",
        f"3: https://chat-1.example/ws is not {ADDRESS}; did you mean wss://chat-1.example/ws?",
    ),
    "an address without a scheme": (
        "- wss://chat-1",
        "- chat-1",
        "3: chat-1.example/ws does not say ws:// or wss://; did you mean wss://chat-1.example/ws?",
    ),
    "an address with a space": (
        "wss://chat-1.example/ws",
        '"wss://chat-1.example/ws "',
        "3: 'wss://chat-1.example/ws ' holds a space or a control character",
    ),
    "an address with a password": (
        "wss://chat-1",
        "wss://bob:hunter2@chat-1",
        "3: wss://…@chat-1.example/ws holds a user name or password; leave it out, credentials come from the"
        " environment",
    ),
    "an address with a token": (
        "chat-1.example/ws\n",
        "chat-1.example/ws?token=eyJ\n",
        "3: wss://chat-1.example/ws carries `token` already: each user has a token of its own",
    ),
    "an address with no port": (
        "chat-1.example/ws\n",
        "chat-1.example:/ws\n",
        "3: wss://chat-1.example:/ws has a port that is not a number from 1 to 65535",
    ),
    "an address with a port too large": (
        "chat-2.example/ws",
        "chat-2.example:80800/ws",
        "4: wss://chat-2.example:80800/ws has a port that is not a number from 1 to 65535",
    ),
    "an address with a variable": (
        "wss://chat-2.example/ws",
        '"wss://${HOST}/ws"',
        "4: ${HOST} means nothing here; write ${env.HOST}",
    ),
    "an address that is a number": ("wss://chat-2.example/ws", "8000", "4: `instances`, item 2: 8000 should be a text"),
    "an API at a WebSocket": (
        "api: https://",
        "api: wss://",
        "14: wss://chat-1.example/api/v1 is not an HTTP address: it begins with http:// or https://;"
        " did you mean https://chat-1.example/api/v1?",
    ),
    "the secret itself": (
        "secret_env: STAGING_SECRET",
        "secret: hunter2-hunter2-hunter2",
        "8: there is no key 'secret' here; did you mean 'secret_env'?",
    ),
    "a value that is no name of a variable": (
        "secret_env: STAGING_SECRET",
        "secret_env: hunter2-hunter2",
        "8: `secret_env` takes the name of an environment variable, never the secret itself",
    ),
    "a dollar before the variable": (
        "secret_env: STAGING_SECRET",
        "secret_env: $STAGING_SECRET",
        "8: `secret_env` takes the name of an environment variable, never the secret itself",
    ),
    "an algorithm that is none": (
        "HS256",
        "HS265",
        "9: `algorithm`: \"HS265\" is not one of HS256, HS384, HS512; did you mean 'HS256'?",
    ),
    "an algorithm of another kind": (
        "HS256",
        "RS256",
        "9: `algorithm`: \"RS256\" is not one of HS256, HS384, HS512; did you mean 'HS256'?",
    ),
    "a token that ends at once": ("ttl: 900", "ttl: 1", "11: `ttl`: 1 should be at least 30"),
    "a duration with its unit": ("ttl: 900", "ttl: 15m", '11: `ttl`: "15m" should be a number'),
    "a claim of an unknown name": ("${name}", "${nmae}", "10: a claim knows no ${nmae}; did you mean ${name}?"),
    "claims that are the same for all": (
        '{sub: "${user_id}", username: "${name}"}',
        "{role: user}",
        "10: no claim holds ${user_id} or ${name}: all users would be the same one",
    ),
    "no driver": (
        "  driver: reference\n  api: https://chat-1.example/api/v1\n",
        "  {}\n",
        "12: `driver` is missing here",
    ),
    "a limit that is none": (
        "content_max",
        "content_maximum",
        "15: the profile has no limits.content_maximum; did you mean 'content_max'?",
    ),
    "a limit of nothing": ("content_max: 2000", "content_max: 0", "15: `content_max`: 0 should be at least 1"),
    "a limit with its unit": (
        "content_max: 2000",
        "content_max: 2kB",
        '15: `content_max`: "2kB" does not look as it should: A whole number of at least 1, or the word none.',
    ),
    "a timer with its unit": ("typing_expiry: 3", "typing_expiry: 3s", '16: `typing_expiry`: "3s" should be a number'),
    "a timer among the limits": (
        "content_max: 2000",
        "typing_expiry: 3",
        "15: the profile has no limits.typing_expiry; did you mean timers.typing_expiry?",
    ),
    "an option that is no word of YAML 1.2": (
        "sender_echo: false",
        "sender_echo: no",
        "17: options.sender_echo takes true or false",
    ),
    "an option whose value is none": (
        "sender_echo: false",
        "history_order: newest",
        "17: options.history_order takes newest_first or oldest_first; did you mean 'newest_first'?",
    ),
    "an ambient type that is none": (
        "[UserPresenceUpdate]",
        "[UserPresence]",
        "18: there is no message type (outgoing) 'UserPresence'; did you mean 'UserPresenceUpdate'?",
    ),
    "a rate that is a word": (
        "requests_per_second: 20",
        "requests_per_second: slow",
        '19: `requests_per_second`: "slow" does not look as it should: A number of at least 0.1, or the word'
        " unlimited.",
    ),
    "a rate that is none": (
        "requests_per_second: 20",
        "requests_per_second: 0",
        "19: `requests_per_second`: 0 should be at least 0.1",
    ),
    "a rate of another name": (
        "requests_per_second",
        "request_per_second",
        "19: there is no key 'request_per_second' here; did you mean 'requests_per_second'?",
    ),
    "a total with a comma": (
        "run_requests: unlimited",
        'run_requests: "10,000"',
        '19: `run_requests`: "10,000" does not look as it should: A whole number of at least 1, or the word unlimited.',
    ),
    "a pattern and no list": (
        '["*.prod.example"]',
        '"*.prod.example"',
        '20: `protected`: "*.prod.example" should be a list',
    ),
    "an empty pattern": ('["*.prod.example"]', '[""]', "20: `protected`, item 1: this should not be empty"),
    "a reply that takes for ever": ("reply: 2", "reply: 3600", "21: `reply`: 3600 should be at most 120"),
    "a reply with its unit": ("reply: 2", "reply: 2s", '21: `reply`: "2s" should be a number'),
    "a number that is none": ("reply: 2", "reply: .nan", '21: `reply`: ".nan" should be a number'),
    "a number beyond all bounds": ("reply: 2", "reply: 1e999", "21: 1e999 is too large a number"),
    "nothing where something should be": ("reply: 2", "reply:", "21: `reply`: null should be a number"),
}


def said_of(file: Path, text: str, spec: Spec) -> str:
    """Give what is said of a file, without its folder; empty: nothing."""
    file.write_text(text, encoding="utf-8")
    try:
        check_target(file, spec)
    except BadFile as error:
        return str(error).replace(f"{file}:", "").strip()
    return ""


@pytest.mark.parametrize(("old", "new", "said"), EXPECTED.values(), ids=EXPECTED.keys())
def test_a_mistake_is_one_line_that_says_what_was_meant(
    tmp_path: Path, spec: Spec, old: str, new: str, said: str
) -> None:
    assert old in GOOD
    found = said_of(tmp_path / "target.yaml", GOOD.replace(old, new, 1), spec)
    assert found == said
    assert "hunter2" not in found


def test_the_file_that_is_spoiled_here_is_good(tmp_path: Path, spec: Spec) -> None:
    assert said_of(tmp_path / "target.yaml", GOOD, spec) == ""


def test_a_driver_that_is_none_is_told_with_the_one_that_was_meant(tmp_path: Path, spec: Spec) -> None:
    said = said_of(tmp_path / "target.yaml", GOOD.replace("driver: reference", "driver: referrence"), spec)
    assert said.startswith('13: `driver`: "referrence" is not one of ')
    assert said.endswith("; did you mean 'reference'?")


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (None, "set the environment variable STAGING_SECRET to the secret that signs the server's tokens"),
        ("", "set the environment variable STAGING_SECRET to the secret that signs the server's tokens"),
        ("hunter2", "the secret in STAGING_SECRET is shorter than 32 bytes; use a longer one"),
    ],
)
def test_a_secret_that_is_not_there_is_told_without_it(
    tmp_path: Path, spec: Spec, monkeypatch: pytest.MonkeyPatch, secret: str | None, said: str
) -> None:
    file = tmp_path / "target.yaml"
    file.write_text(GOOD)
    monkeypatch.delenv("STAGING_SECRET", raising=False)
    if secret is not None:
        monkeypatch.setenv("STAGING_SECRET", secret)
    with pytest.raises(UsageError) as raised:
        read_target(file, spec)
    assert said in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 2


LINES = GOOD.splitlines()
VALUES = [
    *(
        "",
        "~",
        "true",
        "no",
        "0",
        "-1",
        "1e309",
        "0x10",
        ".inf",
        "[]",
        "{}",
        "[[]]",
        '""',
        "'",
        '"',
        "a: b",
        "- a",
        "*a",
        "&a 1",
    ),
    *(
        "!!python/object:os.system x",
        "<<",
        "${x}",
        "${",
        "\\",
        "\t",
        "\x00",
        "\u202e",
        "\ufeff",
        "\x1b[2J",
        "\ud800",
        "ws://",
        "x" * 5000,
    ),
    *(
        "[" * 70,
        "{a: " * 70,
        "9" * 5000,
        "[wss://a/ws, wss://a/ws]",
        "http://a",
        "|\n  x",
        "? x",
        "%YAML 1.1",
        "---",
        "...",
        "#",
    ),
]


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """Give a target file in which a few things have been changed somewhere."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(lines) - 1))
        line = lines[index]
        key = line.partition(":")[0]
        change = draw(st.sampled_from(["value", "key", "drop", "twice", "indent", "insert", "cut", "move"]))
        value = draw(st.sampled_from(VALUES) | st.text(max_size=20))
        match change:
            case "value":
                lines[index] = f"{key}: {value}"
            case "key":
                lines[index] = line.replace(key.strip(" -") or "-", value or "x", 1)
            case "drop" if len(lines) > 1:
                del lines[index]
            case "twice":
                lines.insert(index, line)
            case "indent":
                lines[index] = draw(st.sampled_from([" ", "  ", "\t", "- "])) + line
            case "insert":
                at = draw(st.integers(0, len(line)))
                lines[index] = line[:at] + value + line[at:]
            case "cut":
                lines[index] = line[: draw(st.integers(0, len(line)))]
            case "move":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(index))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


@given(data=spoiled())
@settings(max_examples=examples(300), deadline=5000)
def test_whatever_is_changed_the_file_loads_or_is_refused_by_lines_that_name_it(
    tmp_path_factory: pytest.TempPathFactory, spec: Spec, data: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "spoiled.yaml"
    file.write_bytes(data)
    mistakes: Sequence[Mistake] = ()
    try:
        check_target(file, spec)
    except BadFile as error:
        mistakes = error.mistakes or [Mistake(file, 0, "")]
    for shown in map(str, mistakes):
        assert re.match(rf"{re.escape(str(file))}:(\d+:)? .", shown)
        assert len(shown.splitlines()) == 1
        assert len(shown) < 1500
