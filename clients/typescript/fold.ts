import type { Message, ServerFrame } from "./messages.js"

/** Applies an event to the messages; an outdated event is corrected by the later events that follow it. */
export function fold(messages: Map<string, Message>, event: ServerFrame): void {
  if (event.type === "NewMessage") {
    const { type, ...message } = event
    if (!messages.has(event.message_id)) messages.set(event.message_id, { ...message, reactions: [] })
  }
  const message = "message_id" in event ? messages.get(event.message_id) : undefined
  if (!message || message.deleted_at) return
  if (event.type === "MessageEdited") Object.assign(message, { content: event.content, edited_at: event.edited_at })
  if (event.type === "MessageDeleted") {
    Object.assign(message, { content: "", attachments: [], reactions: [], deleted_at: event.deleted_at })
  }
  if (event.type !== "ReactionAdded" && event.type !== "ReactionRemoved") return
  const reaction = message.reactions.find((one) => one.emoji === event.emoji) ?? { emoji: event.emoji, user_ids: [] }
  reaction.user_ids = reaction.user_ids.filter((one) => one !== event.user_id)
  if (event.type === "ReactionAdded") reaction.user_ids.push(event.user_id)
  message.reactions = message.reactions.filter((one) => one !== reaction)
  if (reaction.user_ids.length) message.reactions.push(reaction)
}
