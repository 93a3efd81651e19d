// The list of all frames of all connections: filtered, searched, and copied.

import { button, h, labelled, setOptions } from "./dom.js"
import { asScenario, asWscat } from "./transcript.js"

/** Frames that are kept, and rows of them that are shown. */
const MOST_FRAMES = 2000
const MOST_ROWS = 200
const EXCERPT = 160
const ALL = ""

export class Frames {
  /** `users` gives the users with their tokens; `copy(title, text)` shows a text to be copied. */
  constructor(root, { users, under, copy }) {
    this.all = []
    this.needle = ""
    this.number = 0
    this.who = h("select")
    this.way = h("select")
    this.type = h("select")
    this.text = h("input", { type: "search", autocomplete: "off" })
    this.raw = h("input", { type: "checkbox" })
    this.count = h("p", { role: "status", class: "hint" })
    this.rows = h("ol", { class: "list" })
    setOptions(this.way, [[ALL, "both"], ["out", "sent"], ["in", "received"]])
    const filters = h(
      "div",
      { class: "filters" },
      labelled("Connection", this.who),
      labelled("Direction", this.way),
      labelled("Type", this.type),
      labelled("Search", this.text),
      labelled("Raw", this.raw, { class: "field inline" }),
    )
    filters.addEventListener("input", () => this.show())
    const buttons = h(
      "p",
      { class: "buttons" },
      button("Copy as scenario steps", () => copy("Scenario", asScenario(this.chosen(), users()))),
      button("Copy as wscat lines", () => copy("wscat", asWscat(this.chosen(), users(), under))),
      button("Clear", () => this.clear()),
    )
    const box = h("div", { class: "frames", role: "group", tabindex: "0", "aria-labelledby": "frames-title" }, this.rows)
    root.append(filters, buttons, this.count, box)
    this.show()
  }

  /** Add a frame: `{label, user_id, direction, text, frame}`; `frame` is undefined where the text is no JSON. */
  add(entry) {
    this.number += 1
    this.all.push({ ...entry, number: this.number, at: new Date() })
    if (this.all.length > MOST_FRAMES) this.all.shift()
    const added = this.all.at(-1)
    if (!this.known.has(added.label) || !this.known.has(typeOf(added))) this.#offer()
    if (this.#matches(added)) {
      this.rows.prepend(this.#row(added))
      if (this.rows.childElementCount > MOST_ROWS) this.rows.lastElementChild.remove()
    }
    this.#tell()
  }

  /** Give the frames that the filters let through, the oldest first. */
  chosen() {
    this.needle = this.text.value.toLowerCase()
    return this.all.filter((entry) => this.#matches(entry))
  }

  clear() {
    this.all = []
    this.show()
  }

  /** Build the rows anew. */
  show() {
    this.#offer()
    this.rows.replaceChildren(...this.chosen().slice(-MOST_ROWS).reverse().map((entry) => this.#row(entry)))
    this.#tell()
  }

  #offer() {
    const labels = new Set(this.all.map(({ label }) => label))
    const types = [...new Set(this.all.map(typeOf))].sort()
    setOptions(this.who, [[ALL, "all"], ...[...labels].map((label) => [label, label])])
    setOptions(this.type, [[ALL, "all"], ...types.map((type) => [type, type])])
    this.known = new Set([...labels, ...types])
  }

  #matches(entry) {
    return (
      [ALL, entry.label].includes(this.who.value) &&
      [ALL, entry.direction].includes(this.way.value) &&
      [ALL, typeOf(entry)].includes(this.type.value) &&
      (this.needle === "" || entry.text.toLowerCase().includes(this.needle))
    )
  }

  #row(entry) {
    const pretty = entry.frame === undefined ? entry.text : JSON.stringify(entry.frame, null, 2)
    const { type, ...fields } = entry.frame ?? {}
    const short = this.raw.checked || !type ? entry.text : `${type} ${JSON.stringify(fields)}`
    const summary = h(
      "summary",
      {},
      h("time", {}, entry.at.toISOString().slice(11, 23)),
      ` ${entry.label} ${entry.direction === "out" ? "→" : "←"} `,
      h("code", {}, this.raw.checked ? short : cut(short)),
    )
    return h("li", { class: entry.direction }, h("details", {}, summary, h("pre", {}, this.raw.checked ? entry.text : pretty)))
  }

  /** Count once for all that comes before the browser paints: each count looks at every frame. */
  #tell() {
    this.telling ??= requestAnimationFrame(() => {
      this.telling = null
      this.#count()
    })
  }

  #count() {
    const matching = this.chosen().length
    const dropped = this.number - this.all.length
    const rows = matching > MOST_ROWS ? `, the newest ${MOST_ROWS} are shown` : ""
    this.count.textContent = `${matching} of ${this.all.length} frames${rows}${dropped && this.all.length ? "; older ones are gone" : ""}`
  }
}

const typeOf = ({ frame }) => (typeof frame?.type === "string" ? frame.type : "no type")

const cut = (text) => (text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text)
