"""Target files of the reference server for each driver: what a user would write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.doubles.reference import PROFILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HTTP = """
provision:
  driver: http
  api: {api}
  headers: {{Authorization: "Bearer ${{admin.token}}"}}
  conversation:
    - request: POST /conversations
      json:
        name: "${{name}}"
        visibility: "${{visibility}}"
        members: {{$members: {{user_id: "${{user_id}}", role: "${{role}}"}}}}
      expect: 201
      capture: {{conversation_id: conversation_id}}
  role:
    - request: PUT /conversations/${{conversation_id}}/members/${{user_id}}
      headers: {{Authorization: "Bearer ${{by.token}}"}}
      json: {{role: "${{role}}"}}
  remove:
    - request: DELETE /conversations/${{conversation_id}}/members/${{user_id}}
      headers: {{Authorization: "Bearer ${{by.token}}"}}
      expect: 204
"""

POSTGRESQL = """
provision:
  driver: sql
  url_env: PARITY_DATABASE
  conversation:
    - >-
      insert into conversation (id, name, visibility, last_stamp)
      values (cast(:conversation_id as uuid), :name, :visibility, now())
  member:
    - >-
      insert into membership (conversation_id, user_id, role)
      values (cast(:conversation_id as uuid), cast(:user_id as uuid), :role)
  clean_up:
    run:
      - delete from delivery where message_id in (select m.id from message m
        join conversation c on c.id = m.conversation_id where c.name like 'parity-' || :nonce || '-%')
      - delete from reaction where message_id in (select m.id from message m
        join conversation c on c.id = m.conversation_id where c.name like 'parity-' || :nonce || '-%')
      - delete from readmark where conversation_id in
        (select id from conversation where name like 'parity-' || :nonce || '-%')
      - delete from message where conversation_id in
        (select id from conversation where name like 'parity-' || :nonce || '-%')
      - delete from membership where conversation_id in
        (select id from conversation where name like 'parity-' || :nonce || '-%')
      - delete from conversation where name like 'parity-' || :nonce || '-%'
"""

SQLITE = (
    POSTGRESQL.replace("cast(:conversation_id as uuid)", "replace(:conversation_id, '-', '')")
    .replace("cast(:user_id as uuid)", "replace(:user_id, '-', '')")
    .replace("now()", "strftime('%Y-%m-%d %H:%M:%f000', 'now')")
)


def target_file(folder: Path, instances: Sequence[str], provision: str, auth: str = "") -> Path:
    """Write a target file of the reference server."""
    file = folder / "target.yaml"
    auth = auth or "auth: {jwt: {secret_env: PARITY_SECRET}}"
    file.write_text(f"name: provisioned\ninstances: {json.dumps(list(instances))}\n{auth}\n{PROFILE}{provision}")
    return file
