// One user with one connection: status, conversation, messages, calls, and a form for each request.

import { Calls } from "./calls.js"
import { Connection } from "./connection.js"
import { button, h, labelled, newId, setOptions } from "./dom.js"
import { requestForm } from "./forms.js"
import { Messages } from "./messages.js"
import { Model } from "./model.js"

const RAW = "raw text"
/** A typing that is not repeated for a while ends by itself. */
const TYPING_AGAIN_MS = 3000
/** The browser lays out each message again with every new one. */
const MESSAGES_AT_ONCE = 200

export class Panel {
  /** `page` has `users`, `conversations` (id → name), `schemas`, `tokenOf`, `onFrame`, `onConversation` and `onRemove`. */
  constructor(page, user, label, device) {
    Object.assign(this, { page, user, label, device })
    this.model = new Model(page.schemas.requests, user.user_id)
    this.editing = null
    this.replying = null
    this.typed = 0
    this.most = MESSAGES_AT_ONCE
    this.status = h("span", { class: "status", role: "status" }, "disconnected")
    this.toggle = button("Connect", () => (this.connection.wanted ? this.connection.close() : this.connection.open()))
    this.conversation = h("select", { change: () => this.#chosen() })
    this.membership = button("Join", () => this.#joinOrLeave())
    this.older = button("Older messages", () => this.#showOlder(), { hidden: true })
    this.presence = h("p", { class: "hint presence" })
    const send = (request) => this.send(request)
    const name = (id) => this.nameOf(id)
    this.messages = new Messages({
      me: user.user_id,
      name,
      send,
      reply: (message) => this.#begin({ replying: message }),
      edit: (message) => this.#begin({ editing: message }),
    })
    this.calls = new Calls({ me: user.user_id, name, send, others: () => this.#others(), conversation: () => this.conversation.value })
    this.typing = h("p", { class: "hint typing", role: "status" })
    this.error = h("p", { class: "error", role: "status" })
    this.text = h("input", { type: "text", autocomplete: "off", input: () => this.#typing() })
    this.mode = h("p", { class: "hint mode", hidden: true })
    this.form = h("div")
    this.kind = h("select", { change: () => this.#showForm() })
    const types = Object.keys(page.schemas.requests)
    setOptions(this.kind, [...types, RAW].map((type) => [type, type]))
    this.element = this.#build()
    this.connection = new Connection({
      path: `${page.under}/ws`,
      token: () => page.tokenOf(user),
      onFrame: (direction, text) => this.#frame(direction, text),
      onStatus: (status, detail) => this.#status(status, detail),
    })
    this.refresh()
    this.#showForm()
  }

  nameOf(id) {
    return this.page.users.find(({ user_id }) => user_id === id)?.name ?? String(id).slice(0, 8)
  }

  /** Send a request; false: there is no connection. */
  send(request) {
    return this.sendText(JSON.stringify(request))
  }

  /** Send a text as it is, even where it is no request. */
  sendText(text, raw = false) {
    if (!this.connection.isOpen) {
      this.model.error = { code: "not sent", message: "There is no connection." }
      this.show()
      return false
    }
    this.model.sent(parsed(text))
    this.raw = raw
    return this.connection.send(text)
  }

  /** Show the conversations anew, and what has changed. */
  refresh() {
    setOptions(this.conversation, [...this.page.conversations].map(([id, name]) => [id, name]))
    this.show()
  }

  /** Show what is known, once for all that happens before the browser paints. */
  show() {
    this.painting ??= requestAnimationFrame(() => {
      this.painting = null
      this.#paint()
    })
  }

  #paint() {
    const id = this.conversation.value
    const known = this.model.messages(id)
    this.older.hidden = known.length <= this.most && !this.model.cursors.get(id)
    this.messages.show(known.slice(-this.most))
    this.calls.show(this.model.signals)
    this.membership.textContent = this.model.joined.has(id) ? "Leave" : "Join"
    const typists = this.model.typists(id).map((user) => this.nameOf(user))
    this.typing.textContent = typists.length ? `${typists.join(", ")} typing…` : ""
    const online = [...this.model.online].map(([user, status]) => `${this.nameOf(user)} is ${status}`)
    this.presence.textContent = online.join(" · ")
    const { error } = this.model
    this.error.textContent = error ? `${error.code ?? "Error"}: ${error.message}` : ""
  }

  #build() {
    const title = h("h2", { id: newId("user") }, this.label)
    const composer = h("form", { class: "composer" }, labelled("Message", this.text), h("button", {}, "Send"))
    composer.addEventListener("submit", (event) => {
      event.preventDefault()
      this.#say()
    })
    composer.addEventListener("keydown", ({ key }) => key === "Escape" && this.#begin({}))
    return h(
      "section",
      { class: "panel", "aria-labelledby": title.id },
      h("header", {}, title, this.status, this.toggle, button("Remove", () => this.#remove(), { "aria-label": `Remove ${this.label}` })),
      h("div", { class: "row" }, labelled("Conversation", this.conversation), this.membership),
      this.presence,
      this.older,
      this.messages.element,
      this.typing,
      this.error,
      this.mode,
      composer,
      h("p", { class: "buttons" }, ...this.calls.callButtons()),
      this.calls.element,
      h("details", { class: "requests" }, h("summary", {}, "Send any request"), labelled("Type", this.kind), this.form),
    )
  }

  #remove() {
    this.connection.close()
    this.element.remove()
    this.page.onRemove(this)
  }

  #others() {
    return this.page.users.map(({ user_id }) => user_id).filter((id) => id !== this.user.user_id)
  }

  #status(status, detail) {
    this.status.textContent = detail ? `${status}: ${detail}` : status
    this.status.dataset.status = status
    this.toggle.textContent = this.connection.wanted ? "Disconnect" : "Connect"
    if (status !== "connected") this.model.disconnected()
    if (status === "connected" && this.conversation.value) this.#enter()
    this.show()
  }

  #chosen() {
    this.most = MESSAGES_AT_ONCE
    if (this.connection.isOpen && !this.model.joined.has(this.conversation.value)) this.#enter()
    this.#begin({})
    this.#showForm()
    this.show()
  }

  /** Join first: whatever happens after that comes live, and what was before comes with the history. */
  #enter() {
    this.send({ type: "JoinConversation", conversation_id: this.conversation.value })
    this.send({ type: "FetchHistory", conversation_id: this.conversation.value })
  }

  /** Show more of what is known already, and ask for more when that does not suffice. */
  #showOlder() {
    const conversation_id = this.conversation.value
    const cursor = this.model.cursors.get(conversation_id)
    const known = this.model.messages(conversation_id).length
    const isKnown = known > this.most
    this.most = Math.max(this.most, known) + MESSAGES_AT_ONCE
    if (!isKnown && cursor) this.send({ type: "FetchHistory", conversation_id, cursor })
    this.show()
  }

  #joinOrLeave() {
    const conversation_id = this.conversation.value
    if (this.model.joined.has(conversation_id)) this.send({ type: "LeaveConversation", conversation_id })
    else this.#enter()
  }

  #begin({ editing = null, replying = null }) {
    Object.assign(this, { editing, replying })
    if (editing) this.text.value = editing.content
    const to = editing ? "You edit a message" : replying ? `You reply to ${this.nameOf(replying.sender_id)}` : ""
    this.mode.textContent = to && `${to}; Escape ends it.`
    this.mode.hidden = !to
    if (to) this.text.focus()
  }

  #say() {
    const conversation_id = this.conversation.value
    const content = this.text.value
    const { editing, replying } = this
    const parent = replying ? { parent_message_id: replying.message_id } : {}
    const isSent = editing
      ? this.send({ type: "EditMessage", conversation_id, message_id: editing.message_id, content })
      : this.send({ type: "SendMessage", conversation_id, content, ...parent })
    if (!isSent) return
    this.text.value = ""
    this.typed = 0
    this.#begin({})
  }

  /** Tell the others of typing, at most once in a while. */
  #typing() {
    const now = Date.now()
    const conversation_id = this.conversation.value
    const is_typing = this.text.value !== ""
    if (!this.model.joined.has(conversation_id) || (is_typing && now - this.typed < TYPING_AGAIN_MS)) return
    this.typed = is_typing ? now : 0
    this.send({ type: "Typing", conversation_id, is_typing })
  }

  #showForm() {
    const { requests, shared } = this.page.schemas
    const type = this.kind.value
    this.made = null
    if (type === RAW) {
      this.form.replaceChildren(this.#rawForm())
      return
    }
    const sent = (request) => (this.send(request) ? `${type} was sent.` : "There is no connection.")
    this.made = requestForm(requests[type], shared, (field) => this.#suggest(field), sent)
    this.form.replaceChildren(this.made.element)
  }

  #rawForm() {
    const text = h("textarea", { rows: 4, spellcheck: "false" })
    text.value = '{"type": "Ping"}'
    const status = h("p", { role: "status" })
    const form = h("form", { "aria-label": RAW }, labelled("Text of the frame", text), h("button", {}, "Send as it is"), status)
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      status.textContent = this.sendText(text.value, true) ? "The text was sent." : "There is no connection."
    })
    return form
  }

  /** Give what fits into a field of this name, the likeliest first; undefined: nothing is known of such a field. */
  #suggest(field) {
    const messages = () =>
      this.model
        .messages(this.conversation.value)
        .filter(({ deleted_at }) => !deleted_at)
        .reverse()
        .slice(0, 20)
        .map(({ message_id, content }) => [message_id, content.slice(0, 40)])
    const known = {
      conversation_id: () => {
        const here = this.conversation.value
        return [...this.page.conversations].sort(([id]) => (id === here ? -1 : 1))
      },
      message_id: messages,
      parent_message_id: messages,
      target_user_id: () => this.#others().map((id) => [id, this.nameOf(id)]),
      cursor: () => {
        const cursor = this.model.cursors.get(this.conversation.value)
        return cursor ? [[cursor, "the next page"]] : []
      },
    }
    return known[field]
  }

  #frame(direction, text) {
    const frame = parsed(text)
    if (direction === "in") this.model.got(frame)
    else this.page.onConversation(frame?.conversation_id)
    const { label, device, user } = this
    this.page.onFrame({ label, device, user_id: user.user_id, direction, text, frame, raw: direction === "out" && this.raw })
    this.made?.refresh()
    this.show()
  }
}

function parsed(text) {
  try {
    const value = JSON.parse(text)
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
