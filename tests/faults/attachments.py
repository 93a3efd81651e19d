"""Wrongs of the attachments of messages."""

import asyncio
import unicodedata
import urllib.request
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from reference_server import content_rules
from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import NewMessage
from reference_server.handlers import history, messages
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault
from tests.faults.tools import change_frames, show_messages

KEPT = ["DEL-3", "CONN-11", "ACK-4", "ATT-2"]
CHECK = content_rules._check_attachment


def _keep(patch: Patch, change) -> None:
    """Store a list of attachments other than the one that was sent."""

    @patch.around(store, "add")
    def add(original, *arguments, attachments, **rest):
        return original(*arguments, attachments=change(attachments), **rest)


def _keep_each(patch: Patch, change) -> None:
    """Store each attachment with other fields than it was sent with."""
    _keep(patch, lambda attachments: [one | change(one) for one in attachments])


def _show(patch: Patch, view: str, change) -> None:
    """Show other attachments in one of the three ways to read messages."""
    show_messages(patch, view, lambda one: {"attachments": change(one["attachments"])})


@fault(breaks=["ATT-1"], also=KEPT)
def attachments_lost_in_event(patch: Patch) -> None:
    """The live event has no attachments."""
    change_frames(patch, NewMessage, lambda frame: frame.update(attachments=[]))


@fault(breaks=["ATT-1"], also=KEPT)
def attachments_lost_in_history(patch: Patch) -> None:
    """History shows no attachments."""
    _show(patch, "_history", lambda _: [])


@fault(breaks=["ATT-1"], also=KEPT)
def attachments_lost_in_search(patch: Patch) -> None:
    """Search shows no attachments."""
    _show(patch, "_search", lambda _: [])


@fault(breaks=["ATT-1"], also=KEPT)
def attachments_lost_in_sync(patch: Patch) -> None:
    """A sync shows no attachments."""
    _show(patch, "_sync", lambda _: [])


@fault(breaks=["ATT-1"], also=KEPT)
def attachments_in_reverse(patch: Patch) -> None:
    """A sync shows attachments in the opposite order."""
    _show(patch, "_sync", lambda attachments: attachments[::-1])


@fault(breaks=["ATT-1"], also=["ATT-3"])
def only_first_attachment(patch: Patch) -> None:
    """A message keeps one attachment only."""
    _keep(patch, lambda attachments: attachments[:1])


@fault(breaks=["ATT-1"])
def attachments_sorted(patch: Patch) -> None:
    """Attachments are sorted by their names."""
    _keep(patch, lambda attachments: sorted(attachments, key=lambda one: one["filename"]))


@fault(breaks=["ATT-1"], also=KEPT)
def attachments_are_of_any_message(patch: Patch) -> None:
    """All messages of a page of history have the attachments of the first."""

    @patch.around(history, "_history")
    def read(original, *arguments):
        answer = original(*arguments)
        first = answer.messages[0]["attachments"] if answer.messages else []
        return replace(answer, messages=[one | {"attachments": first} for one in answer.messages])


@fault(breaks=["ATT-1"], also=["CONN-11", "DEL-3", "ACK-4"])
def edit_drops_attachments(patch: Patch) -> None:
    """An edit of the text loses the attachments."""

    @patch.around(store, "edit")
    def edit(original, connection, message, *rest):
        gone = store._CHANGE.values(attachments=[])
        connection.execute(gone, {"message": message.message_id})
        return original(connection, message, *rest)


@fault(breaks=["ATT-1"], also=KEPT)
def attachment_size_as_string(patch: Patch) -> None:
    """The size of an attachment is a text."""
    _keep_each(patch, lambda one: {"size": str(one["size"])})


@fault(breaks=["ATT-1"], also=["ATT-3"])
def attachment_size_in_kilobytes(patch: Patch) -> None:
    """The size of an attachment is rounded up to 1024 bytes."""
    _keep_each(patch, lambda one: {"size": -(-one["size"] // 1024) * 1024})


@fault(breaks=["ATT-1"])
def attachment_without_width(patch: Patch) -> None:
    """The width of an attachment is lost."""
    _keep_each(patch, lambda _: {"width": None})


@fault(breaks=["ATT-1"])
def attachment_without_height(patch: Patch) -> None:
    """The height of an attachment is lost."""
    _keep_each(patch, lambda _: {"height": None})


@fault(breaks=["ATT-1"])
def attachment_without_duration(patch: Patch) -> None:
    """The duration of an attachment is lost."""
    _keep_each(patch, lambda _: {"duration": None})


@fault(breaks=["ATT-1"])
def attachment_lasts_whole_seconds(patch: Patch) -> None:
    """The duration of an attachment is cut to whole seconds."""
    _keep_each(patch, lambda one: {"duration": one["duration"] and int(one["duration"])})


@fault(breaks=["ATT-1"], also=KEPT)
def attachment_width_made_up(patch: Patch) -> None:
    """An attachment without a width has the width 0."""
    _keep_each(patch, lambda one: {"width": one["width"] or 0})


@fault(breaks=["ATT-1"])
def width_and_height_swapped(patch: Patch) -> None:
    """The width of an attachment is its height."""
    _keep_each(patch, lambda one: {"width": one["height"], "height": one["width"]})


@fault(breaks=["ATT-1"])
def filename_normalized(patch: Patch) -> None:
    """The letters of a filename are composed."""
    _keep_each(patch, lambda one: {"filename": unicodedata.normalize("NFC", one["filename"])})


@fault(breaks=["ATT-1"])
def filename_made_safe(patch: Patch) -> None:
    """The characters of a filename beyond ASCII become underscores."""
    _keep_each(patch, lambda one: {"filename": "".join(c if c.isascii() else "_" for c in one["filename"])})


@fault(breaks=["ATT-1"])
def filename_is_that_of_the_url(patch: Patch) -> None:
    """The filename is the last part of the URL."""
    _keep_each(patch, lambda one: {"filename": PurePosixPath(urlsplit(one["url"]).path).name or one["filename"]})


@fault(breaks=["ATT-1"])
def url_unquoted(patch: Patch) -> None:
    """The escapes of a URL are resolved."""
    _keep_each(patch, lambda one: {"url": unquote(one["url"])})


@fault(breaks=["ATT-1"])
def url_quoted_again(patch: Patch) -> None:
    """The escapes of a URL are escaped."""
    _keep_each(patch, lambda one: {"url": quote(one["url"], safe=":/")})


@fault(breaks=["ATT-1"])
def url_loses_its_query(patch: Patch) -> None:
    """What follows the path of a URL is lost."""
    _keep_each(patch, lambda one: {"url": one["url"].partition("?")[0]})


@fault(breaks=["ATT-1"], also=KEPT)
def content_type_guessed(patch: Patch) -> None:
    """The content type of every attachment is application/octet-stream."""
    _keep_each(patch, lambda _: {"content_type": "application/octet-stream"})


@fault(breaks=["ATT-2"], also=["CONN-11"])
def attachment_alone_refused(patch: Patch) -> None:
    """A message with an attachment and without a word is refused."""
    patch.rewrite(content_rules.check_content, " and not has_attachments", "")


@fault(breaks=["ATT-2"], also=["CONN-11"])
def attachment_alone_gets_a_text(patch: Patch) -> None:
    """A message without a word says the name of its attachment."""

    @patch.around(messages, "_send")
    def send(original, connection, request, user_id):
        named = request.content or request.attachments[0].filename
        return original(connection, request.model_copy(update={"content": named}), user_id)


@fault(breaks=["ATT-2"], also=["CONN-11"])
def attachment_alone_not_in_history(patch: Patch) -> None:
    """A message without a word is told, and not in history."""

    @patch.around(history, "_history")
    def read(original, *arguments):
        answer = original(*arguments)
        return replace(answer, messages=[one for one in answer.messages if one["content"]])


@fault(breaks=["ATT-2"], also=["CONN-11"])
def attachment_alone_not_told(patch: Patch) -> None:
    """A message without a word is stored, and nobody is told."""

    @patch.around(Instance, "tell")
    async def tell(original, self, conversation_id, event, **how):
        if not isinstance(event, NewMessage) or event.content:
            await original(self, conversation_id, event, **how)


@fault(breaks=["ATT-3"])
def any_number_of_attachments(patch: Patch) -> None:
    """A message may have any number of attachments."""
    patch.rewrite(content_rules.check_attachments, "len(attachments) > limits.attachments", "False")


@fault(breaks=["ATT-3"])
def one_attachment_too_few(patch: Patch) -> None:
    """A message may have one attachment less than the limit says."""
    patch.rewrite(content_rules.check_attachments, "> limits.attachments", ">= limits.attachments")


@fault(breaks=["ATT-3"])
def too_many_attachments_are_cut(patch: Patch) -> None:
    """The attachments over the limit are dropped."""
    patch.rewrite(content_rules.check_attachments, "len(attachments) > limits.attachments", "False")
    _keep(patch, lambda attachments: attachments[:10])


@fault(breaks=["ATT-3"])
def any_size_accepted(patch: Patch) -> None:
    """An attachment may be of any size."""
    patch.rewrite(CHECK, "attachment.size > limits.attachment_bytes", "False")


@fault(breaks=["ATT-3"])
def biggest_attachment_refused(patch: Patch) -> None:
    """An attachment of exactly the limit is refused."""
    patch.rewrite(CHECK, "> limits.attachment_bytes", ">= limits.attachment_bytes")


@fault(breaks=["ATT-3"])
def zero_size_accepted(patch: Patch) -> None:
    """An attachment may have no bytes."""
    patch.rewrite(CHECK, "attachment.size > 0", "attachment.size >= 0")


@fault(breaks=["ATT-3"])
def negative_size_accepted(patch: Patch) -> None:
    """An attachment may have fewer than no bytes."""
    patch.rewrite(CHECK, "attachment.size > 0", "attachment.size != 0")


@fault(breaks=["ATT-3"])
def only_first_attachment_checked(patch: Patch) -> None:
    """Only the first attachment is looked at."""
    patch.rewrite(content_rules.check_attachments, "in attachments:", "in attachments[:1]:")


@fault(breaks=["ATT-3"])
def any_url_allowed(patch: Patch) -> None:
    """An attachment may have any URL."""
    patch.rewrite(CHECK, "_is_web_address(attachment.url)", "True")


@fault(breaks=["ATT-3"])
def javascript_url_allowed(patch: Patch) -> None:
    """The URL of an attachment may be a script."""
    patch.rewrite(content_rules._is_web_address, '{"http", "https"}', '{"http", "https", "javascript"}')
    patch.rewrite(content_rules._is_web_address, "bool(parts.hostname)", "True")


@fault(breaks=["ATT-3"])
def data_url_allowed(patch: Patch) -> None:
    """The URL of an attachment may be data."""
    patch.rewrite(content_rules._is_web_address, '{"http", "https"}', '{"http", "https", "data"}')
    patch.rewrite(content_rules._is_web_address, "bool(parts.hostname)", "True")


@fault(breaks=["ATT-3"])
def file_url_allowed(patch: Patch) -> None:
    """The URL of an attachment may be a file."""
    patch.rewrite(content_rules._is_web_address, '{"http", "https"}', '{"http", "https", "file"}')
    patch.rewrite(content_rules._is_web_address, "bool(parts.hostname)", "True")


@fault(breaks=["ATT-3"])
def dangerous_url_by_its_lower_case(patch: Patch) -> None:
    """A dangerous URL is known by its beginning in lower case."""
    dangerous = '("javascript:", "data:", "file:")'
    patch.rewrite(CHECK, "_is_web_address(attachment.url)", f"not attachment.url.startswith({dangerous})")


@fault(breaks=["ATT-3"])
def dangerous_url_by_its_beginning(patch: Patch) -> None:
    """A dangerous URL is known by its beginning, whatever a browser ignores in it."""
    dangerous = '("javascript:", "data:", "file:")'
    patch.rewrite(CHECK, "_is_web_address(attachment.url)", f"not attachment.url.lower().startswith({dangerous})")


@fault(breaks=["ATT-3"])
def path_in_filename_allowed(patch: Patch) -> None:
    """A filename may have a path."""
    patch.rewrite(CHECK, "_is_filename(attachment.filename)", "True")


@fault(breaks=["ATT-3"])
def windows_path_in_filename_allowed(patch: Patch) -> None:
    """A filename may have a path with backslashes."""
    patch.rewrite(content_rules._is_filename, 'character in "/\\\\"', 'character in "/"')


@fault(breaks=["ATT-3"])
def only_parent_path_refused(patch: Patch) -> None:
    """A filename may have a path unless it goes up."""
    patch.rewrite(CHECK, "_is_filename(attachment.filename)", "'..' not in attachment.filename")


@fault(breaks=["ATT-3"])
def path_in_filename_is_cut(patch: Patch) -> None:
    """The path of a filename is dropped."""
    patch.rewrite(CHECK, "_is_filename(attachment.filename)", "True")
    _keep_each(patch, lambda one: {"filename": PurePosixPath(one["filename"].replace("\\", "/")).name})


@fault(breaks=["ATT-3"])
def any_content_type_accepted(patch: Patch) -> None:
    """A content type may be anything."""
    patch.rewrite(CHECK, "_MEDIA_TYPE.fullmatch(attachment.content_type) is not None", "True")


@fault(breaks=["ATT-3"])
def content_type_matches_its_beginning(patch: Patch) -> None:
    """A content type may be followed by anything."""
    patch.rewrite(CHECK, "_MEDIA_TYPE.fullmatch", "_MEDIA_TYPE.match")


@fault(breaks=["ATT-3"])
def content_type_needs_a_slash(patch: Patch) -> None:
    """A content type is anything with a slash."""
    patch.rewrite(CHECK, "_MEDIA_TYPE.fullmatch(attachment.content_type) is not None", '"/" in attachment.content_type')


@fault(breaks=["ATT-3"])
def bad_attachment_refused_but_told(patch: Patch) -> None:
    """A message with a bad attachment is refused, and stored without it."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if "attachment" in refused.message:
                await original(context, request.model_copy(update={"attachments": None}))
            raise


def _fetch(url: str) -> None:
    with suppress(OSError, ValueError):
        urllib.request.urlopen(url, timeout=1).close()


def _fetch_soon(attachments) -> None:
    """Ask for the URLs, in threads, where they are of this machine."""
    for one in attachments:
        if "//127.0.0.1" in one["url"] or "//localhost" in one["url"]:
            asyncio.get_running_loop().run_in_executor(None, _fetch, one["url"])


@fault(breaks=["ATT-4"])
def attachment_url_fetched(patch: Patch) -> None:
    """The server fetches what is sent, to look at it."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        _fetch_soon([one.model_dump() for one in request.attachments or ()])
        return await original(context, request)


@fault(breaks=["ATT-4"])
def images_fetched_for_thumbnails(patch: Patch) -> None:
    """The server fetches images that are sent."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        sent = [one.model_dump() for one in request.attachments or ()]
        _fetch_soon([one for one in sent if one["content_type"].startswith("image/")])
        return await original(context, request)


@fault(breaks=["ATT-4"])
def attachment_url_fetched_by_a_worker(patch: Patch) -> None:
    """The server fetches what is sent half a second later, when a worker comes to it."""

    @patch.around(messages, "send_message")
    async def send_message(original, context, request):
        sent = [one.model_dump() for one in request.attachments or ()]
        asyncio.get_running_loop().call_later(0.5, _fetch_soon, sent)
        return await original(context, request)


def _fetch_when_read(patch: Patch, handler: str) -> None:
    """Fetch what is shown in one of the three ways to read messages."""

    @patch.around(history, handler)
    async def read(original, context, request):
        answer = await original(context, request)
        for message in answer.messages:
            _fetch_soon(message["attachments"])
        return answer


@fault(breaks=["ATT-4"])
def attachment_url_fetched_with_history(patch: Patch) -> None:
    """The server fetches what history shows."""
    _fetch_when_read(patch, "fetch_history")


@fault(breaks=["ATT-4"])
def attachment_url_fetched_with_search(patch: Patch) -> None:
    """The server fetches what search shows."""
    _fetch_when_read(patch, "search_messages")


@fault(breaks=["ATT-4"])
def attachment_url_fetched_with_sync(patch: Patch) -> None:
    """The server fetches what a sync shows."""
    _fetch_when_read(patch, "sync_messages")


@fault(breaks=["ATT-1"], also=KEPT)
def attachments_with_one_url_are_one(patch: Patch) -> None:
    """Of several attachments with one URL the first is kept."""
    _keep(patch, lambda attachments: [*{one["url"]: one for one in reversed(attachments)}.values()][::-1])


@fault(breaks=["ATT-1"], also=KEPT)
def content_type_without_its_parameters(patch: Patch) -> None:
    """The content type of an attachment is kept without its parameters."""
    _keep_each(patch, lambda one: {"content_type": one["content_type"].partition(";")[0]})


@fault(breaks=["ATT-1"], also=KEPT)
def duration_is_rounded(patch: Patch) -> None:
    """A duration is kept with one digit after the point."""
    _keep_each(patch, lambda one: {"duration": None if one["duration"] is None else round(one["duration"], 1)})


@fault(breaks=["ATT-1"], also=KEPT)
def urls_have_255_characters(patch: Patch) -> None:
    """The URL of an attachment is cut after 255 characters."""
    _keep_each(patch, lambda one: {"url": one["url"][:255]})


@fault(breaks=["ATT-1"], also=KEPT)
def filenames_have_64_characters(patch: Patch) -> None:
    """The name of a file is cut after 64 characters."""
    _keep_each(patch, lambda one: {"filename": one["filename"][:64]})


@fault(breaks=["ATT-1"], also=KEPT)
def widths_have_15_bits(patch: Patch) -> None:
    """A width is at most 32767."""
    _keep_each(patch, lambda one: {"width": None if one["width"] is None else min(one["width"], 32767)})
