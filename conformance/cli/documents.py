"""The two documents that `chat-parity docs` writes to the spec folder, for tools and for editors.

`chat-parity lint` reports a document that is not up to date.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cli.output import emit
from conformance.errors import Mistake, UsageError
from conformance.files.documents import read_yaml
from conformance.report.asyncapi import Server, asyncapi_yaml
from conformance.report.schema_bundle import schema_bundle
from conformance.spec.folder import is_installed_copy

if TYPE_CHECKING:
    from conformance.spec import Spec

ASYNCAPI = "asyncapi.yaml"
BUNDLE = "chat-parity.schema.json"


def asyncapi_of(spec: Spec) -> str:
    """Describe the protocol at the address of the reference server; raises BadFile."""
    target = read_yaml(spec.folder / "targets" / "reference.yaml").value
    return asyncapi_yaml(
        spec, Server("reference", target["name"], target["instances"][0], target["auth"]["query_param"])
    )


def bundle_of(folder: Path) -> str:
    """Give the formats of a spec folder as one schema; raises BadFile."""
    return schema_bundle(folder / "formats")


def write_document(text: str, name: str, folder: Path, out: Path | None) -> None:
    """Write a document into a spec folder, or to another place (`-` is standard output); raises UsageError."""
    if out is None and is_installed_copy(folder):
        raise UsageError(f"the spec {folder} belongs to the installation; name another place for {name} with --out")
    emit(text, None if out == Path("-") else out or folder / name)


def stale_documents(spec: Spec) -> list[Mistake]:
    """Find the documents in the spec folder that are out of date; a missing document is not a mistake.

    Raises BadFile.
    """
    folder = spec.folder
    if not any((folder / name).exists() for name in (ASYNCAPI, BUNDLE)):
        return []
    current = {ASYNCAPI: ("--asyncapi", asyncapi_of(spec)), BUNDLE: ("--schema-bundle", bundle_of(folder))}
    return [
        Mistake(folder / name, 0, f"this is not what the spec says now: run `chat-parity docs {option}`")
        for name, (option, text) in current.items()
        if (folder / name).exists() and (folder / name).read_bytes() != text.encode()
    ]
