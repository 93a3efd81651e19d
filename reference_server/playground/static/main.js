// The page: who is there, their panels side by side, and the frames of all of them.

import { setOptions } from "./dom.js"
import { Frames } from "./frames.js"
import { Panel } from "./panel.js"
import { showSwitches } from "./switches.js"

const PANELS_AT_FIRST = 3
const MOST_PANELS = 4
const FIRST_CONVERSATION = "demo-public"

const $ = (id) => document.getElementById(id)
const key = new URLSearchParams(location.hash.slice(1)).get("key")

/** Ask our own server; with the key of the address, where it has one. */
async function ask(path, headers = {}, options = {}) {
  const response = await fetch(path, { ...options, headers: { ...(key ? { Authorization: `Bearer ${key}` } : {}), ...headers } })
  const body = await response.json()
  if (!response.ok) throw new Error(body.error ?? `${path}: ${response.status}`)
  return body
}

function say(error) {
  $("trouble").textContent = error.message
  $("trouble").hidden = false
}

async function begin() {
  const [schemas, { users, dialect, under }] = await Promise.all([ask("/playground/schemas.json"), ask("/playground/users.json")])
  const panels = []
  const conversations = await conversationsOf(users, under)
  if (dialect) {
    $("dialect").textContent = `This page speaks the protocol, at ${under}/ws. Clients at /ws speak the dialect of ${dialect}.`
    $("dialect").hidden = false
  }
  const frames = new Frames($("frames"), { users: () => users, under, copy: showCopy })
  const page = {
    under,
    schemas,
    users,
    conversations,
    tokenOf: async ({ user_id }) => (await ask("/playground/users.json")).users.find((user) => user.user_id === user_id).token,
    onFrame: (frame) => frames.add(frame),
    onConversation(id) {
      if (typeof id !== "string" || conversations.has(id) || conversations.size >= 1000) return
      conversations.set(id, id)
      for (const panel of panels) panel.refresh()
    },
    onRemove(panel) {
      panels.splice(panels.indexOf(panel), 1)
      $("add-user").disabled = false
      $("add-user").focus()
    },
  }
  const isHere = (user) => panels.some((panel) => panel.user === user)
  const add = (user) => {
    const labels = new Set(panels.map(({ label }) => label))
    let label = user.name
    let device = null
    for (let number = 2; labels.has(label); number += 1) {
      device = `device${number}`
      label = `${user.name}@${device}`
    }
    const panel = new Panel(page, user, label, device)
    panels.push(panel)
    $("users").append(panel.element)
    $("add-user").disabled = panels.length >= MOST_PANELS
    $("next-user").value = (users.find((one) => !isHere(one)) ?? users[0]).user_id
    panel.connection.open()
  }
  setOptions($("next-user"), users.map(({ user_id, name }) => [user_id, name]))
  $("add-user").addEventListener("click", () => add(users.find(({ user_id }) => user_id === $("next-user").value)))
  for (const user of users.slice(0, PANELS_AT_FIRST)) add(user)
  await showSwitches($("switches"), $("switched-on"), (changes) => {
    const options = changes ? { method: "PUT", body: JSON.stringify(changes) } : {}
    return ask("/playground/switches.json", { "Content-Type": "application/json" }, options)
  })
}

/** Give id → name of every conversation that one of the users is in, from the provisioning API; the open one first. */
async function conversationsOf(users, under) {
  const lists = await Promise.all(
    users.slice(0, 20).map(({ token }) => ask(`${under}/api/v1/conversations`, { Authorization: `Bearer ${token}` })),
  )
  const all = lists.flatMap(({ conversations }) => conversations)
  all.sort((one, other) => (other.name === FIRST_CONVERSATION) - (one.name === FIRST_CONVERSATION))
  return new Map(all.map(({ conversation_id, name }) => [conversation_id, name ?? conversation_id]))
}

function showCopy(title, text) {
  $("copy-title").textContent = title
  $("copy-text").value = text
  $("copy-status").textContent = ""
  $("copy").showModal()
}

$("copy-close").addEventListener("click", () => $("copy").close())
$("copy-all").addEventListener("click", async () => {
  $("copy-text").select()
  try {
    await navigator.clipboard.writeText($("copy-text").value)
    $("copy-status").textContent = "Copied."
  } catch {
    $("copy-status").textContent = "The browser does not allow it: copy the selected text."
  }
})
begin().catch(say)
