"""Wrongs of a server that reads more into a text than its characters, or fewer characters than it has."""

import re

from reference_server.store import messages as store
from tests.faults.registry import Patch, fault


def _stored(patch: Patch, change) -> None:
    """Store the content of each message in another form."""

    @patch.around(store, "add")
    def add(original, *arguments, content, **named):
        return original(*arguments, content=change(content), **named)


@fault(breaks=["SEND-1"])
def comments_are_stripped(patch: Patch) -> None:
    """Comments of HTML are taken out."""
    _stored(patch, lambda text: re.sub(r"<!--.*?-->", "", text))


@fault(breaks=["SEND-1"])
def underscores_are_markup(patch: Patch) -> None:
    """Underscores around a word are taken out, as stars are elsewhere."""
    _stored(patch, lambda text: re.sub(r"_([^_\s]+)_", r"\1", text))


@fault(breaks=["SEND-1"])
def double_percent_is_one(patch: Patch) -> None:
    """The content goes through a function for formats, which makes one percent sign of two."""
    _stored(patch, lambda text: text.replace("%%", "%"))


@fault(breaks=["SEND-1"])
def emoticons_become_emoji(patch: Patch) -> None:
    """A smile of two characters becomes an emoji."""
    _stored(patch, lambda text: text.replace(":)", "\U0001f642"))


@fault(breaks=["SEND-1"])
def mail_addresses_are_masked(patch: Patch) -> None:
    """Of a mail address only the first letter and the host are kept."""
    _stored(patch, lambda text: re.sub(r"\b(\w)\w*@", r"\1***@", text))


@fault(breaks=["SEND-1"])
def card_numbers_are_masked(patch: Patch) -> None:
    """Of a number of 16 digits only the last four are kept."""
    _stored(patch, lambda text: re.sub(r"\b\d{12}(\d{4})\b", r"************\1", text))


@fault(breaks=["SEND-1"])
def links_are_not_tracked(patch: Patch) -> None:
    """The parameters of an address by which visits are counted are taken out."""
    _stored(patch, lambda text: re.sub(r"[?&]utm_\w+=\w+", "", text))


@fault(breaks=["SEND-1"])
def json_is_written_anew(patch: Patch) -> None:
    """Content that is an object of JSON loses the space after its first brace."""
    _stored(patch, lambda text: re.sub(r'^\{\s*"', '{"', text))


@fault(breaks=["SEND-1"])
def zero_is_empty(patch: Patch) -> None:
    """The content "0" is taken for none."""
    _stored(patch, lambda text: "" if text == "0" else text)


@fault(breaks=["SEND-1"])
def private_characters_are_lost(patch: Patch) -> None:
    """Characters for private use are taken out."""
    _stored(patch, lambda text: re.sub("[\ue000-\uf8ff]", "", text))


@fault(breaks=["SEND-1"])
def replacement_characters_are_lost(patch: Patch) -> None:
    """The character that stands for one which could not be read is taken out, whoever wrote it."""
    _stored(patch, lambda text: text.replace("\ufffd", ""))


@fault(breaks=["SEND-1"])
def unassigned_characters_are_lost(patch: Patch) -> None:
    """Characters that Unicode has not given a meaning yet are taken out."""
    _stored(patch, lambda text: re.sub("[\u0378\u0379]", "", text))
