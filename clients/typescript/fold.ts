import type { Message, ServerFrame } from "./messages.js"

/** Applies an event to the messages; an outdated event is corrected by the later events that follow it. */
export function fold(messages: Map<string, Message>, event: ServerFrame): void {
  const message = "message_id" in event ? messages.get(event.message_id) : undefined
  if (event.type === "NewMessage" && !message) {
    const { type, ...fields } = event
    messages.set(event.message_id, { ...fields, reactions: [] })
  }
  if (!message || message.deleted_at) return
  if (event.type === "MessageEdited") Object.assign(message, { content: event.content, edited_at: event.edited_at })
  if (event.type === "MessageDeleted")
    Object.assign(message, { content: "", attachments: [], reactions: [], deleted_at: event.deleted_at })
  if (event.type !== "ReactionAdded" && event.type !== "ReactionRemoved") return
  const others = message.reactions.filter((one) => one.emoji !== event.emoji)
  const before = message.reactions.find((one) => one.emoji === event.emoji)?.user_ids ?? []
  const user_ids = before.filter((one) => one !== event.user_id)
  if (event.type === "ReactionAdded") user_ids.push(event.user_id)
  message.reactions = user_ids.length ? [...others, { emoji: event.emoji, user_ids }] : others
}
