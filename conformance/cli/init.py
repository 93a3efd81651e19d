"""`chat-parity init [FILE]`: write a target file, by asking or by flags."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from conformance.cli.spec_folder import spec_folder_of
from conformance.errors import UsageError
from conformance.files.did_you_mean import did_you_mean
from conformance.init import DRIVERS, Answers, compose, schema_line
from conformance.report import write_file
from conformance.spec import load
from conformance.target import check_target
from conformance.target.url_errors import HTTP, wrong_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_VARIABLE_OF = re.compile(r"^[^#\n]*?(?:_env: |\$\{env\.)([A-Za-z0-9_]+)", re.MULTILINE)
DEFAULT = "target.yaml"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT)
@click.option("--name", help="What reports call the server.  [default: the name of FILE; for target.yaml its host]")
@click.option("--url", "urls", multiple=True, help="Its WebSocket address; once for each instance.")
@click.option("--driver", type=click.Choice(list(DRIVERS)), help="How its users and conversations are created.")
@click.option("--secret-env", help="The environment variable with the secret that signs its tokens.")
@click.option("--query-param", default="token", show_default=True, help="The query parameter that carries the token.")
@click.option("--user-claim", default="sub", show_default=True, help="The claim of a token that holds the user's id.")
@click.option(
    "--ids", type=click.Choice(["uuid", "integer", "text"]), default="uuid", show_default=True, help="Its user ids."
)
@click.option("--api", help="The base URL of its HTTP API, where the driver uses one.")
@click.option("--example", help="Copy an example instead: rust-chat-server or veza-backend-api.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def init(file: Path, force: bool, example: str | None, **given: Any) -> None:
    """Write a commented target file (default: target.yaml) for a server to be tested.

    On a terminal, the command asks for what no flag says. It connects to nothing. It asks for no secret, only for the
    names of the environment variables that contain them.

    \b
    Examples:
      chat-parity init staging.yaml            # asks
      chat-parity init staging.yaml --url wss://chat.example/ws --driver jwt
    """
    if file.exists() and not force:
        raise _taken(file)
    spec = load(spec_folder_of(None))
    schema = _seen_from(file, spec.folder / "formats" / "target.schema.json")
    if example is not None:
        text = _copy(spec.folder / "targets", example, schema)
    else:
        own = file.stem if file.name != DEFAULT else None
        text = compose(_ask(given, own), spec.protocol, schema)
    _write(file, text, force=force)
    check_target(file, spec)
    if schema is None:
        click.echo(f"For help in your editor, give it the schema {spec.folder / 'formats' / 'target.schema.json'}")
    click.echo(f"Wrote {file}. Next:")
    for line in _next(file):
        click.echo(f"  {line}")


def _write(file: Path, text: str, *, force: bool) -> None:
    """Write the file; without `force` only a new one, also if another command makes it at this moment."""
    if force:
        write_file(file, text)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise _taken(file) from None
    except OSError as error:
        file.unlink(missing_ok=True)
        error.filename = str(file)  # The system names no file when the disk is full.
        raise


def _taken(file: Path) -> UsageError:
    return UsageError(f"{file} is there already; --force replaces it")


def _ask(given: dict[str, Any], own: str | None) -> Answers:
    urls = given["urls"] or (_prompt("--url", "Its WebSocket address (ws:// or wss://)", _address),)
    urls = tuple(map(_address, urls))
    host = urlsplit(urls[0]).hostname or "server"
    driver = given["driver"] or _prompt("--driver", _drivers(), _driver)
    secret_env = given["secret_env"] or "JWT_SECRET"
    if given["secret_env"] is None and DRIVERS[driver].makes_tokens and _somebody_types():
        secret_env = _prompt(
            "--secret-env", "The environment variable with the secret of its tokens", _variable, secret_env
        )
    return Answers(
        name=_name(given["name"] or own or host),
        urls=urls,
        driver=driver,
        secret_env=_variable(secret_env),
        query_param=_name(given["query_param"]),
        user_claim=_name(given["user_claim"]),
        ids=given["ids"],
        api=None if given["api"] is None else _address(given["api"], HTTP),
    )


def _somebody_types() -> bool:
    return sys.stdin.isatty()


def _prompt(flag: str, question: str, convert: Callable[[str], str], default: str | None = None) -> str:
    """Ask on a terminal; raise UsageError if there is none."""
    if not _somebody_types():
        raise UsageError(f"{flag} is missing, and there is nobody to ask")
    answer: str = click.prompt(question, default=default, value_proc=_asked_again(convert), err=True)
    return answer


def _asked_again(convert: Callable[[str], str]) -> Callable[[str], str]:
    def process(text: str) -> str:
        try:
            return convert(text)
        except UsageError as error:
            raise click.UsageError(str(error)) from None

    return process


def _drivers() -> str:
    lines = "".join(f"  {name:<10} {driver.about}\n" for name, driver in DRIVERS.items())
    return f"How its users and conversations are created:\n{lines}Driver"


def _driver(text: str) -> str:
    if text not in DRIVERS:
        raise UsageError(f"there is no driver {text!r}{did_you_mean(text, DRIVERS, _there_are(DRIVERS))}")
    return text


def _address(text: str, schemes: tuple[str, str] = ("ws", "wss")) -> str:
    wrong = wrong_address(text, schemes)
    if wrong:
        raise UsageError(wrong)
    return text


def _variable(text: str) -> str:
    if not VARIABLE.fullmatch(text):
        raise UsageError("--secret-env takes the name of an environment variable, never the secret itself")
    return text


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 100:
        raise UsageError("a name has up to 100 characters that can be seen")
    return text


def _seen_from(file: Path, schema: Path) -> str | None:
    """Give the way from the file to the schema if both are in one project: elsewhere no path holds for everybody."""
    here = Path.cwd().resolve()
    if schema.resolve().is_relative_to(here) and file.resolve().is_relative_to(here):
        return Path(os.path.relpath(schema.resolve(), file.resolve().parent)).as_posix()
    return None


def _copy(folder: Path, example: str, schema: str | None) -> str:
    """Give the text of an example of the spec, with its own way to the schema."""
    names = sorted(file.stem for file in folder.glob("*.yaml"))
    if example not in names:
        raise UsageError(f"there is no example {example!r}{did_you_mean(example, names, _there_are(names))}")
    _, _, text = (folder / f"{example}.yaml").read_text(encoding="utf-8").partition("\n")
    return schema_line(schema) + text


def _there_are(names: Iterable[str]) -> str:
    return f"; there are {', '.join(names)}"


def _next(file: Path) -> list[str]:
    name = shlex.quote(str(file))
    variables = dict.fromkeys(_VARIABLE_OF.findall(file.read_text(encoding="utf-8")))
    return [
        *(f"export {variable}=…" for variable in variables),
        f"chat-parity lint {name}",
        f"chat-parity run {name} --feature ping_pong   # one feature first",
        f"chat-parity run {name}",
    ]
