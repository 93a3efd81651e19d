// The messages of one conversation as one user sees them.

import { button, h } from "./dom.js"

const EMOJI = ["👍", "❤️", "😂"]

export class Messages {
  /** `name` names a user; `send` sends a request; `reply` begins a reply, and `edit` an edit. */
  constructor({ me, name, send, reply, edit }) {
    Object.assign(this, { me, name, send, reply, edit })
    this.list = h("ol", { class: "list" })
    this.element = h("div", { class: "messages", role: "log", tabindex: "0", "aria-label": "Messages" }, this.list)
    this.shown = new Map()
  }

  /** Show messages, the oldest first; an element is built anew only where its message has changed. */
  show(messages) {
    const fromEnd = this.element.scrollHeight - this.element.scrollTop
    const isAtEnd = this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 40
    const before = this.shown
    this.shown = new Map(
      messages.map((message) => {
        const known = before.get(message.message_id)
        return [message.message_id, known?.message === message ? known : this.#build(message, messages, known?.element)]
      }),
    )
    // Those that are gone go first: otherwise each of the others would be moved, and the focus would be lost.
    for (const [id, { element }] of before) if (!this.shown.has(id)) element.remove()
    const elements = [...this.shown.values()].map(({ element }) => element)
    for (const [index, element] of elements.entries()) {
      if (this.list.children[index] !== element) this.list.insertBefore(element, this.list.children[index] ?? null)
    }
    while (this.list.childElementCount > elements.length) this.list.lastElementChild.remove()
    const isOlder = before.size && messages.length && !before.has(messages[0].message_id)
    if (isAtEnd) this.element.scrollTop = this.element.scrollHeight
    else if (isOlder) this.element.scrollTop = this.element.scrollHeight - fromEnd // what was looked at stays in view
  }

  #build(message, messages, old) {
    const parent = message.parent_message_id && messages.find(({ message_id }) => message_id === message.parent_message_id)
    const element = h(
      "li",
      { class: message.sender_id === this.me ? "message mine" : "message", "data-message": message.message_id },
      h("p", { class: "by" }, h("bdi", {}, this.name(message.sender_id)), " ", timeOf(message.created_at), marksOf(message)),
      message.parent_message_id ? h("p", { class: "quote", dir: "auto" }, `↩ ${parent ? parent.content : "an earlier message"}`) : null,
      message.deleted_at ? h("p", { class: "gone" }, "deleted") : h("p", { class: "content", dir: "auto" }, message.content),
      ...(message.attachments ?? []).map(attachment),
      this.#reactions(message),
      this.#receipts(message),
      message.deleted_at ? null : this.#actions(message, old?.querySelector("details")?.open ?? false),
    )
    if (old) this.#replace(old, element)
    return { message, element }
  }

  /** Put an element in the place of another, and the focus where it was. */
  #replace(old, element) {
    const active = old.contains(document.activeElement) ? document.activeElement : null
    const place = active ? [...old.querySelectorAll("button, summary")].indexOf(active) : -1
    old.replaceWith(element)
    if (active) (element.querySelectorAll("button, summary")[place] ?? element.querySelector("summary") ?? this.element).focus()
  }

  #reactions(message) {
    if (!message.reactions.length) return null
    const { conversation_id, message_id } = message
    const buttons = message.reactions.map(({ emoji, user_ids }) => {
      const mine = user_ids.includes(this.me)
      const type = mine ? "RemoveReaction" : "AddReaction"
      const names = user_ids.map(this.name).join(", ")
      return button(`${emoji} ${user_ids.length}`, () => this.send({ type, conversation_id, message_id, emoji }), {
        "aria-pressed": String(mine),
        "aria-label": `${emoji} by ${names}`,
        title: names,
      })
    })
    return h("p", { class: "reactions" }, ...buttons)
  }

  #receipts({ delivered, read }) {
    const lines = [[delivered, "delivered to"], [read, "read by"]]
      .filter(([users]) => users.size)
      .map(([users, words]) => `${words} ${[...users].map(this.name).join(", ")}`)
    return lines.length ? h("p", { class: "receipts" }, lines.join(" · ")) : null
  }

  #actions(message, open) {
    const { conversation_id, message_id } = message
    const about = { conversation_id, message_id }
    const ask = (text, request, label = null) => button(text, () => this.send(request), { "aria-label": label })
    return h(
      "details",
      { class: "actions", open },
      h("summary", {}, "Actions"),
      h(
        "p",
        { class: "buttons" },
        ...EMOJI.map((emoji) => ask(emoji, { type: "AddReaction", ...about, emoji }, `React with ${emoji}`)),
        button("Reply", () => this.reply(message)),
        button("Edit", () => this.edit(message)),
        ask("Delete", { type: "DeleteMessage", ...about }),
        ask("Mark as delivered", { type: "Delivered", ...about }),
        ask("Mark as read", { type: "MarkAsRead", ...about }),
      ),
    )
  }
}

/** Show the time of an instant; what is no instant is shown as it is. */
function timeOf(instant) {
  const date = new Date(instant)
  const text = Number.isNaN(date.getTime()) ? String(instant) : date.toLocaleTimeString()
  return h("time", { datetime: String(instant), title: String(instant) }, text)
}

const marksOf = ({ edited_at, deleted_at }) => (edited_at && !deleted_at ? h("i", { title: String(edited_at) }, " edited") : null)

function attachment({ filename, content_type, size, url }) {
  const plain = (text) => h("bdi", {}, String(text)) // nothing in it turns around what is beside it
  return h("p", { class: "attachment", title: String(url) }, "📎 ", plain(filename), " (", plain(content_type), `, ${size} bytes)`)
}
