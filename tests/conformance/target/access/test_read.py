"""The sections of a target file that say how to reach the server."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from conformance.errors import BadFile, ProvisioningFailed
from conformance.results.runlog.records import INSECURE
from conformance.target import Auth, check_target, read_target
from conformance.target.auth import Carried
from conformance.target.differences import access_differences
from conformance.target.secrets import Secrets

if TYPE_CHECKING:
    from conformance.spec import Spec
    from conformance.target import Target

ROOT = Path(__file__).parents[4]
HEAD = """\
name: toy
instances: [wss://chat.example/ws]
provision: {driver: static, accounts: {ann: {id: 7ffc0e7e-0d1b-4c3a-8f5e-0a1b2c3d4e5f, token_env: ANN}}}
"""


def read(spec: Spec, folder: Path, text: str) -> Target:
    file = folder / "toy.yaml"
    file.write_text(HEAD + text)
    return read_target(file, spec, secrets=Secrets(checking=True))


def mistakes(spec: Spec, folder: Path, text: str) -> str:
    with pytest.raises(BadFile) as error:
        read(spec, folder, text)
    return str(error.value).replace(str(folder), "")


def test_reads_headers_subprotocols_and_the_origin(spec: Spec, tmp_path: Path) -> None:
    access = read(
        spec, tmp_path, "headers: {X-Api-Key: k, origin: https://app.example}\nsubprotocols: [chat.v1, chat.v2]"
    ).access
    assert access.plain_headers == {"X-Api-Key": "k"}
    assert access.origin == "https://app.example"
    assert access.subprotocols == ("chat.v1", "chat.v2")


def test_a_header_that_looks_like_a_key_becomes_a_secret(spec: Spec, tmp_path: Path) -> None:
    target = read(spec, tmp_path, "headers: {Authorization: Basic dXNlcjp3b3Jk, X-Stage: staging}")
    assert "dXNlcjp3b3Jk" not in target.secrets.redact("you sent dXNlcjp3b3Jk")
    assert target.secrets.redact("on staging") == "on staging"
    assert "dXNlcjp3b3Jk" not in repr(target)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("headers:\n  Host: other.example", "5: the client writes the header Host itself; leave it out"),
        ("headers:\n  connection: close", "5: the client writes the header connection itself"),
        ("headers:\n  Sec-WebSocket-Key: x", "5: the client writes the header Sec-WebSocket-Key itself"),
        ("headers:\n  Sec-WebSocket-Protocol: x", "5: the client writes Sec-WebSocket-Protocol itself; list the"),
        ('headers:\n  "X Y": z', "5: 'X Y' is no name of a header"),
        ('headers:\n  "X\\r\\nY": z', "is no name of a header"),
        ('headers:\n  X: "a\\r\\nEvil: secret-word"', "5: the value of X cannot be sent"),
        ('headers:\n  X: "é"', "5: the value of X cannot be sent"),
        ('headers:\n  X: " a"', "5: the value of X cannot be sent"),
        ("headers:\n  X: a\n  x: b", "6: x and X are one header"),
        ("headers:\n  X: 7", "5: `X`: 7 should be a text"),
        ("subprotocols:\n  - chat v1", '5: `subprotocols`, item 1: "chat v1" does not look as it should'),
        ("proxy: maybe", "4: 'maybe' is no proxy: write environment, none"),
        ("proxy: socks4://proxy.example", "4: 'socks4://proxy.example' is no proxy"),
        (
            "auth: {query_param: t, header: {A: '${token}'}}",
            "4: the token goes to one place: `query_param` or `header`",
        ),
        ("auth:\n  header: {Authorization: Bearer}", "5: the value of Authorization is a text with ${token} in it"),
        ("auth:\n  header: {Host: '${token}'}", "5: the client writes the header Host itself"),
        (
            "headers: {authorization: x}\nauth: {header: {Authorization: '${token}'}}",
            "`headers` has Authorization already",
        ),
        ("auth:\n  subprotocol: 'bearer ${token}'", "5: a subprotocol with ${token} in it has no space"),
        ("auth:\n  subprotocol: token", "5: a subprotocol with ${token} in it"),
        ("tls:\n  ca: nowhere.pem", "5: `ca`: there is no file 'nowhere.pem'"),
        ('tls:\n  ca: "\\0"', "5: `ca`: there is no file '\\x00'"),
        (f"tls:\n  ca: {'x' * 300}", "5: `ca`: there is no file 'xxx"),
        ("tls:\n  ca: toy.yaml", "5: `ca`: /toy.yaml does not hold PEM certificates"),
        ("tls:\n  cert: toy.yaml", "5: `cert`: /toy.yaml does not hold a PEM certificate and its key"),
        ("tls:\n  key: toy.yaml", "5: a `key` belongs to a `cert`, which is missing"),
        ("tls:\n  insecure: true\n  ca: toy.yaml", "6: `insecure: true` checks no certificate"),
        ("tls: {}", "this should not be empty"),
        ("keepalive: 0", "`keepalive`: 0 is not one of true, false, on, off"),
    ],
)
def test_a_mistake_is_named_with_its_line(spec: Spec, tmp_path: Path, text: str, said: str) -> None:
    found = mistakes(spec, tmp_path, text)
    assert f"/toy.yaml:{said}" in found or said in found
    assert "secret-word" not in found
    assert re.fullmatch(r"[^\r\n]+", found)


class TestTls:
    def test_reads_authorities_and_the_certificate_of_the_client(self, spec: Spec, tmp_path: Path) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        authority.issue_cert("me@chat.example").private_key_and_cert_chain_pem.write_to_path(tmp_path / "me.pem")
        tls = read(spec, tmp_path, "tls: {ca: ca.pem, cert: me.pem, server_name: other.example}").access.tls
        assert tls.server_name == "other.example"
        assert len(tls.opened().get_ca_certs()) == len(ssl.create_default_context().get_ca_certs()) + 1
        assert tls.opened().verify_mode == ssl.CERT_REQUIRED

    def test_asks_nobody_for_the_passphrase_of_a_key(self, spec: Spec, tmp_path: Path) -> None:
        (tmp_path / "me.pem").write_text(ENCRYPTED)
        assert "me.pem does not hold a PEM certificate and its key" in mistakes(spec, tmp_path, "tls: {cert: me.pem}")

    def test_says_that_a_key_belongs_to_another_certificate(self, spec: Spec, tmp_path: Path) -> None:
        authority = trustme.CA()
        for name in ("me", "other"):
            issued = authority.issue_cert(f"{name}@chat.example")
            issued.private_key_pem.write_to_path(tmp_path / f"{name}.key")
            issued.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
        found = mistakes(spec, tmp_path, "tls: {cert: me.pem, key: other.key}")
        assert "the key belongs to another certificate" in found

    def test_insecure_is_a_difference(self, spec: Spec, tmp_path: Path) -> None:
        target = read(spec, tmp_path, "tls: {insecure: true}")
        assert target.access.tls.opened().verify_mode == ssl.CERT_NONE
        assert [one.entry for one in access_differences(target)] == [INSECURE]
        assert access_differences(read(spec, tmp_path, "")) == ()


class TestTokenPlace:
    @pytest.mark.parametrize(
        ("section", "carried", "difference"),
        [
            ("", Carried(query=(("token", "a.b.c"),)), None),
            (
                "auth: {query_param: access}",
                Carried(query=(("access", "a.b.c"),)),
                ("auth.query_param", "query parameter access"),
            ),
            (
                "auth: {header: {Authorization: 'Bearer ${token}'}}",
                Carried(headers={"Authorization": "Bearer a.b.c"}),
                ("auth.header", "header Authorization: Bearer ${token}"),
            ),
            (
                "auth: {subprotocol: 'bearer.${token}'}",
                Carried(subprotocols=("bearer.a.b.c",)),
                ("auth.subprotocol", "subprotocol bearer.${token}"),
            ),
        ],
    )
    def test_another_place_than_the_query_is_a_difference(
        self, spec: Spec, tmp_path: Path, section: str, carried: Carried, difference: tuple[str, str] | None
    ) -> None:
        target = read(spec, tmp_path, section)
        assert target.auth.carry("a.b.c") == carried
        found = [(one.entry, one.wire) for one in access_differences(target)]
        assert found == ([difference] if difference else [])
        assert target.auth.carry(None) == Carried()

    @pytest.mark.parametrize("token", ["a\r\nEvil: yes", "a\x00", "ü"])
    def test_a_token_that_cannot_be_sent_there_is_never_sent(self, token: str) -> None:
        for auth in (Auth(header=("X", "${token}")), Auth(subprotocol="${token}")):
            with pytest.raises(ProvisioningFailed):
                auth.carry(token)

    def test_an_empty_token_is_an_empty_header(self) -> None:
        assert Auth(header=("Authorization", "Bearer ${token}")).carry("").headers == {"Authorization": "Bearer"}


ENCRYPTED = """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBBjEYIDiYPDGI1s4VtC
-----END ENCRYPTED PRIVATE KEY-----
"""


def test_the_guide_shows_a_file_that_is_valid(spec: Spec, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reach-a-server.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    authority = trustme.CA()
    client = authority.issue_cert("me@chat.example")
    authority.cert_pem.write_to_path(tmp_path / "company-ca.pem")
    client.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    client.private_key_pem.write_to_path(tmp_path / "client-key.pem")
    (tmp_path / "base.yaml").write_text("provision: {driver: jwt}\n")
    (tmp_path / "staging.yaml").write_text(example)
    check_target(tmp_path / "staging.yaml", spec)


@pytest.mark.parametrize(("written", "kept"), [("on", True), ("true", True), ("off", False), ("false", False)])
def test_keepalive_is_on_or_off(spec: Spec, tmp_path: Path, written: str, kept: bool) -> None:
    assert read(spec, tmp_path, f"keepalive: {written}").keepalive is kept
