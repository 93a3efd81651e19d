"""Turns answers into the text of a target file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.init.sections import DRIVERS
from conformance.target.access import take_from_environment
from conformance.target.throttle import CAREFUL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.init.answers import Answers
    from conformance.spec.protocol import Protocol

HEAD = """\
# What chat-parity knows about a server. An editor explains every key; `chat-parity lint` finds every mistake.

name: {name} # what reports call it

# The WebSocket addresses of one deployment. A second one makes feature 23 (several instances) testable.
instances:
{instances}
"""
AUTH = """
# How users authenticate. The secret itself is in the environment, never here.
auth:
  query_param: {query_param} # the parameter of the address that carries the token
  jwt:
    secret_env: {secret_env} # the variable with the secret that signs the server's tokens
    algorithm: HS256
    claims: {{{user_claim}: "${{user_id}}", username: "${{name}}"}}
    ttl: 900 # seconds
"""
NO_TOKENS = """
# How users authenticate: the tokens come with the accounts, below.
auth:
  query_param: {query_param} # the parameter of the address that carries the token
"""
PROVISION = """
# How accounts, conversations and roles are created. A scenario that needs more is UNTESTABLE.
provision:
  driver: {driver} # {about}
"""
IDS = """
# The names that differ on this server; docs/dialect.md says what else this section can have.
dialect:
  ids: {form} # the ids on its wire; by kind where they differ: {{user: {form}, conversation: uuid, message: uuid}}
"""
FORMS = {"integer": "integer", "text": "opaque"}
"""The form on the wire of user ids that are no UUIDs."""
PROFILE = """
# Where this server differs from the defaults, which are shown: remove the # and change the number.
# reply: 2 # seconds that a reply may take
"""
THROTTLE = """
# The limits of a run on this server; these are the defaults for a server that is not on this machine.
# throttle:
"""
PROTECTED = """\
# Hosts that need --yes; by default, those with prod, production or live in their name.
# protected: ["*.prod.example.com"]
"""


def schema_line(schema: str | None) -> str:
    """Give the comment that tells editors where the schema of the file is; empty if nobody knows."""
    return f"# yaml-language-server: $schema={schema}\n" if schema else ""


def compose(answers: Answers, protocol: Protocol, schema: str | None) -> str:
    """Give the whole text; `schema` is the path of the target files' schema, relative to the file."""
    driver = DRIVERS[answers.driver]
    values = {
        "name": quoted(answers.name),
        "instances": "\n".join(f"  - {quoted(take_from_environment(url))}" for url in answers.urls),
        "query_param": quoted(answers.query_param),
        "secret_env": answers.secret_env,
        "user_claim": quoted(answers.user_claim),
        "driver": answers.driver,
        "about": driver.about,
    }
    parts = [HEAD, AUTH if driver.makes_tokens else NO_TOKENS, PROVISION]
    text = schema_line(schema) + "".join(part.format(**values) for part in parts) + driver.section(answers)
    if driver.names_ids and answers.ids in FORMS:
        text += IDS.format(form=FORMS[answers.ids])
    text += PROFILE + "".join(_group(name, values) for name, values in protocol.profile.items())
    bounds = {name: getattr(CAREFUL, name) for name in CAREFUL.__slots__}
    return text + THROTTLE + "".join(f"#   {name}: {value}\n" for name, value in bounds.items()) + PROTECTED


def quoted(text: str) -> str:
    """Write a text as YAML, without quotes if that is safe."""
    plain = text.isascii() and text.isidentifier() and text.lower() not in ("true", "false", "null")
    return text if plain else json.dumps(text, ensure_ascii=False)


def _group(name: str, values: Mapping[str, Any]) -> str:
    return f"# {name}:\n" + "".join(f"#   {key}: {json.dumps(value)}\n" for key, value in values.items())
