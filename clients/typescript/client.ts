/**
 * The reference client: it connects again, matches replies to requests, and keeps the messages of conversations.
 * Copy it with fold.ts and messages.ts, and change it for your application.
 */
import { fold } from "./fold.js"
import { REPLIES, type ClientFrame, type Message, type ReplyTo, type ServerFrame } from "./messages.js"

export interface Options extends Partial<typeof DEFAULTS> {
  /** Gives the address with a token. Called before each connection, because a token may have expired. */
  url: () => string | Promise<string>
  /** Called with every frame that is not a reply to a request. */
  onEvent?: (event: ServerFrame) => void
  onStatus?: (status: "online" | "offline") => void
  /** Called when the messages of a conversation are up to date: after join, and after each new connection. */
  onSynced?: (conversation: string, messages: ReadonlyMap<string, Message>) => void
  /** Called when the user may not read a conversation, or no longer. */
  onLost?: (conversation: string, error: Refused) => void
}
/** Pings show both sides that the connection is alive; `pingMs` is also how long the greeting may take. */
const DEFAULTS = { firstDelayMs: 250, longestDelayMs: 30_000, pingMs: 20_000 }
const KEEPALIVE = { type: "Ping" } as const
/** Codes of errors after which a later attempt may succeed. */
const RETRIED = new Set(["rate_limited", "unavailable", "internal"])
const REPLY_TYPES = new Set<string>(Object.values(REPLIES).map((reply) => reply?.type ?? "Error"))

/** The server has refused a request. Decide by `code`, never by the text. */
export class Refused extends Error {
  constructor(readonly request: ClientFrame, message: string, readonly code = "") { super(message) }
}
/** The connection ended before the reply: nobody knows whether the server has carried out the request. */
export class ConnectionLost extends Error {}

/** `messages` has them by id, in their current state; `early` has the events that arrive during a sync. */
interface Conversation { since: string; messages: Map<string, Message>; early: ServerFrame[] | null }
interface Waiting { request: ClientFrame; resolve: (reply?: any) => void; reject: (error: Error) => void }

export class ChatClient {
  #socket: WebSocket | null = null
  #status: "online" | "offline" | "closed" = "offline"
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #waiting: Waiting[] = []
  #conversations = new Map<string, Conversation>()
  #postponed: (() => unknown)[] = []
  readonly #options: Options & typeof DEFAULTS

  constructor(options: Options) {
    this.#options = { ...DEFAULTS, ...options }
    void this.#connect()
  }

  /** Sends a request and gives its reply. Rejects with Refused or ConnectionLost; never sends a request again. */
  request<R extends ClientFrame>(request: R): Promise<ReplyTo<R>> {
    return new Promise((resolve, reject) => {
      if (this.#status !== "online") return reject(new ConnectionLost("there is no connection"))
      this.#waiting.push({ request, resolve, reject })
      this.#socket?.send(JSON.stringify(request))
      // An Error names no request. After a request that has no reply, the Pong of a Ping shows that no Error came.
      if (REPLIES[request.type] === null) this.request({ type: "Ping" }).catch(() => undefined)
    })
  }

  /** Joins a conversation, now and after each new connection. onSynced gives its messages, which stay up to date. */
  join(id: string, since = "1970-01-01T00:00:00Z"): void {
    if (this.#conversations.has(id)) return
    const conversation = { since, messages: new Map(), early: null }
    this.#conversations.set(id, conversation)
    if (this.#status === "online") void this.#catchUp(id, conversation)
  }

  async leave(id: string): Promise<void> {
    this.#conversations.delete(id)
    await this.request({ type: "LeaveConversation", conversation_id: id })
  }

  close(): void {
    this.#drop("closed")
  }

  async #connect(): Promise<void> {
    try {
      const url = await this.#options.url()
      if (this.#status === "closed") return
      const socket = (this.#socket = new WebSocket(url))
      socket.onmessage = (message) => this.#socket === socket && this.#receive(String(message.data))
      // Node.js 20 sends only the event error if a handshake fails.
      socket.onclose = socket.onerror = () => this.#socket === socket && this.#drop()
      this.#timer = setTimeout(() => this.#ping(), this.#options.pingMs)
    } catch {
      if (this.#status !== "closed") this.#drop() // no token, or no address
    }
  }

  /** Ends the connection without waiting for the other side, which may not answer. Connects again after a pause. */
  #drop(status: "offline" | "closed" = "offline"): void {
    const [socket, wasOnline] = [this.#socket, this.#status === "online"]
    this.#socket = null
    this.#status = status
    socket?.close()
    clearTimeout(this.#timer)
    const delay = Math.min(this.#options.longestDelayMs, this.#options.firstDelayMs * 2 ** this.#failures++)
    // The random half prevents that all clients come back at the same moment after a restart of the server.
    if (status === "offline") this.#timer = setTimeout(() => void this.#connect(), delay * (0.5 + Math.random() / 2))
    for (const one of this.#waiting.splice(0)) one.reject(new ConnectionLost("the connection ended before the reply"))
    if (wasOnline) this.#options.onStatus?.("offline")
  }

  /** Ends a connection whose greeting, or whose reply to the last Ping, has not come. */
  #ping(): void {
    if (this.#status !== "online" || this.#waiting.some((one) => one.request === KEEPALIVE)) return this.#drop()
    this.#failures = 0 // not at the greeting: a server that ends each connection would be asked without a pause
    this.#timer = setTimeout(() => this.#ping(), this.#options.pingMs)
    this.request(KEEPALIVE).catch(() => undefined)
    for (const again of this.#postponed.splice(0)) again()
  }

  #receive(text: string): void {
    let frame: ServerFrame
    try { frame = JSON.parse(text) } catch { return this.#drop() } // the replies after it cannot be matched
    if (this.#status === "offline" && frame.type === "ActionConfirmed") {
      this.#status = "online"
      for (const one of this.#conversations) void this.#catchUp(...one)
      return this.#options.onStatus?.("online")
    }
    if (REPLY_TYPES.has(frame.type)) return this.#replied(frame)
    const conversation = "conversation_id" in frame ? this.#conversations.get(frame.conversation_id) : undefined
    if (conversation?.early) conversation.early.push(frame)
    else if (conversation) fold(conversation.messages, frame)
    this.#options.onEvent?.(frame)
  }

  /** Replies come in the order of the requests. */
  #replied(frame: ServerFrame): void {
    const answers = () => this.#waiting[0] && REPLIES[this.#waiting[0].request.type]
    // A request without a reply has succeeded: its Error would have come before this reply.
    while (frame.type !== "Error" && answers() === null) this.#waiting.shift()?.resolve()
    const [first, reply] = [this.#waiting[0], answers()]
    if (!first) return this.#options.onEvent?.(frame)
    const has = ([key, value]: [string, unknown]) => Reflect.get(frame, key) === value
    const fits = frame.type === reply?.type && Object.entries(reply.with).every(has)
    if (frame.type !== "Error" && !fits) return this.#drop() // an earlier reply is missing
    this.#waiting.shift()
    if (frame.type === "Error") first.reject(new Refused(first.request, frame.message, frame.code ?? undefined))
    else first.resolve(frame)
  }

  /** Joins first and then syncs, so that no change is missed between the two. */
  async #catchUp(id: string, conversation: Conversation): Promise<void> {
    const early: ServerFrame[] = (conversation.early = [])
    // No longer if the conversation is left, or a new connection has begun anew.
    const isWanted = () => this.#conversations.get(id)?.early === early
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
      if (RETRIED.has(error.code)) return void this.#postponed.push(() => isWanted() && this.#catchUp(id, conversation))
      this.#conversations.delete(id)
      return this.#options.onLost?.(id, error)
    }
    if (!isWanted()) return
    for (const event of early) fold(conversation.messages, event)
    conversation.early = null
    this.#options.onSynced?.(id, conversation.messages)
  }
}
