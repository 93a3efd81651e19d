// The signalling of calls: who calls, answers and hangs up, with the buttons for what comes next.

import { button, h } from "./dom.js"

const WORDS = {
  CallOffer: (who, frame) => `${who} calls${frame.call_type ? ` (${frame.call_type})` : ""}`,
  CallAnswer: (who) => `${who} answers`,
  ICECandidate: (who, { candidate }) => (candidate ? `${who} offers a network path` : `${who} has no more network paths`),
  CallHangup: (who) => `${who} hangs up`,
  CallReject: (who) => `${who} declines`,
}
const SHOWN = 5
const SDP = "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\n"
const CANDIDATE = "candidate:1 1 udp 2130706431 192.0.2.1 54400 typ host"

export class Calls {
  /** `me` is the user; `others` gives the ids of users to call; `send` sends a request; `conversation` gives the chosen one. */
  constructor({ me, name, others, send, conversation }) {
    Object.assign(this, { me, name, others, send, conversation })
    this.list = h("ul", { class: "signals list" })
    this.element = h("div", { role: "log", "aria-label": "Calls" }, this.list)
  }

  /** Build the buttons that call the other users. */
  callButtons() {
    return this.others().map((target) =>
      button(`Call ${this.name(target)}`, () => this.#say("CallOffer", target, { sdp: SDP, call_type: "video" })),
    )
  }

  show(signals) {
    if (this.last === signals) return
    this.last = signals
    const rows = signals.slice(-SHOWN).map((frame, index, all) => {
      const next = index === all.length - 1 ? this.#next(frame) : []
      return h("li", {}, WORDS[frame.type](this.name(frame.by), frame), " ", ...next)
    })
    this.list.replaceChildren(...rows)
  }

  /** Give the buttons for what comes after a signal: another's, or one's own. */
  #next({ type, by, conversation_id, target_user_id }) {
    const other = by === this.me ? target_user_id : by
    const say = (text, kind, fields = {}) => button(text, () => this.#say(kind, other, fields, conversation_id))
    const path = say("Offer a path", "ICECandidate", { candidate: CANDIDATE, sdp_mid: "0", sdp_mline_index: 0 })
    const end = say("Hang up", "CallHangup")
    if (type === "CallOffer" && by !== this.me) return [say("Answer", "CallAnswer", { sdp: SDP }), say("Decline", "CallReject")]
    if (type === "CallOffer") return [end]
    return ["CallAnswer", "ICECandidate"].includes(type) ? [path, end] : []
  }

  #say(type, target_user_id, fields, conversation_id = this.conversation()) {
    this.send({ type, conversation_id, target_user_id, ...fields })
  }
}
