/**
 * A reference client: it connects again when the connection ends, keeps conversations up to date, and finds the request
 * that each reply answers. It has no dependency: browsers and Node.js have WebSocket (Node.js 20 needs
 * --experimental-websocket). Copy it together with fold.ts and messages.ts, and change it for your application.
 */
import { fold } from "./fold.js"
import { REPLIES } from "./messages.js"
import type { ClientFrame, ErrorFrame, Message, ServerFrame } from "./messages.js"

/** The reply to a request of this type; undefined if the server sends no reply to a request that succeeds. */
export type ReplyTo<R extends ClientFrame> = (typeof REPLIES)[R["type"]] extends { type: infer T }
  ? Extract<ServerFrame, { type: T }>
  : undefined

export interface Options {
  /** Gives the address with a token. Called before each connection, because a token may have expired. */
  url: () => string | Promise<string>
  /** Called with every frame that is not a reply to a request. */
  onEvent?: (event: ServerFrame) => void
  onStatus?: (status: "online" | "offline") => void
  /** Called when the messages of a conversation are up to date: after join, and after each new connection. */
  onSynced?: (conversation: string, messages: ReadonlyMap<string, Message>) => void
  /** Called when the user may no longer read a conversation. */
  onLost?: (conversation: string, error: Error) => void
  firstDelayMs?: number
  longestDelayMs?: number
  /** The interval of the Pings, which show both sides that the connection is alive; also how long a greeting may take. */
  pingMs?: number
}

/** The server has refused a request. Decide by `code`, never by the text. */
export class Refused extends Error {
  readonly code: string | null
  constructor(readonly request: ClientFrame, error: ErrorFrame) {
    super(error.message)
    this.code = error.code ?? null
  }
}

/** The connection ended before the reply: nobody knows whether the server has carried out the request. */
export class ConnectionLost extends Error {}

interface Waiting {
  request: ClientFrame
  resolve: (reply: ServerFrame | undefined) => void
  reject: (error: Error) => void
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
/** A connection that has lasted this long was a success. */
const STABLE_MS = 5000
const REPLY_TYPES = new Set<string>(Object.values(REPLIES).map((reply) => reply?.type ?? "Error"))

export class ChatClient {
  #socket: WebSocket | null = null
  #online = false
  #closed = false
  #failures = 0
  #again: ReturnType<typeof setTimeout> | undefined
  #pings: ReturnType<typeof setInterval> | undefined
  #greeting: ReturnType<typeof setTimeout> | undefined
  #retries = new Set<ReturnType<typeof setTimeout>>()
  #greetedAt = 0
  #waiting: Waiting[] = []
  #conversations = new Map<string, Conversation>()

  readonly #longestMs: number
  readonly #pingMs: number

  constructor(private readonly options: Options) {
    this.#longestMs = options.longestDelayMs ?? 30_000
    this.#pingMs = options.pingMs ?? 20_000
    void this.#connect()
  }

  /** Sends a request and gives its reply. Rejects with Refused or ConnectionLost; never sends a request again. */
  request<R extends ClientFrame>(request: R): Promise<ReplyTo<R>> {
    if (!this.#online) return Promise.reject(new ConnectionLost("there is no connection"))
    const reply = this.#send(request)
    // An Error names no request. After a request that has no reply, the Pong of a Ping shows that no Error came.
    if (REPLIES[request.type] === null) this.#send({ type: "Ping" }).catch(() => undefined)
    return reply as Promise<ReplyTo<R>>
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
    clearTimeout(this.#again)
    this.#drop()
  }

  async #connect(): Promise<void> {
    try {
      const url = await this.options.url()
      if (this.#closed) return
      const socket = (this.#socket = new WebSocket(url))
      this.#greeting = setTimeout(() => this.#drop(), this.#pingMs)
      socket.onmessage = (message) => this.#receive(String(message.data))
      socket.onclose = () => this.#ended()
      socket.onerror = () => this.#drop() // Node.js 20 sends no other event if a handshake fails
    } catch {
      this.#ended() // no token, or no address
    }
  }

  /** Ends the connection without waiting for the other side, which may not answer. */
  #drop(): void {
    if (this.#socket) this.#socket.onmessage = this.#socket.onclose = this.#socket.onerror = null
    this.#socket?.close()
    this.#ended()
  }

  #ended(): void {
    clearInterval(this.#pings)
    clearTimeout(this.#greeting)
    for (const one of this.#retries) clearTimeout(one)
    this.#retries.clear()
    // Not at the greeting: a server that greets and then ends each connection would be asked again without a pause.
    if (this.#online && Date.now() - this.#greetedAt >= STABLE_MS) this.#failures = 0
    if (this.#online) this.options.onStatus?.("offline")
    this.#online = false
    for (const one of this.#waiting.splice(0)) one.reject(new ConnectionLost("the connection ended before the reply"))
    if (this.#closed) return [...this.#conversations.values()].forEach((one) => one.settle(new ConnectionLost("closed")))
    const delay = Math.min(this.#longestMs, (this.options.firstDelayMs ?? 250) * 2 ** this.#failures++)
    // The random half prevents that all clients come back at the same moment after a restart of the server.
    this.#again = setTimeout(() => void this.#connect(), delay * (0.5 + Math.random() / 2))
  }

  #send(request: ClientFrame): Promise<ServerFrame | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject })
      this.#socket?.send(JSON.stringify(request))
    })
  }

  #receive(text: string): void {
    let frame: ServerFrame
    try {
      frame = JSON.parse(text)
    } catch {
      return this.#drop() // it may have been a reply, so later replies cannot be matched
    }
    if (!this.#online && frame.type === "ActionConfirmed") this.#greeted()
    else if (REPLY_TYPES.has(frame.type)) this.#replied(frame)
    else this.#happened(frame)
  }

  /** The first frame of a connection is the greeting. */
  #greeted(): void {
    clearTimeout(this.#greeting)
    this.#online = true
    this.#greetedAt = Date.now()
    this.options.onStatus?.("online")
    let answered = true
    this.#pings = setInterval(() => {
      if (!answered) return this.#drop()
      answered = false
      this.request({ type: "Ping" }).then(() => (answered = true), (error) => (answered = error instanceof Refused))
    }, this.#pingMs)
    for (const [id, conversation] of this.#conversations) void this.#catchUp(id, conversation)
  }

  /** Replies come in the order of the requests. */
  #replied(frame: ServerFrame): void {
    let first = this.#waiting.shift()
    while (first && frame.type !== "Error" && REPLIES[first.request.type] === null) {
      first.resolve(undefined) // it succeeded: its Error would have come before this reply
      first = this.#waiting.shift()
    }
    if (!first) this.options.onEvent?.(frame)
    else if (frame.type === "Error") first.reject(new Refused(first.request, frame))
    else if (answers(frame, first.request)) first.resolve(frame)
    else this.#fail(first) // an earlier reply is missing, so later replies cannot be matched
  }

  #fail(waiting: Waiting): void {
    this.#waiting.unshift(waiting)
    this.#drop()
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
      if (TEMPORARY.has(error.code)) return this.#later(() => isWanted() && void this.#catchUp(id, conversation))
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

  /** Does something on this connection, after a while. */
  #later(what: () => void): void {
    const timer = setTimeout(() => {
      this.#retries.delete(timer)
      what()
    }, this.#longestMs)
    this.#retries.add(timer)
  }
}

function answers(frame: ServerFrame, request: ClientFrame): boolean {
  const reply = REPLIES[request.type]
  return reply?.type === frame.type && Object.entries(reply.with).every(([key, value]) => Reflect.get(frame, key) === value)
}
