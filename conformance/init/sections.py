"""The section `provision` of each driver, from the answers; the rest is an example to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.init.answers import Answers


@dataclass(frozen=True, slots=True)
class Driver:
    """A kind of provisioning: when to use it, its lines, and whether tokens are made with the signing secret.

    `names_ids`: the section says what user ids look like.
    """

    about: str
    section: Callable[[Answers], str]
    makes_tokens: bool = True
    names_ids: bool = False


def _jwt(answers: Answers) -> str:
    return f"""\
  ids: {answers.ids} # what user ids look like: uuid, integer, or text (an integer in quotes)
  conversations: none # `any id` where whatever id a request names is a conversation, and everybody belongs to it
"""


def _reference(answers: Answers) -> str:
    if answers.api is None:
        return "  # api: https://chat.example/api/v1 # where it is not /api/v1 beside the first instance\n"
    return f"  api: {answers.api}\n"


def _http(answers: Answers) -> str:
    return f"""\
  api: {answers.api or beside(answers.urls[0])}
  ids: {answers.ids} # what user ids look like: uuid, integer, or text (an integer in quotes)
  # These are the requests of the reference server: write your server's. Every ${{name}} is filled in, and `account`
  # may make users first (see the schema). Secrets: `secrets_env: {{admin: ADMIN_TOKEN}}`, then ${{secret.admin}}.
  headers: {{Authorization: "Bearer ${{admin.token}}"}} # the admin is a user of our own that makes the rest
  conversation:
    - request: POST /conversations
      json:
        name: "${{name}}"
        visibility: "${{visibility}}"
        members: {{$members: {{user_id: "${{user_id}}", role: "${{role}}"}}}} # an item for each member
      capture: {{conversation_id: conversation_id}} # our name: where it is in the answer
  role:
    - request: PUT /conversations/${{conversation_id}}/members/${{user_id}}
      json: {{role: "${{role}}"}}
  remove:
    - request: DELETE /conversations/${{conversation_id}}/members/${{user_id}}
"""


STATEMENTS = """\
  # These are the tables of the reference server on PostgreSQL: write your server's. Every :name is a bound value.
  conversation:
    - >-
      insert into conversation (id, name, visibility, last_stamp)
      values (cast(:conversation_id as uuid), :name, :visibility, now())
  member:
    - >-
      insert into membership (conversation_id, user_id, role)
      values (cast(:conversation_id as uuid), cast(:user_id as uuid), :role)
  # `role` and `remove` change members during a run: leave them out if the running server does not notice that.
  clean_up:
    run: # all that this run has made: every name begins with parity- and its nonce
      - >-
        delete from membership where conversation_id in
        (select id from conversation where name like 'parity-' || :nonce || '-%')
"""


def _sql(answers: Answers) -> str:
    return f"""\
  url_env: PARITY_DATABASE # the variable with the database's URL, such as postgresql://user:password@host/name
  ids: {answers.ids} # what user ids look like: uuid, integer, or text (an integer in quotes)
{STATEMENTS}"""


def _static(_: Answers) -> str:
    return """\
  # What exists already on the server; the ids here are only examples. A scenario gets what fits it, one at a time.
  accounts:
    alice: {id: 00000000-0000-4000-8000-000000000001, token_env: PARITY_ALICE_TOKEN} # the variable with her token
    bob: {id: 00000000-0000-4000-8000-000000000002, token_env: PARITY_BOB_TOKEN}
    carol: {id: 00000000-0000-4000-8000-000000000003, token_env: PARITY_CAROL_TOKEN}
  conversations:
    team:
      id: 00000000-0000-4000-8000-0000000000aa
      visibility: private
      members: {alice: owner, bob: member} # all of its members that are accounts above
      # empty: true # nobody has ever written there; it then serves one scenario about history, search or sync
"""


DRIVERS: dict[str, Driver] = {
    "jwt": Driver("any user that a token names exists; nothing has to be created", _jwt, names_ids=True),
    "http": Driver("requests to the server's own HTTP API", _http, names_ids=True),
    "sql": Driver("statements on the server's own database", _sql, names_ids=True),
    "static": Driver("accounts and conversations that exist already", _static, makes_tokens=False),
    "reference": Driver("the provisioning API of the reference server", _reference),
}


def beside(url: str) -> str:
    """Give the HTTP address that probably belongs to a WebSocket address."""
    parts = urlsplit(url)
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}/api/v1"
