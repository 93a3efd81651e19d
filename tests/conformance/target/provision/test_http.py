"""Templated requests: the reference server's own API, and a login service beside it."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile, ProvisioningFailed, UsageError
from conformance.results.model import Outcome
from conformance.results.runlog import read_run
from conformance.target import check_target, read_target
from conformance.target.accounts import Room, Wanted
from conformance.target.provision import open_provisioner
from conformance.target.provision.http import dig
from tests.conformance.target.provision.recipes import HTTP, target_file
from tests.conformance.target.provision.running import run_some
from tests.doubles.accounts import Accounts, accounts
from tests.doubles.reference import reference_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.spec import Spec

pytestmark = pytest.mark.end_to_end

LOGIN = """
  secrets_env: {{key: PARITY_KEY}}
  account:
    - request: POST {url}/register
      json: {{username: "${{name}}", password: "${{password}}"}}
      expect: [200, 201]
      capture: {{user_id: user.id, place: "header:Location"}}
    - request: POST {url}/login
      headers: {{X-Key: "${{secret.key}}"}}
      json: {{username: "${{name}}", password: "{password}"}}
      expect: 200
      capture: {{token: "data[0].token"}}
  clean_up:
    account: [{{request: "DELETE {url}/users/${{name}}", expect: [204, 404]}}] # an interrupted one may not be there
"""
EXPIRED = "jwt-authentication.bad-token-refused[expired.an_hour_ago]"
NO_SECRET = "auth: {query_param: token}"
KEY = "a key for the login service"


@pytest.fixture
def service(signing_secret: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    monkeypatch.setenv("PARITY_KEY", KEY)
    with accounts(signing_secret) as service:
        yield service


def api_of(url: str) -> str:
    return url.replace("ws://", "http://").replace("/ws", "/api/v1")


def login_target(folder: Path, service: Accounts, password: str = "${password}", more: str = "") -> Path:
    section = HTTP.format(api=service.url) + LOGIN.format(url=service.url, password=password) + more
    return target_file(folder, ["ws://127.0.0.1:1/ws"], section, NO_SECRET)


async def test_passes_through_the_api_of_the_reference_server(
    whole_spec: Spec, tmp_path: Path, signing_secret: str
) -> None:
    async with reference_server(f"sqlite:///{tmp_path / 'chat.db'}", signing_secret) as urls:
        file = target_file(tmp_path, urls, HTTP.format(api=api_of(urls[0])))
        role = "permissions.banned-member-sees-no-further-event[message]"
        ran = await run_some(file, whole_spec, "edit-message.members-see-it", role, EXPIRED)
    assert set(ran.outcomes.values()) == {Outcome.PASS}
    assert len(ran.outcomes) == 3
    left = r"left on the target: \d+ conversations; there is no `clean_up: {conversation: …}`"
    assert re.fullmatch(left, ran.notes[0])


async def test_asks_for_changes_of_roles_as_any_user_where_the_steps_say_who_asks(
    whole_spec: Spec, tmp_path: Path, signing_secret: str
) -> None:
    changes = ("role-change-allowed[moderator-bans-a-member]", "role-change-refused[moderator-bans-an-owner]")
    names = [f"permissions.{one}" for one in (*changes, "role-change-refused[member-removes-a-member]")]
    async with reference_server(f"sqlite:///{tmp_path / 'chat.db'}", signing_secret) as urls:
        section = HTTP.format(api=api_of(urls[0]))
        ran = await run_some(target_file(tmp_path, urls, section), whole_spec, *names)
        only_admin = target_file(tmp_path, urls, section.replace("by.token", "admin.token"))
        other = await run_some(only_admin, whole_spec, *names)
        nowhere = target_file(tmp_path, urls, section.replace("/members/${user_id}", "/nobody/${user_id}"))
        lost = await run_some(nowhere, whole_spec, *names)
    assert ran.outcomes == dict.fromkeys(names, Outcome.PASS)
    assert other.outcomes == dict.fromkeys(names, Outcome.NOT_APPLICABLE)
    assert lost.outcomes == dict.fromkeys(names, Outcome.UNTESTABLE)  # its 404 is no refusal


async def test_without_the_signing_secret_just_the_forged_tokens_are_untestable(
    whole_spec: Spec, tmp_path: Path, signing_secret: str, service: Accounts
) -> None:
    async with reference_server(f"sqlite:///{tmp_path / 'chat.db'}", signing_secret) as urls:
        section = HTTP.format(api=api_of(urls[0])) + LOGIN.format(url=service.url, password="${password}")
        ran = await run_some(
            target_file(tmp_path, urls, section, NO_SECRET),
            whole_spec,
            "edit-message.members-see-it",
            "jwt-auth*bad-token*",
        )
    untestable = {name for name, outcome in ran.outcomes.items() if outcome is Outcome.UNTESTABLE}
    assert set(ran.outcomes.values()) == {Outcome.PASS, Outcome.UNTESTABLE}
    assert {ran.reason(name) for name in untestable} == {
        "it needs a token that takes the signing secret to make, and the target file names none"
    }
    kinds = {name.partition("[")[2].partition(".")[0] for name in set(ran.outcomes) - untestable}
    assert {"missing]", "malformed", "wrong_signature"} <= kinds
    assert "jwt-authentication.bad-token-refused[expired.an_hour_ago]" in untestable
    assert "jwt-authentication.bad-token-refused[wrong_signature.payload_changed]" not in untestable
    assert service.users == {}


async def test_an_account_is_what_the_answers_say(spec: Spec, tmp_path: Path, service: Accounts) -> None:
    async with open_provisioner(read_target(login_target(tmp_path, service), spec), "member") as provisioner:
        lease = await provisioner.lease(Wanted(("alice",)))
        account = lease.accounts["alice"]
        assert (account.id, account.name) == (service.users[account.name][0], account.name)
        assert account.name.startswith("parity-")
        assert account.more["place"] == f"/users/{account.name}"
        assert lease.token("alice") == account.token
    assert service.users == {}


async def test_cookies_stay_with_the_account_that_got_them(spec: Spec, tmp_path: Path, service: Accounts) -> None:
    async with open_provisioner(read_target(login_target(tmp_path, service), spec), "member") as provisioner:
        for _ in range(2):
            await provisioner.lease(Wanted(("alice",)))
    assert [headers.get("cookie") for what, headers, _ in service.asked if what.startswith("POST")] == [None] * 6


async def test_a_request_is_repeated_only_where_the_file_says_so_and_never_in_silence(
    spec: Spec, tmp_path: Path, service: Accounts
) -> None:
    service.busy = 2
    with pytest.raises(ProvisioningFailed, match=r"/register was answered with 503: {\"error\": \"come again\"}"):
        async with open_provisioner(read_target(login_target(tmp_path, service), spec), "member"):
            pass
    file = login_target(tmp_path, service, more="  retry: {statuses: [503], times: 2, wait: 0}\n")
    service.busy = 2
    async with open_provisioner(read_target(file, spec), "member") as provisioner:
        pass
    assert provisioner.notes() == (f"POST {service.url}/register, answered with 503, was repeated 2 times",)


async def test_says_what_could_not_be_removed(spec: Spec, tmp_path: Path, service: Accounts) -> None:
    service.removable = False
    async with open_provisioner(read_target(login_target(tmp_path, service), spec), "member") as provisioner:
        await provisioner.lease(Wanted(("alice",)))
    left, named = provisioner.notes()
    assert re.match(r"could not remove 2 of 2 accounts: .*target\.yaml:\d+: DELETE ", left)
    assert 'was answered with 403: {"error": "never"}; likely causes' in left
    assert all(name.startswith(named.rpartition(" ")[2]) for name in service.users)


@pytest.mark.parametrize(("first", "removed"), [("register", 1), ("nowhere", 0)])
async def test_removes_what_a_failed_creation_left_and_asks_for_no_id_that_was_never_given(
    spec: Spec, tmp_path: Path, service: Accounts, first: str, removed: int
) -> None:
    section = f"""
provision:
  driver: http
  api: {service.url}
  conversation:
    - {{request: POST /{first}, json: {{username: "${{name}}", password: p}}, capture: {{conversation_id: user.id}}}}
    - request: POST /nowhere
  clean_up: {{conversation: [{{request: "DELETE /users/${{conversation_id}}", expect: [204, 404]}}]}}
"""
    async with open_provisioner(read_target(target_file(tmp_path, ["ws://x/ws"], section), spec), "member") as opened:
        with pytest.raises(ProvisioningFailed, match="/nowhere was answered with 404" if removed else first):
            await opened.lease(Wanted(("alice",), {"lobby": Room("private", {"alice": "member"})}))
    deleted = [what for what, *_ in service.asked if what.startswith("DELETE")]
    assert deleted == [f"DELETE /users/{given}" for given, _ in service.users.values()]
    assert len(deleted) == removed
    assert ("1 of 1 conversations gave no id, and are not removed" in opened.notes()) == (not removed)


async def test_takes_no_page_of_a_gateway_for_a_change_that_was_done(
    spec: Spec, tmp_path: Path, service: Accounts
) -> None:
    section = f"""
provision:
  driver: http
  api: {service.url}
  account: [{{request: GET /portal}}]
"""
    async with open_provisioner(read_target(target_file(tmp_path, ["ws://x/ws"], section), spec), "member") as opened:
        said = "GET /portal was answered with 200 and a page, as by a gateway: <!DOCTYPE html><html>Log in"
        with pytest.raises(ProvisioningFailed, match=said):
            await opened.lease(Wanted(("alice",)))


async def test_tells_no_secret_that_a_server_repeats(spec: Spec, tmp_path: Path, service: Accounts) -> None:
    file = login_target(tmp_path, service, password="${password}!")
    with pytest.raises(ProvisioningFailed) as caught:
        async with open_provisioner(read_target(file, spec), "member"):
            pass
    said = '{"error": "the password «redacted»! is wrong; the key is «redacted»"}'
    assert f"/login was answered with 401: {said}; likely causes" in str(caught.value)


async def test_ctrl_c_cleans_up_and_says_what_is_left(tmp_path: Path, signing_secret: str, service: Accounts) -> None:
    async with reference_server(f"sqlite:///{tmp_path / 'chat.db'}", signing_secret) as urls:
        section = HTTP.format(api=api_of(urls[0])) + LOGIN.format(url=service.url, password="${password}")
        command = (sys.executable, "-m", "conformance.cli", "run", str(target_file(tmp_path, urls, section, NO_SECRET)))
        process = await asyncio.create_subprocess_exec(
            *command, "--out", str(tmp_path / "out"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        assert await asyncio.to_thread(service.crowded.wait, 60)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert process.returncode == 3
    assert service.users == {}
    left, named = read_run(tmp_path / "out" / "run.jsonl").footer.notes
    assert re.fullmatch(r"left on the target: \d+ conversations; there is no `clean_up: {conversation: …}`", left)
    assert re.fullmatch(r"what is left has names that begin with parity-[0-9a-f]{6}", named)
    assert errors.decode().splitlines()[:2] == [f"chat-parity: {left}", f"chat-parity: {named}"]


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("a.b", 1),
        ("list[1].id", "y"),
        ("list.0.id", "x"),
        ("[0]", None),
        ("a.b.c", None),
        ("list[2]", None),
        ("nothing", None),
    ],
)
def test_a_path_leads_into_an_answer(place: str, found: object) -> None:
    assert dig({"a": {"b": 1}, "list": [{"id": "x"}, {"id": "y"}]}, place) == found


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ('account: [{request: "POST /x/${nam}"}]', "there is no ${nam} here; did you mean ${name}?"),
        (
            'conversation: [{request: "POST /x/${steward.token}"}]',
            "there is no ${steward.token} here; did you mean ${admin.token}?",
        ),
        ('account: [{request: "FETCH /x"}]', "Method and path (below `api`) or URL"),
        ("account: [{request: POST /x, jsn: 1}]", "there is no key 'jsn' here; did you mean 'json'?"),
        ("account: [{json: 1}]", "`request` is missing here"),
        ('headers: {X-Key: "${secret.key}"}', "there is no ${secret.key} here"),
        ("retry: {statuses: [200]}", "200 should be at least 400"),
        ("secrets_env: {key: a-b}", "takes the name of an environment variable, never the secret itself"),
        ("clean_up: {conversations: []}", "did you mean 'conversation'?"),
        ("ids: uid", "did you mean 'uuid'?"),
    ],
)
def test_a_mistake_in_a_request_is_named_with_its_line(spec: Spec, tmp_path: Path, section: str, message: str) -> None:
    file = target_file(tmp_path, ["ws://x/ws"], f"provision:\n  driver: http\n  api: http://x\n  {section}\n")
    with pytest.raises(BadFile) as caught:
        check_target(file, spec)
    (mistake,) = caught.value.mistakes
    assert message in mistake.message
    assert mistake.line == 9


def test_a_secret_that_is_not_set_is_named(
    spec: Spec, tmp_path: Path, service: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARITY_KEY")
    with pytest.raises(UsageError, match=r"set the environment variable PARITY_KEY to the secret that .* call 'key'"):
        read_target(login_target(tmp_path, service), spec)


async def test_nobody_can_be_removed_where_the_file_does_not_say_how(
    spec: Spec, tmp_path: Path, service: Accounts
) -> None:
    section = f"provision: {{driver: http, api: {service.url}}}"
    file = target_file(tmp_path, ["ws://x/ws"], section)
    async with open_provisioner(read_target(file, spec), "member") as provisioner:
        with pytest.raises(ProvisioningFailed, match="does not say how to make a conversation"):
            await provisioner.lease(Wanted(("alice",), {"lobby": Room("private", {})}))


async def test_tells_no_key_that_is_written_into_a_request(spec: Spec, tmp_path: Path, service: Accounts) -> None:
    provision = (
        "\nprovision:\n  driver: http\n  api: http://127.0.0.1:1\n  account: [{request: GET /new?api_key=abcdef123}]\n"
    )
    target = read_target(target_file(tmp_path, ["ws://127.0.0.1:1/ws"], provision, NO_SECRET), spec)
    async with open_provisioner(target, "member") as provisioner:
        with pytest.raises(ProvisioningFailed) as caught:
            await provisioner.lease(Wanted(("alice",)))
    assert "abcdef123" not in target.secrets.redact(str(caught.value))
    assert "GET /new?" in str(caught.value)
