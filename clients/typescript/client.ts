/**
 * The reference client: a connection that keeps the messages of conversations up to date. It has no dependency: browsers
 * and Node.js have WebSocket (Node.js 20 needs --experimental-websocket). Copy it together with connection.ts, fold.ts
 * and messages.ts, and change it for your application.
 */
import { Connection, ConnectionLost, Refused } from "./connection.js"
import type { ConnectionOptions } from "./connection.js"
import { fold } from "./fold.js"
import type { ClientFrame, Message, ReplyTo, ServerFrame } from "./messages.js"

export { ConnectionLost, Refused }

export interface Options extends ConnectionOptions {
  /** Called when the messages of a conversation are up to date: after join, and after each new connection. */
  onSynced?: (conversation: string, messages: ReadonlyMap<string, Message>) => void
  /** Called when the user may no longer read a conversation. */
  onLost?: (conversation: string, error: Error) => void
}

interface Conversation {
  since: string
  /** All messages by id, in their current state; a deleted message has `deleted_at`. */
  messages: Map<string, Message>
  /** Events that arrive during a sync; null if the conversation is up to date. */
  early: ServerFrame[] | null
  ready: Promise<void>
  settle: (error?: Error) => void
}
/** Codes of errors after which a later attempt may succeed. */
const TEMPORARY = new Set<string | null>(["rate_limited", "unavailable", "internal"])

export class ChatClient {
  #online = false
  #closed = false
  #conversations = new Map<string, Conversation>()
  readonly #connection: Connection

  constructor(private readonly options: Options) {
    const [onEvent, onStatus] = [this.#happened.bind(this), this.#changed.bind(this)]
    this.#connection = new Connection({ ...options, onEvent, onStatus })
  }

  /** Sends a request and gives its reply. Rejects with Refused or ConnectionLost; never sends a request again. */
  request<R extends ClientFrame>(request: R): Promise<ReplyTo<R>> {
    return this.#connection.request(request)
  }

  /** Joins a conversation, now and after each new connection, and gives its messages, which the client keeps up to date. */
  async join(id: string, since = "1970-01-01T00:00:00Z"): Promise<ReadonlyMap<string, Message>> {
    if (this.#closed) throw new ConnectionLost("closed")
    let conversation = this.#conversations.get(id)
    if (!conversation) {
      let settle: Conversation["settle"] = () => undefined
      const ready = new Promise<void>((resolve, reject) => (settle = (error) => (error ? reject(error) : resolve())))
      conversation = { since, messages: new Map(), early: [], ready, settle }
      this.#conversations.set(id, conversation)
      if (this.#online) void this.#catchUp(id, conversation)
    }
    await conversation.ready
    return conversation.messages
  }

  async leave(conversation: string): Promise<void> {
    this.#conversations.get(conversation)?.settle(new ConnectionLost("the conversation was left"))
    this.#conversations.delete(conversation)
    await this.request({ type: "LeaveConversation", conversation_id: conversation })
  }

  close(): void {
    this.#closed = true
    this.#connection.close()
    for (const one of this.#conversations.values()) one.settle(new ConnectionLost("closed"))
  }

  #changed(status: "online" | "offline"): void {
    this.#online = status === "online"
    this.options.onStatus?.(status)
    if (this.#online) for (const [id, conversation] of this.#conversations) void this.#catchUp(id, conversation)
  }

  #happened(event: ServerFrame): void {
    const conversation = "conversation_id" in event ? this.#conversations.get(event.conversation_id) : undefined
    if (conversation?.early) conversation.early.push(event)
    else if (conversation) fold(conversation.messages, event)
    this.options.onEvent?.(event)
  }

  /** Joins first and then syncs, so that no change is missed between the two. */
  async #catchUp(id: string, conversation: Conversation): Promise<void> {
    conversation.early = []
    const isWanted = () => this.#conversations.get(id) === conversation
    try {
      await this.request({ type: "JoinConversation", conversation_id: id })
      for (let more = true; more && isWanted(); ) {
        const chunk = await this.request({ type: "SyncMessages", conversation_id: id, since: conversation.since })
        for (const message of chunk.messages) conversation.messages.set(message.message_id, message)
        conversation.since = chunk.next_since
        more = chunk.has_more
      }
    } catch (error) {
      if (!(error instanceof Refused) || !isWanted()) return // the next connection tries again
      const again = () => isWanted() && void this.#catchUp(id, conversation)
      if (TEMPORARY.has(error.code)) return this.#connection.later(again)
      this.#conversations.delete(id)
      conversation.settle(error)
      return this.options.onLost?.(id, error)
    }
    if (!isWanted()) return // left meanwhile
    for (const event of conversation.early) fold(conversation.messages, event)
    conversation.early = null
    conversation.settle()
    this.options.onSynced?.(id, conversation.messages)
  }
}
