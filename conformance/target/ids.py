"""Checks once that a driver's ids have the form of the target's dialect, instead of once in each scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.errors import BadFile, ProvisioningFailed
from conformance.target.dialect import form_of, provided

if TYPE_CHECKING:
    from conformance.errors import Mistake
    from conformance.files.documents import Document, Steps
    from conformance.target.dialect import Dialect
    from conformance.target.model import Driver


def check_ids(document: Document, driver: Driver, dialect: Dialect | None) -> None:
    """Raise BadFile for all ids that do not fit: no scenario that needs them could be judged."""
    mistakes: dict[tuple[Steps, str], Mistake] = {}
    for one in driver.expected_ids:
        try:
            provided(form_of(dialect, one.kind), one.value)
        except ProvisioningFailed as error:
            more = "; `provision: {ids: …}` says which form it makes up" if one.made else ""
            mistakes.setdefault((one.place, str(error)), document.mistake(f"{error}{more}", one.place))
    if mistakes:
        raise BadFile(*mistakes.values())
