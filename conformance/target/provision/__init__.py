"""Creates users, conversations and roles on a target: one small interface, one driver per kind of server.

A target file names its driver; `read_provision` reads that section, and `open_provisioner` opens the driver for as
long as a run lasts. A scenario then leases what it needs:

    lease = await provisioner.lease(Wanted(("alice", "bob"), {"lobby": Room("private", {"alice": "owner"})}))

A driver raises ProvisioningFailed for what it cannot provide; only that scenario becomes UNTESTABLE.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from conformance.errors import BadFile
from conformance.target.accounts import Account, Lease, Provisioner, Room, Wanted
from conformance.target.model import Driver
from conformance.target.provision.http import Http
from conformance.target.provision.jwt import Jwt
from conformance.target.provision.reference import Reference
from conformance.target.provision.sql import Sql
from conformance.target.provision.static import Static

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conformance.files.documents import Document
    from conformance.spec import Spec
    from conformance.target.auth import Auth
    from conformance.target.model import Target
    from conformance.target.secrets import Secrets

__all__ = ["Account", "Driver", "Lease", "Provisioner", "Room", "Wanted", "open_provisioner", "read_provision"]

NEEDS_SECRET = ("jwt", "reference")


def read_provision(document: Document, auth: Auth, spec: Spec, secrets: Secrets) -> Driver:
    """Read the section `provision` of a target file; raises BadFile or UsageError."""
    section = document.value["provision"]
    driver = section["driver"]
    if auth.signing is None and driver in NEEDS_SECRET:
        wanted = f"the driver {driver} makes tokens with the signing secret, which `auth: {{jwt: …}}` must name"
        raise BadFile(document.mistake(wanted, ("provision", "driver")))
    match driver:
        case "jwt":
            return Jwt.read(section)
        case "http":
            return Http.read(document, secrets)
        case "static":
            return Static.read(document, auth, secrets)
        case "sql":
            return Sql.read(document, secrets)
        case _:
            return Reference.read(section)


@asynccontextmanager
async def open_provisioner(target: Target, default_role: str) -> AsyncIterator[Provisioner]:
    """Open the driver that the target names."""
    async with target.provision.open(target, default_role) as provisioner:
        yield provisioner
