"""Wrongs of attachments whose address, name or numbers are written anew."""

import re
from html import unescape
from urllib.parse import quote, unquote

from reference_server.store import messages as store
from tests.faults.registry import Patch, fault


def _change(patch: Patch, field: str, change) -> None:
    """Store a field of each attachment in another form."""

    @patch.around(store, "add")
    def add(original, *arguments, attachments, **named):
        changed = [one | {field: change(one[field])} for one in attachments]
        return original(*arguments, attachments=changed, **named)


@fault(breaks=["ATT-1"])
def url_loses_its_user(patch: Patch) -> None:
    """The user in the URL of an attachment is taken out."""
    _change(patch, "url", lambda url: re.sub(r"//[^/@]+@", "//", url))


@fault(breaks=["ATT-1"])
def url_loses_its_question_mark(patch: Patch) -> None:
    """A question mark at the end of the URL of an attachment is taken out."""
    _change(patch, "url", lambda url: url.removesuffix("?"))


@fault(breaks=["ATT-1"])
def url_loses_its_signature(patch: Patch) -> None:
    """The signature in the URL of an attachment is blanked, as in a log."""
    _change(patch, "url", lambda url: re.sub(r"([?&]X-Amz-Signature)=[^&]*", r"\1=", url))


@fault(breaks=["ATT-1"])
def url_has_its_escapes_in_capitals(patch: Patch) -> None:
    """The escapes in the URL of an attachment are written with capitals."""
    _change(patch, "url", lambda url: re.sub(r"%[0-9a-f]{2}", lambda found: found[0].upper(), url))


@fault(breaks=["ATT-1"])
def url_is_quoted_beyond_ascii(patch: Patch) -> None:
    """Letters beyond ASCII in the URL of an attachment are escaped."""
    _change(patch, "url", lambda url: quote(url, safe="".join(map(chr, range(128)))))


@fault(breaks=["ATT-1"])
def host_in_punycode(patch: Patch) -> None:
    """A host beyond ASCII in the URL of an attachment is written as DNS has it."""
    _change(
        patch, "url", lambda url: re.sub(r"(?<=//)[^/]*[^\0-\x7f/][^/]*", lambda at: at[0].encode("idna").decode(), url)
    )


@fault(breaks=["ATT-1"])
def filename_is_unquoted(patch: Patch) -> None:
    """Escapes in the name of a file are decoded."""
    _change(patch, "filename", unquote)


@fault(breaks=["ATT-1"])
def filename_has_no_plus(patch: Patch) -> None:
    """A plus in the name of a file is taken for a space."""
    _change(patch, "filename", lambda name: name.replace("+", " "))


@fault(breaks=["ATT-1"])
def filename_has_no_entities(patch: Patch) -> None:
    """Entities of HTML in the name of a file are decoded."""
    _change(patch, "filename", unescape)


@fault(breaks=["ATT-1"])
def content_type_is_mended(patch: Patch) -> None:
    """The content type image/jpg becomes the registered one."""
    _change(patch, "content_type", lambda kind: kind.replace("image/jpg", "image/jpeg"))


@fault(breaks=["ATT-1"])
def durations_have_a_day(patch: Patch) -> None:
    """A duration is at most a day."""
    _change(patch, "duration", lambda seconds: seconds and min(seconds, 86400))


@fault(breaks=["ATT-1"])
def sizes_have_24_bits(patch: Patch) -> None:
    """A size is kept as a number with 24 significant bits."""
    _change(patch, "size", lambda size: size if size < 2**24 else size - size % 2)


@fault(breaks=["ATT-1"])
def one_pixel_is_none(patch: Patch) -> None:
    """A height of 1 is taken for none."""
    _change(patch, "height", lambda height: None if height == 1 else height)
