"""The protocol's fields, written down a second time and by hand: a slip in a schema shows up as a difference."""

from typing import NamedTuple


class Fields(NamedTuple):
    """The fields of one message or shared object, `type` left out."""

    required: str = ""
    optional: str = ""


INCOMING = {
    "SendMessage": Fields("conversation_id content", "parent_message_id attachments"),
    "EditMessage": Fields("conversation_id message_id content"),
    "DeleteMessage": Fields("conversation_id message_id"),
    "JoinConversation": Fields("conversation_id"),
    "LeaveConversation": Fields("conversation_id"),
    "FetchHistory": Fields("conversation_id", "cursor limit"),
    "SearchMessages": Fields("conversation_id query", "limit offset"),
    "SyncMessages": Fields("conversation_id since", "limit"),
    "Typing": Fields("conversation_id is_typing"),
    "MarkAsRead": Fields("conversation_id message_id"),
    "Delivered": Fields("conversation_id message_id"),
    "AddReaction": Fields("conversation_id message_id emoji"),
    "RemoveReaction": Fields("conversation_id message_id emoji"),
    "CallOffer": Fields("conversation_id target_user_id sdp", "call_type"),
    "CallAnswer": Fields("conversation_id target_user_id sdp"),
    "ICECandidate": Fields("conversation_id target_user_id candidate", "sdp_mid sdp_mline_index"),
    "CallHangup": Fields("conversation_id target_user_id"),
    "CallReject": Fields("conversation_id target_user_id"),
    "Ping": Fields(),
}

OUTGOING = {
    "NewMessage": Fields("conversation_id message_id sender_id content created_at attachments", "parent_message_id"),
    "MessageEdited": Fields("conversation_id message_id editor_id content edited_at"),
    "MessageDeleted": Fields("conversation_id message_id deleted_by deleted_at"),
    "HistoryChunk": Fields("conversation_id messages has_more", "next_cursor"),
    "SearchResults": Fields("conversation_id query messages total"),
    "SyncChunk": Fields("conversation_id messages has_more next_since"),
    "UserTyping": Fields("conversation_id user_id is_typing"),
    "MessageRead": Fields("conversation_id message_id user_id read_at"),
    "MessageDelivered": Fields("conversation_id message_id user_id delivered_at"),
    "ReactionAdded": Fields("conversation_id message_id user_id emoji"),
    "ReactionRemoved": Fields("conversation_id message_id user_id emoji"),
    "CallOffer": Fields("conversation_id from_user_id sdp", "call_type"),
    "CallAnswer": Fields("conversation_id from_user_id sdp"),
    "ICECandidate": Fields("conversation_id from_user_id candidate", "sdp_mid sdp_mline_index"),
    "CallHangup": Fields("conversation_id from_user_id"),
    "CallReject": Fields("conversation_id from_user_id"),
    "ActionConfirmed": Fields("action success"),
    "Error": Fields("message", "code"),
    "Pong": Fields(),
    "UserPresenceUpdate": Fields("user_id status"),
}

SHARED = {
    "Message": Fields(
        "message_id conversation_id sender_id content attachments reactions created_at",
        "parent_message_id edited_at deleted_at",
    ),
    "Reaction": Fields("emoji user_ids"),
    "Attachment": Fields("url filename content_type size", "width height duration"),
}

ERROR_CODES = {
    "invalid_message",
    "unknown_type",
    "forbidden",
    "not_found",
    "conflict",
    "rate_limited",
    "too_large",
    "unavailable",
    "internal",
}

IDS = {
    "conversation_id",
    "message_id",
    "parent_message_id",
    "sender_id",
    "user_id",
    "editor_id",
    "deleted_by",
    "target_user_id",
    "from_user_id",
}
INSTANTS = {
    "created_at",
    "edited_at",
    "deleted_at",
    "read_at",
    "delivered_at",
    "since",
    "next_since",
}
INTEGERS = {
    "limit",
    "offset",
    "total",
    "size",
    "width",
    "height",
    "sdp_mline_index",
}
BOOLEANS = {
    "is_typing",
    "has_more",
    "success",
}
NUMBERS = {"duration"}
CHOICES = {"call_type": {"audio", "video"}, "status": {"online", "offline"}}
LISTS = {
    "attachments": "Attachment",
    "messages": "Message",
    "reactions": "Reaction",
    "user_ids": "uuid",
}  # everything else is text

REPLIES = {
    "SendMessage": "message_sent",
    "EditMessage": "message_edited",
    "DeleteMessage": "message_deleted",
    "JoinConversation": "joined_conversation",
    "LeaveConversation": "left_conversation",
    "FetchHistory": "HistoryChunk",
    "SearchMessages": "SearchResults",
    "SyncMessages": "SyncChunk",
    "Typing": None,
    "MarkAsRead": "marked_as_read",
    "Delivered": "marked_as_delivered",
    "AddReaction": "reaction_added",
    "RemoveReaction": "reaction_removed",
    "CallOffer": "call_offered",
    "CallAnswer": "call_answered",
    "ICECandidate": None,
    "CallHangup": "call_hung_up",
    "CallReject": "call_rejected",
    "Ping": "Pong",
}

ECHOES = {
    "SendMessage": {"NewMessage": "sender_id"},
    "EditMessage": {"MessageEdited": "editor_id"},
    "DeleteMessage": {"MessageDeleted": "deleted_by"},
    "AddReaction": {"ReactionAdded": "user_id"},
    "RemoveReaction": {"ReactionRemoved": "user_id"},
    "MarkAsRead": {"MessageRead": "user_id"},
}

FRAME_RULES = {
    "NewMessage": "SEND-1",
    "MessageEdited": "EDIT-1",
    "MessageDeleted": "DEL-1",
    "HistoryChunk": "HIST-1",
    "SearchResults": "SRCH-4",
    "SyncChunk": "SYNC-1",
    "UserTyping": "TYPE-1",
    "MessageRead": "READ-1",
    "MessageDelivered": "DLVR-1",
    "ReactionAdded": "REAC-1",
    "ReactionRemoved": "REAC-1",
    "CallOffer": "CALL-1",
    "CallAnswer": "CALL-1",
    "ICECandidate": "CALL-1",
    "CallHangup": "CALL-1",
    "CallReject": "CALL-1",
    "ActionConfirmed": "ACK-1",
    "Error": "CONN-2",
    "Pong": "PING-1",
    "UserPresenceUpdate": "CONN-12",
}

FEATURES = [
    ("websocket_connection", "WebSocket connection"),
    ("jwt_authentication", "JWT authentication (query param)"),
    ("send_message", "SendMessage"),
    ("edit_message", "EditMessage"),
    ("delete_message", "DeleteMessage (soft delete)"),
    ("join_conversation", "JoinConversation"),
    ("leave_conversation", "LeaveConversation"),
    ("fetch_history", "FetchHistory (cursor)"),
    ("search_messages", "SearchMessages (ILIKE)"),
    ("sync_messages", "SyncMessages (since)"),
    ("typing_indicators", "Typing indicators"),
    ("read_receipts", "Read receipts"),
    ("delivered_status", "Delivered status"),
    ("reactions", "Reactions (add/remove)"),
    ("call_offer", "CallOffer (WebRTC relay)"),
    ("call_answer", "CallAnswer (WebRTC relay)"),
    ("ice_candidate", "ICECandidate (WebRTC relay)"),
    ("call_hangup", "CallHangup"),
    ("call_reject", "CallReject"),
    ("ping_pong", "Ping/Pong keepalive"),
    ("rate_limiting", "Rate limiting"),
    ("permissions", "Permissions (read/send/join/moderate)"),
    ("multi_instance", "Multi-instance broadcast"),
    ("message_attachments", "Message attachments"),
    ("action_confirmed", "ActionConfirmed responses"),
]

# How many numbers each family of rules has, and which numbers have a must half and a should half.
RULE_FAMILIES = {
    "CONN": (20, [6]),
    "AUTH": (6, []),
    "SEND": (12, [7, 8]),
    "EDIT": (6, [5]),
    "DEL": (7, [4]),
    "JOIN": (6, [3]),
    "LEAVE": (4, []),
    "HIST": (9, [5, 8]),
    "SRCH": (11, [1, 11]),
    "SYNC": (8, [1, 8]),
    "TYPE": (4, []),
    "READ": (6, []),
    "DLVR": (6, []),
    "REAC": (8, [2, 3]),
    "CALL": (11, [5, 6, 9]),
    "PING": (5, []),
    "RATE": (8, [1]),
    "PERM": (5, [4]),
    "MULTI": (3, []),
    "ATT": (4, []),
    "ACK": (4, []),
}

# Rules that are a should as a whole, without a must half.
WHOLLY_SHOULD = {
    "CONN-5",
    "CONN-12",
    "CONN-19",
    "AUTH-3",
    "AUTH-4",
    "SRCH-2",
    "SRCH-6",
    "TYPE-2",
    "READ-2",
    "DLVR-2",
    "REAC-6",
    "HIST-9",
    "CALL-10",
    "CALL-11",
    "PING-3",
    "PING-5",
    "RATE-5",
    "RATE-7",
    "PERM-3",
    "ATT-3",
}
