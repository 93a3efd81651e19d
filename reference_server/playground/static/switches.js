// The switches of a bad day: shown as they stand, and changed while the server runs.

import { button, h, labelled, newId, setOptions } from "./dom.js"

const OFF = "off"

/** Show the switches in an element. `ask(changes)` changes some, or none, and gives all of them. */
export async function showSwitches(root, summary, ask) {
  const controls = new Map()
  const status = h("p", { role: "status" })
  let known = {}
  const take = ({ switches }, edited = () => false) => {
    const kept = new Set(switches.map(({ name }) => name).filter(edited))
    known = Object.fromEntries(switches.map(({ name, value }) => [name, value]))
    for (const { name, value } of switches) if (!kept.has(name)) controls.get(name).value = value
    const on = switches.filter(({ value }) => value !== OFF).map(({ name, value }) => `${name} ${value}`)
    summary.textContent = on.length ? `· ${on.join(" · ")}` : ""
  }
  const change = async (changes) => {
    try {
      take(await ask(changes))
      status.textContent = "Changed."
    } catch (error) {
      status.textContent = error.message
    }
  }
  const found = await ask(null)
  const fields = found.switches.map(({ name, example, help, is_flag }) => {
    const control = is_flag ? h("select") : h("input", { type: "text", autocomplete: "off" })
    if (is_flag) setOptions(control, [[OFF, OFF], ["on", "on"]])
    controls.set(name, control)
    const hint = h("small", { id: newId("hint"), class: "hint" }, is_flag ? help : `${help}; as in ${example}`)
    control.setAttribute("aria-describedby", hint.id)
    const field = labelled(name, control)
    field.append(hint)
    return field
  })
  const form = h("form", {}, ...fields)
  const all = [...controls.keys()]
  // Only what was changed here: another page may have changed the others.
  const changed = () => {
    const values = all.map((name) => [name, controls.get(name).value.trim() || OFF])
    return Object.fromEntries(values.filter(([name, value]) => value !== known[name]))
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    change(changed())
  })
  const off = () => change(Object.fromEntries(all.map((name) => [name, OFF])))
  const buttons = h("p", { class: "buttons" }, h("button", {}, "Apply"), button("Switch all off", off), status)
  form.append(buttons)
  root.append(form)
  take(found)
  // Another page, or a new start of the server, may have changed them; what is being edited stays.
  const refresh = async () => {
    try {
      take(await ask(null), (name) => controls.get(name).value !== known[name])
    } catch (error) {
      status.textContent = error.message
    }
  }
  root.addEventListener("toggle", () => root.open && refresh())
}
