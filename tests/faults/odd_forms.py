"""Wrongs of attachments whose metadata has an odd form, or whose message is of another kind than usual."""

import re
from html import unescape
from urllib.parse import quote, unquote

from reference_server.store import messages as store
from tests.faults.registry import Patch, fault
from tests.faults.tools import show_messages


def _change(patch: Patch, field: str, change) -> None:
    """Store a field of each attachment in another form."""

    @patch.around(store, "add")
    def add(original, *arguments, attachments, **named):
        changed = [one | {field: change(one[field])} for one in attachments]
        return original(*arguments, attachments=changed, **named)


@fault(breaks=["ATT-1"])
def url_becomes_https(patch: Patch) -> None:
    """The URL of an attachment becomes one of HTTPS."""
    _change(patch, "url", lambda url: url.replace("http://", "https://", 1))


@fault(breaks=["ATT-1"])
def url_loses_its_port(patch: Patch) -> None:
    """The URL of an attachment loses its port."""
    _change(patch, "url", lambda url: re.sub(r"^(https?://[^/:]+):\d+", r"\1", url))


@fault(breaks=["ATT-1"])
def host_in_small_letters(patch: Patch) -> None:
    """The host in the URL of an attachment is written in small letters."""
    _change(patch, "url", lambda url: re.sub(r"^https?://[^/]+", lambda found: found[0].lower(), url))


@fault(breaks=["ATT-1"])
def url_gets_a_slash(patch: Patch) -> None:
    """The URL of an attachment that has no path gets one."""
    _change(patch, "url", lambda url: re.sub(r"^(https?://[^/]+)$", r"\1/", url))


@fault(breaks=["ATT-1"])
def content_type_in_small_letters(patch: Patch) -> None:
    """The content type of an attachment is written in small letters."""
    _change(patch, "content_type", str.lower)


@fault(breaks=["ATT-1"])
def content_type_is_that_of_the_name(patch: Patch) -> None:
    """The content type of an attachment whose name ends in .png is that of a picture."""

    @patch.around(store, "add")
    def add(original, *arguments, attachments, **named):
        changed = [
            one | {"content_type": "image/png"} if one["filename"].endswith(".png") else one for one in attachments
        ]
        return original(*arguments, attachments=changed, **named)


@fault(breaks=["ATT-1"])
def filename_is_stripped(patch: Patch) -> None:
    """White space around the name of a file is lost."""
    _change(patch, "filename", str.strip)


@fault(breaks=["ATT-1"])
def no_duration_is_none(patch: Patch) -> None:
    """A duration of 0 is taken for none."""
    _change(patch, "duration", lambda duration: duration or None)


@fault(breaks=["ATT-1"])
def replies_lose_their_attachments(patch: Patch) -> None:
    """A message that answers another one has no attachments."""

    @patch.around(store, "add")
    def add(original, *arguments, attachments, parent_id, **named):
        return original(*arguments, attachments=[] if parent_id else attachments, parent_id=parent_id, **named)


@fault(breaks=["ATT-1"])
def replies_take_their_parents_attachments(patch: Patch) -> None:
    """A message that answers another one and has no attachments shows those of that one."""

    @patch.around(store, "add")
    def add(original, connection, conversation_id, *arguments, attachments, parent_id, **named):
        if parent_id and not attachments:
            attachments = store.find(connection, conversation_id, parent_id).attachments
        return original(connection, conversation_id, *arguments, attachments=attachments, parent_id=parent_id, **named)


@fault(breaks=["ATT-1"])
def a_file_belongs_to_one_message(patch: Patch) -> None:
    """An attachment whose URL another message has is not kept."""
    known: set = set()

    @patch.around(store, "add")
    def add(original, *arguments, attachments, **named):
        kept = [one for one in attachments if (arguments[1], one["url"]) not in known]
        known.update((arguments[1], one["url"]) for one in attachments)
        return original(*arguments, attachments=kept, **named)


@fault(breaks=["ATT-1"])
def extension_in_small_letters(patch: Patch) -> None:
    """The extension of a filename is written in small letters."""
    _change(patch, "filename", lambda name: re.sub(r"\.\w+$", lambda end: end[0].lower(), name))


@fault(breaks=["ATT-1"])
def reserved_characters_become_underscores(patch: Patch) -> None:
    """The characters of a filename that Windows does not take become underscores."""
    _change(patch, "filename", lambda name: re.sub(r'[:*?"<>|]', "_", name))


@fault(breaks=["ATT-1"])
def heights_have_15_bits(patch: Patch) -> None:
    """A height is at most 32767."""
    _change(patch, "height", lambda height: height and min(height, 32767))


@fault(breaks=["ATT-1"])
def pictures_come_first(patch: Patch) -> None:
    """The pictures among the attachments come before the other files."""

    @patch.around(store, "add")
    def add(original, *arguments, attachments, **named):
        kept = sorted(attachments, key=lambda one: not one["content_type"].startswith("image/"))
        return original(*arguments, attachments=kept, **named)


@fault(breaks=["ATT-3"], also=["ATT-1"])
def history_shows_six_attachments(patch: Patch) -> None:
    """History shows at most six attachments of a message."""
    show_messages(patch, "_history", lambda one: {"attachments": one["attachments"][:6]})


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
