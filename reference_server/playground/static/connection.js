// One WebSocket connection of one user, which comes back by itself after it was lost.

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 8000

/** `path` is where. `token` gives a new token for each try. `onFrame(direction, text)` and `onStatus(status, detail)` tell what happens. */
export class Connection {
  constructor({ path, token, onFrame, onStatus }) {
    Object.assign(this, { path, token, onFrame, onStatus })
    this.socket = null
    this.wanted = false
    this.failures = 0
    this.timer = null
    this.attempt = 0
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN
  }

  /** Connect, and stay connected until `close`. */
  async open() {
    this.close()
    this.wanted = true
    await this.#try()
  }

  /** End the connection, for good. What its socket still says is not heard: a new one may be open by then. */
  close() {
    const before = this.wanted
    this.wanted = false
    this.attempt += 1
    clearTimeout(this.timer)
    this.socket?.close(1000)
    this.socket = null
    if (before) this.onStatus("disconnected", "")
  }

  /** Send a text as it is; false: there is no connection. */
  send(text) {
    if (!this.isOpen) return false
    this.socket.send(text)
    this.onFrame("out", text)
    return true
  }

  async #try() {
    this.onStatus("connecting", "")
    const attempt = this.attempt
    let token
    try {
      token = await this.token()
    } catch {
      if (attempt === this.attempt) this.#again("no answer from the server")
      return
    }
    if (attempt !== this.attempt) return
    const scheme = location.protocol === "https:" ? "wss" : "ws"
    const socket = new WebSocket(`${scheme}://${location.host}${this.path}?token=${encodeURIComponent(token)}`)
    this.socket = socket
    socket.addEventListener("open", () => {
      if (this.socket !== socket) return
      this.failures = 0
      this.onStatus("connected", "")
    })
    socket.addEventListener("message", ({ data }) => {
      if (this.socket === socket && typeof data === "string") this.onFrame("in", data)
    })
    socket.addEventListener("close", ({ code, reason }) => {
      if (this.socket !== socket) return
      this.socket = null
      this.#again(reason ? `${code}, ${reason}` : `${code}`)
    })
  }

  #again(why) {
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.failures, LONGEST_WAIT_MS)
    this.failures += 1
    this.onStatus("lost", `${why}; next try in ${wait / 1000} s`)
    this.timer = setTimeout(() => this.#try(), wait)
  }
}
