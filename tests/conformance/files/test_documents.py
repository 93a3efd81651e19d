from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conformance.errors import BadFile
from conformance.files import documents
from conformance.files.documents import MAX_BYTES, MAX_DEPTH, Document, read_json, read_yaml
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.yaml"


def written(file: Path, text: str | bytes) -> Path:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def refusal(file: Path, read: Any = read_yaml) -> str:
    """What is said of the file, without its folder."""
    with pytest.raises(BadFile) as raised:
        read(file)
    (mistake,) = raised.value.mistakes
    return str(mistake).removeprefix(f"{file.parent}{os.sep}")


class TestWordsOfYaml:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            *(("true", True), ("True", True), ("TRUE", True), ("false", False), ("FALSE", False)),
            *(("no", "no"), ("on", "on"), ("yes", "yes"), ("off", "off"), ("y", "y"), ("tRUE", "tRUE")),
            *(("null", None), ("~", None), ("", None), ("Null", None), ("nULL", "nULL")),
            *(("2024-05-01", "2024-05-01"), ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z"), ("12:30", "12:30")),
            *(("0", 0), ("-7", -7), ("+7", 7), ("007", 7), ("0o17", 15), ("0x1F", 31), ("1_000", "1_000")),
            *(("1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("1e3", 1000.0), ("1e-3", 0.001), ("1.2.3", "1.2.3")),
            *((".inf", ".inf"), (".nan", ".nan"), ("0b1", "0b1"), ("+", "+"), (".", "."), ("1 2", "1 2")),
            *(
                ('"5"', "5"),
                ("'true'", "true"),
                ('""', ""),
                ("'no'", "no"),
                ("|\n  5\n", "5\n"),
                (">-\n  a\n  b", "a b"),
            ),
            *(("<<", "<<"), ("=", "="), ('"\\u00e9\\U0001F44B"', "é👋"), ("👋", "👋")),
        ],
    )
    def test_mean_what_they_do_in_version_1_2(self, file: Path, text: str, value: object) -> None:
        found = read_yaml(written(file, f"a: {text}")).value["a"]
        assert found == value
        assert type(found) is type(value)

    def test_are_always_text_when_they_are_keys(self, file: Path) -> None:
        document = read_yaml(written(file, "{1: a, true: b, no: c, ~: d, 2024-05-01: e, <<: f, '': g}"))
        assert document.value == {"1": "a", "true": "b", "no": "c", "~": "d", "2024-05-01": "e", "<<": "f", "": "g"}

    def test_may_be_alone_in_a_file(self, file: Path) -> None:
        assert read_yaml(written(file, "--- # nothing\n")).value is None
        assert read_yaml(written(file, "\ufeff5\n...\n")).value == 5


BAD_YAML = {
    "nothing": ("", "some.yaml: the file is empty"),
    "only a comment": ("# to do\n", "some.yaml: the file is empty"),
    "two documents": ("a: 1\n---\nb: 2\n", "some.yaml:2: a second document begins here; a file holds one"),
    "a key twice": ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "some.yaml:5: the key 'c' is here twice"),
    "a key twice in one line": ("{a: 1, a: 1}", "some.yaml:1: the key 'a' is here twice"),
    "a list as a key": ("a: 1\n[b]: 2\n", "some.yaml:2: a key must be plain text"),
    "a reference without quotes": ("with: {{a}: 1}\n", "some.yaml:1: a key must be plain text"),
    "a tagged key": ("!!str a: 2\n", "some.yaml:1: a key must be plain text"),
    "an anchor": (
        "a: &x [1]\nb: *x\n",
        "some.yaml:1: anchors and aliases are not allowed here: write the value out",
    ),
    "an anchor at a text": (
        "a: 1\nb: &x text\n",
        "some.yaml:2: anchors and aliases are not allowed here: write the value out",
    ),
    "an alias": ("a: *x\n", "some.yaml:1: anchors and aliases are not allowed here: write the value out"),
    "a tag": ("a: !!str 5\n", "some.yaml:1: the tag !!str is not allowed here; quotes make any value a text"),
    "a tagged list": (
        "a:\n  !set [1]\n",
        "some.yaml:2: the tag !set is not allowed here; quotes make any value a text",
    ),
    "python": (
        "a: !!python/object/apply:os.system [ls]\n",
        "some.yaml:1: the tag !!python/object/apply:os.system is not allowed here; quotes make any value a text",
    ),
    "a tab": (
        "a:\n\t- b\n",
        "some.yaml:2: this is not YAML: found character that cannot start any token; indent with spaces, not with tabs",
    ),
    "a colon too many": ("a: b: c\n", "some.yaml:1: this is not YAML: mapping values are not allowed in this context"),
    "an open quote": ("a: 1\nb: 'c\n", "some.yaml:3: this is not YAML: found unexpected end of stream"),
    "an open list": ("a: [1, 2\nb: 3\n", "some.yaml:2: this is not YAML: did not find expected ',' or ']'"),
    "a reference without quotes in braces": (
        "a: 1\nwith: {to: ${id}, b: 1}\n",
        "some.yaml:2: this is not YAML: did not find expected ',' or '}'; write ${id} in quotes inside { } and [ ]",
    ),
    "half a surrogate pair": (
        'a: "\\ud800"\n',
        "some.yaml:1: this is not YAML: found invalid Unicode character escape code",
    ),
    "a NUL": ("a: 1\nb: \0\n", "some.yaml:2: this is not YAML: control characters are not allowed (#x0000)"),
    "not UTF-8": (b"a: 1\nb: \xff\n", "some.yaml:2: this is not UTF-8 text (byte 8 of the file): save it as UTF-8"),
    "UTF-16": ("a: 1".encode("utf-16"), "some.yaml: this is UTF-16 text: save it as UTF-8"),
    "a very long number": (f"a: {'1' * 5000}", "some.yaml:1: 11111111111111111111… is too long a number"),
    "a very large number": ("a: 1e999", "some.yaml:1: 1e999 is too large a number"),
    "too much": ("#" * (MAX_BYTES + 1), "some.yaml: the file is larger than 1,048,576 bytes"),
}


@pytest.mark.parametrize(("text", "message"), BAD_YAML.values(), ids=BAD_YAML.keys())
def test_yaml_is_refused_in_one_line_that_says_where(file: Path, text: str | bytes, message: str) -> None:
    assert refusal(written(file, text)) == message


@pytest.mark.parametrize("read", [read_yaml, read_json])
class TestFiles:
    def test_that_is_missing(self, file: Path, read: Any) -> None:
        assert refusal(file, read) == "some.yaml: there is no such file"

    def test_that_is_a_folder(self, file: Path, read: Any) -> None:
        file.mkdir()
        assert refusal(file, read) == "some.yaml: the file cannot be read: it is a folder, not a file"

    def test_that_is_too_large(self, file: Path, read: Any) -> None:
        assert refusal(written(file, b" " * (MAX_BYTES + 1)), read).endswith("larger than 1,048,576 bytes")

    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no endless file")
    def test_that_never_ends(self, read: Any) -> None:
        assert refusal(Path("/dev/zero"), read).endswith("it is a pipe or a device, not an ordinary file")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_that_never_begins(self, file: Path, read: Any) -> None:
        os.mkfifo(file)
        assert refusal(file, read).endswith("it is a pipe or a device, not an ordinary file")

    def test_whose_name_no_system_allows(self, read: Any) -> None:
        assert refusal(Path("a\0b"), read).endswith("this is not the name of a file")


@pytest.mark.parametrize("opening", ["[", "{", "[ ", "- ", "{a: ", "[{a: ", "x: [", "\n["])
def test_endless_nesting_is_refused_with_the_depth_that_is_allowed(file: Path, opening: str) -> None:
    said = refusal(written(file, opening * 100_000))
    assert said.endswith((f": this is nested more than {MAX_DEPTH} deep", ": a key must be plain text"))
    assert opening == "{" or "nested" in said  # Of a mapping as a key, releases of PyYAML tell one or the other first.


def test_endless_nesting_in_a_key_is_refused(file: Path) -> None:
    assert refusal(written(file, "? " * 100_000)).startswith("some.yaml:1: ")


def test_a_bracket_that_nobody_closes_is_not_called_too_deep(file: Path) -> None:
    assert "this is not YAML" in refusal(written(file, "[" * MAX_DEPTH))


def test_nesting_is_allowed_to_a_depth(file: Path) -> None:
    assert read_yaml(written(file, "[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH)).value != 1
    deeper = MAX_DEPTH + 1
    assert refusal(written(file, "\n[" * deeper + "\n1" + "]" * deeper)).startswith(f"some.yaml:{deeper + 2}: ")


class TestLines:
    TEXT = """\
# a comment
id: one
given:
  users: [alice,
    bob]
  conversations:
    lobby: {members: [alice],
      visibility: public}
steps:
  - send: Ping
    by: alice

  -
    expect: Pong
    at:
      - alice
    with: {a: {b:
      5}}
title: >-
  two
  lines
"""

    @pytest.mark.parametrize(
        ("path", "line"),
        [
            ((), 2),
            (("id",), 2),
            (("given",), 3),
            (("given", "users"), 4),
            (("given", "users", 0), 4),
            (("given", "users", 1), 5),
            (("given", "conversations", "lobby"), 7),
            (("given", "conversations", "lobby", "members", 0), 7),
            (("given", "conversations", "lobby", "visibility"), 8),
            (("steps",), 9),
            (("steps", 0), 10),
            (("steps", 0, "by"), 11),
            (("steps", 1), 14),
            (("steps", 1, "at", 0), 16),
            (("steps", 1, "with", "a", "b"), 17),
            (("title",), 19),
        ],
    )
    def test_are_those_where_somebody_looks(self, file: Path, path: documents.Steps, line: int) -> None:
        assert read_yaml(written(file, self.TEXT)).line(path) == line

    def test_of_what_is_not_there_are_those_of_what_holds_it(self, file: Path) -> None:
        document = read_yaml(written(file, self.TEXT))
        assert document.line(("steps", 1, "within")) == 14
        assert document.line(("steps", 7, "at")) == 9
        assert document.line(("nothing",)) == 2

    def test_stand_in_mistakes(self, file: Path) -> None:
        document = read_yaml(written(file, self.TEXT))
        mistake = document.mistake("not so", ("steps", 0, "by"))
        assert (mistake.file, mistake.line, mistake.message) == (file, 11, "not so")

    def test_begin_at_1_where_nothing_is_known(self) -> None:
        assert Document(Path("x"), {}, {}).line(("a",)) == 1


BAD_JSON = {
    "nothing": ("", "some.json:1: this is not JSON: Expecting value"),
    "half an object": (
        '{\n"a": 1,\n',
        "some.json:3: this is not JSON: Expecting property name enclosed in double quotes",
    ),
    "a comma too many": ('{"a": 1}\n,', "some.json:2: this is not JSON: Extra data"),
    "a key twice": ('{\n"a": 1,\n"b": {},\n"a": 2}', "some.json:4: the key 'a' is twice in one object"),
    "not a number": ('{\n"a": NaN}', "some.json:2: NaN is not a number in JSON"),
    "infinity": ("[-Infinity]", "some.json:1: -Infinity is not a number in JSON"),
    "a very large number": ("[\n1e999]", "some.json:2: 1e999 is too large a number"),
    "a very long number": ("1" * 5000, "some.json: a number in it is too long"),
    "depth": ("[" * 100_000, "some.json: this is nested too deeply"),
    "not UTF-8": (b'"\xff"', "some.json:1: this is not UTF-8 text (byte 1 of the file): save it as UTF-8"),
}


@pytest.mark.parametrize("read", [lambda file: read_yaml(file).value, read_json])
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, read: Callable[[Path], object]) -> None:
    assert read(written(tmp_path / "some.json", "\ufeff{}")) == {}


@pytest.mark.parametrize(("text", "message"), BAD_JSON.values(), ids=BAD_JSON.keys())
def test_json_is_refused_in_one_line_that_says_where(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert refusal(written(tmp_path / "some.json", text), read_json) == message


def test_json_is_read_as_json_is() -> None:
    assert read_json(Path(__file__).parents[3] / "spec" / "messages" / "common.json")["$defs"]


SNIPPETS = [
    *("a", "b", ": ", "\n", "- ", "  ", "{", "}", "[", "]", ", ", '"', "'", "#", "&x ", "*x", "!t ", "|", ">", "? "),
    *("---\n", "...\n", "%YAML 1.2\n", "1", "e", ".", "\t", "\\", "\0", "\ufeff", "é", "\x85", "~", "<<", "\r", "0x"),
]
anything = st.binary(max_size=200) | st.lists(st.sampled_from(SNIPPETS), max_size=40).map(
    lambda all: "".join(all).encode()
)


@pytest.mark.parametrize("read", [read_yaml, read_json])
@given(data=anything)
@example(data=b"? [a]")
@example(data=b"a: &x\n*x : b")
@settings(deadline=5000, max_examples=examples(400))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, read: Any, data: bytes) -> None:
    file = written(tmp_path_factory.getbasetemp() / "any", data)
    try:
        read(file)
    except BadFile as error:
        shown = str(error)
    else:
        shown = "any: fine"
    assert "any" in shown
    assert "\n" not in shown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(value=json_values)
def test_json_is_read_back_unchanged(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    file = written(tmp_path_factory.getbasetemp() / "any", json.dumps(value))
    assert read_json(file) == value


def test_yaml_is_read_without_the_c_parser_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = TestLines.TEXT
    with_c = read_yaml(written(file, text))
    monkeypatch.setattr(documents, "_LOADER", documents.yaml.SafeLoader)
    assert read_yaml(file) == with_c
