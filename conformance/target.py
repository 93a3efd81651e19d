"""A server under test: where it is, how its tokens are made, and the profile it is judged by."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.documents import Document, read_yaml
from conformance.errors import BadFile, UsageError
from conformance.politeness.limits import UNLIMITED, Limits, read_limits
from conformance.tokens import Signing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from conformance.spec import Spec

MIN_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Target:
    """What a target file says, the defaults of the spec filled in.

    `profile` has the groups `limits`, `timers` (seconds) and `options`; `reply` is how many seconds a reply may take.
    """

    name: str
    instances: tuple[str, ...]
    query_param: str
    signing: Signing
    driver: str
    api: str | None
    profile: Mapping[str, Mapping[str, Any]]
    ambient: frozenset[str]
    reply: float
    file: Path | None = None
    politeness: Limits = UNLIMITED
    protected: tuple[str, ...] | None = None

    @property
    def local(self) -> bool:
        """Whether every instance runs on this machine, so that it can reach a URL of ours."""
        return is_local(self.instances)

    def look_up(self, path: str) -> Any:
        """Give a profile value by its path, such as `timers.rate_window`; raises KeyError."""
        group, _, name = path.partition(".")
        return self.profile[group][name]


def read_target(file: Path, spec: Spec, *, instances: tuple[str, ...] = (), secret: str | None = None) -> Target:
    """Read a target file; `instances` and `secret` replace what it names. Raises BadFile or UsageError."""
    document = read_yaml(file)
    spec.formats["target"].check(document)
    value = document.value
    token = value["auth"]["jwt"]
    signing = Signing(
        secret=_secret(token["secret_env"], file) if secret is None else secret,
        algorithm=token.get("algorithm", "HS256"),
        claims=token.get("claims", {"sub": "${user_id}", "username": "${name}"}),
        ttl=token.get("ttl", 900),
    )
    ambient = value.get("ambient")
    for index, kind in enumerate(ambient or ()):
        if kind not in spec.outgoing:
            raise BadFile(document.mistake(f"there is no message type (outgoing) {kind!r}", ("ambient", index)))
    provision = value["provision"]
    local = is_local(instances or value["instances"])
    return Target(
        name=value["name"],
        instances=instances or tuple(value["instances"]),
        query_param=value["auth"].get("query_param", "token"),
        signing=signing,
        driver=provision["driver"],
        api=provision.get("api"),
        profile=_profile(document, spec),
        ambient=spec.protocol.ambient if ambient is None else frozenset(ambient),
        reply=value.get("reply", 2.0),
        file=file,
        politeness=read_limits(value.get("politeness", {}), local=local),
        protected=tuple(value["protected"]) if "protected" in value else None,
    )


def check_target(file: Path, spec: Spec) -> None:
    """Check a target file without its secret; raises BadFile."""
    read_target(file, spec, secret="")


def _profile(document: Document, spec: Spec) -> dict[str, dict[str, Any]]:
    profile = {}
    for group, defaults in spec.protocol.profile.items():
        given = document.value.get(group, {})
        for name, chosen in given.items():
            where = (group, name)
            if name not in defaults:
                raise BadFile(
                    document.mistake(f"the profile has no {group}.{name}; there are {', '.join(defaults)}", where)
                )
            if isinstance(chosen, bool) != isinstance(defaults[name], bool):
                wanted = "true or false" if isinstance(defaults[name], bool) else f"a value like {defaults[name]!r}"
                raise BadFile(document.mistake(f"{group}.{name} takes {wanted}", where))
        profile[group] = {**defaults, **given}
    return profile


def _secret(variable: str, file: Path) -> str:
    secret = os.environ.get(variable)
    if not secret:
        raise UsageError(
            f"{file}: set the environment variable {variable} to the secret that signs the server's tokens"
        )
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise UsageError(f"the secret in {variable} is shorter than {MIN_SECRET_BYTES} bytes; use a longer one")
    return secret


def is_local(urls: Iterable[str]) -> bool:
    """Say whether all these addresses are of this machine."""
    return all(_is_loopback(urlsplit(url).hostname or "") for url in urls)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
