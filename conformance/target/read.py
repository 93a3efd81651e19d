"""Reads a target file: its schema says what each section may contain, and each section has its own reader."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from conformance.errors import BadFile
from conformance.results.waivers.file import read_waivers
from conformance.target.access import keep_query, read_access
from conformance.target.auth import read_auth
from conformance.target.dialect import read_dialect
from conformance.target.dialect.tables import tables
from conformance.target.environment import fill_environment
from conformance.target.extending import read_extended
from conformance.target.ids import check_ids
from conformance.target.mistakes import check_likely_mistakes
from conformance.target.model import Target, is_local
from conformance.target.profile import read_ambient, read_profile
from conformance.target.provision import read_provision
from conformance.target.secrets import Secrets
from conformance.target.throttle import Throttle, read_limits

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec
    from conformance.target.dialect.tables import Table


def read_target(
    file: Path,
    spec: Spec,
    *,
    instances: tuple[str, ...] = (),
    secret: str | None = None,
    secrets: Secrets | None = None,
) -> Target:
    """Read a target file; `instances` and `secret` replace what it names.

    Raises BadFile or UsageError, which contain no secret.
    """
    secrets = Secrets() if secrets is None else secrets
    with secrets.out_of_errors():
        return _read(file, spec, instances, secret, secrets)


def _read(file: Path, spec: Spec, instances: tuple[str, ...], secret: str | None, secrets: Secrets) -> Target:
    document = fill_environment(read_extended(file), secrets)
    check_likely_mistakes(document)
    spec.formats["target"].check(document)
    value = document.value
    auth = read_auth(document, secrets, secret)
    access = read_access(document, secrets)
    instances = instances or tuple(value["instances"])
    for url in instances:
        keep_query(url, secrets)
    local = is_local(instances)
    provision, dialect = read_provision(document, auth, spec, secrets), read_dialect(document, spec)
    check_ids(document, provision, dialect)
    return Target(
        name=value["name"],
        instances=instances,
        auth=auth,
        provision=provision,
        profile=read_profile(document, spec),
        ambient=read_ambient(document, spec),
        reply=value.get("reply", 2.0),
        keepalive=value.get("keepalive", True) in (True, "on"),
        file=file,
        throttle=Throttle(read_limits(value.get("throttle", {}), local=local)),
        protected=tuple(value["protected"]) if "protected" in value else None,
        secrets=secrets,
        waivers=document.origin(("waivers",)).parent / value["waivers"] if "waivers" in value else None,
        dialect=dialect,
        access=access,
    )


def check_target(file: Path, spec: Spec) -> None:
    """Check a target file without its secrets, and the waivers that it names; raises BadFile."""
    target = read_target(file, spec, secrets=Secrets(checking=True))
    if target.waivers is not None:
        read_waivers(target.waivers, spec.formats["waivers"], date.min)  # The result does not depend on today's date.


def read_tables(file: Path, spec: Spec) -> Table:
    """Read the dialect of a target file as tables for a server that speaks it, without its secrets; raises BadFile."""
    secrets = Secrets(checking=True)
    with secrets.out_of_errors():
        document = fill_environment(read_extended(file), secrets)
        spec.formats["target"].check(document)
        dialect = read_dialect(document, spec)
        if dialect is None:
            raise BadFile(document.mistake("it has no `dialect:`, so there is nothing to speak"))
        return tables(dialect, spec, document)
