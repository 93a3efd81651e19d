/**
 * One connection to the server: it connects again when the connection ends, and finds the request that each reply
 * answers. Use it alone if your application keeps the messages itself.
 */
import { REPLIES } from "./messages.js"
import type { ClientFrame, ReplyTo, ServerFrame } from "./messages.js"

export interface ConnectionOptions {
  /** Gives the address with a token. Called before each connection, because a token may have expired. */
  url: () => string | Promise<string>
  /** Called with every frame that is not a reply to a request. */
  onEvent?: (event: ServerFrame) => void
  onStatus?: (status: "online" | "offline") => void
  firstDelayMs?: number
  longestDelayMs?: number
  /** The interval of the Pings, which show both sides that the connection is alive; also how long a greeting may take. */
  pingMs?: number
}
const DEFAULTS = { firstDelayMs: 250, longestDelayMs: 30_000, pingMs: 20_000 }

/** The server has refused a request. Decide by `code`, never by the text. */
export class Refused extends Error {
  constructor(readonly request: ClientFrame, message: string, readonly code: string | null) {
    super(message)
  }
}

/** The connection ended before the reply: nobody knows whether the server has carried out the request. */
export class ConnectionLost extends Error {}

interface Waiting {
  request: ClientFrame
  resolve: (reply: ServerFrame | undefined) => void
  reject: (error: Error) => void
}
/** The Ping that shows whether the connection is alive; an application may send others. */
const KEEPALIVE = { type: "Ping" } as const
const REPLY_TYPES = new Set<string>(Object.values(REPLIES).map((reply) => reply?.type ?? "Error"))

export class Connection {
  #socket: WebSocket | null = null
  #online = false
  #closed = false
  #failures = 0
  /** The timers of this connection, or of the pause before the next one. */
  #timers = new Set<ReturnType<typeof setTimeout>>()
  #waiting: Waiting[] = []
  readonly #options: ConnectionOptions & typeof DEFAULTS

  constructor(options: ConnectionOptions) {
    this.#options = { ...DEFAULTS, ...options }
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

  /** Does something after the longest delay, unless the connection ends before. */
  later(what: () => void): void {
    this.#after(this.#options.longestDelayMs, what)
  }

  close(): void {
    this.#closed = true
    this.#drop()
  }

  async #connect(): Promise<void> {
    try {
      const url = await this.#options.url()
      if (this.#closed) return
      const socket = (this.#socket = new WebSocket(url))
      socket.onmessage = (message) => this.#socket === socket && this.#receive(String(message.data))
      // Node.js 20 sends only the event error if a handshake fails.
      socket.onclose = socket.onerror = () => this.#socket === socket && this.#drop()
      this.#after(this.#options.pingMs, () => this.#ping())
    } catch {
      this.#drop() // no token, or no address
    }
  }

  /** Ends the connection without waiting for the other side, which may not answer. Then connects again after a pause. */
  #drop(): void {
    const [socket, wasOnline] = [this.#socket, this.#online]
    this.#socket = null
    this.#online = false
    socket?.close()
    for (const one of this.#timers) clearTimeout(one)
    this.#timers.clear()
    if (!this.#closed) {
      const delay = Math.min(this.#options.longestDelayMs, this.#options.firstDelayMs * 2 ** this.#failures++)
      // The random half prevents that all clients come back at the same moment after a restart of the server.
      this.#after(delay * (0.5 + Math.random() / 2), () => void this.#connect())
    }
    if (wasOnline) this.#options.onStatus?.("offline")
    for (const one of this.#waiting.splice(0)) one.reject(new ConnectionLost("the connection ended before the reply"))
  }

  #after(ms: number, what: () => void): void {
    const timer = setTimeout(() => (this.#timers.delete(timer), what()), ms)
    this.#timers.add(timer)
  }

  /** Ends a connection whose greeting, or whose reply to the last Ping, has not come. */
  #ping(): void {
    if (!this.#online || this.#waiting.some((one) => one.request === KEEPALIVE)) return this.#drop()
    // Not at the greeting: a server that greets and then ends each connection would be asked again without a pause.
    this.#failures = 0
    this.#send(KEEPALIVE).catch(() => undefined)
    this.#after(this.#options.pingMs, () => this.#ping())
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
    const isGreeting = !this.#online && frame.type === "ActionConfirmed"
    if (isGreeting) this.#online = true
    if (isGreeting) this.#options.onStatus?.("online")
    else if (REPLY_TYPES.has(frame.type)) this.#replied(frame)
    else this.#options.onEvent?.(frame)
  }

  /** Replies come in the order of the requests. */
  #replied(frame: ServerFrame): void {
    const replyTo = (waiting: Waiting | undefined) => waiting && REPLIES[waiting.request.type]
    // A request without a reply has succeeded: its Error would have come before this reply.
    while (frame.type !== "Error" && replyTo(this.#waiting[0]) === null) this.#waiting.shift()?.resolve(undefined)
    const first = this.#waiting[0]
    if (!first) return this.#options.onEvent?.(frame)
    if (frame.type !== "Error" && !fits(frame, replyTo(first))) return this.#drop() // an earlier reply is missing
    this.#waiting.shift()
    if (frame.type === "Error") first.reject(new Refused(first.request, frame.message, frame.code ?? null))
    else first.resolve(frame)
  }
}

function fits(frame: ServerFrame, reply: (typeof REPLIES)[ClientFrame["type"]] | undefined): boolean {
  return reply?.type === frame.type && Object.entries(reply.with).every(([key, value]) => Reflect.get(frame, key) === value)
}
