// Writes frames as a scenario of chat-parity, or as lines for wscat.

/** Replies and events of which a scenario can foresee these fields only; of other frames, all but instants. */
const FORESEEN = {
  HistoryChunk: ["conversation_id"],
  SyncChunk: ["conversation_id"],
  SearchResults: ["conversation_id", "query"],
  Error: [],
}
const UNFORESEEN = /_at$/
const AMBIENT = "UserPresenceUpdate"
const TYPING = "UserTyping"
/** Names that mean something else, to YAML or in the scenario. */
const TAKEN = /^(null|true|false|yes|no|on|off|y|n|(message|conversation)\d+)$/

/** Write a whole scenario file; ids of users, conversations and messages become names. */
export function asScenario(frames, users) {
  if (!frames.length) return "# There are no frames.\n"
  const actors = identifiers(users)
  const names = new Map(actors)
  const at = ({ device, user_id }) => (device ? `${actors.get(user_id)}@${device}` : actors.get(user_id))
  const here = new Set(frames.map(({ user_id }) => actors.get(user_id)))
  const conversations = new Map()
  for (const entry of frames) {
    const id = entry.frame?.conversation_id
    if (typeof id !== "string") continue
    if (!conversations.has(id)) conversations.set(id, { name: `conversation${conversations.size + 1}`, joined: new Map() })
    const { name, joined } = conversations.get(id)
    names.set(id, name)
    // Whoever hears of a conversation before a join of their own has joined it before the first frame.
    const joins = entry.direction === "out" && entry.frame.type === "JoinConversation"
    const hears = entry.direction === "in" && !(entry.frame.type in FORESEEN)
    if ((joins || hears) && !joined.has(at(entry))) joined.set(at(entry), hears)
  }
  const steps = stepsOf(frames, at, names)
  const devices = [...new Set(frames.map(at).filter((one) => one.includes("@")))]
  const members = [...here].map((name, index) => `${name}: ${index ? "member" : "owner"}`).join(", ")
  const lines = [
    "# Recorded in the playground: give it an id, a title, its feature and its rules, and add what must not happen.",
    "id: send-message.recorded",
    "title: A recorded conversation goes the same way again",
    "feature: send_message",
    "rules: [SEND-1]",
    "given:",
    `  users: [${[...here].join(", ")}]`,
    ...(devices.length ? [`  devices: [${devices.join(", ")}]`] : []),
    ...(conversations.size ? ["  conversations:"] : []),
    ...[...conversations.values()].map(({ name, joined }) => {
      const before = [...joined].filter(([, isBefore]) => isBefore).map(([who]) => who)
      return `    ${name}: {members: {${members}}, join: [${before.join(", ")}]}`
    }),
    "steps:",
    ...steps,
  ]
  if (frames.some(({ frame }) => frame?.type === TYPING)) lines.push("allow:", `  - {frame: ${TYPING}, with: {is_typing: false}}`)
  return `${lines.join("\n")}\n`
}

function stepsOf(frames, at, names) {
  const steps = []
  const events = new Map()
  const times = new Map()
  for (const entry of frames) {
    const { frame, direction, text } = entry
    if (direction === "out") {
      steps.push(sending(entry, at(entry), names))
      continue
    }
    const isLeftOut = frame?.type === AMBIENT || (frame?.type === TYPING && !frame.is_typing)
    if (frame === undefined || isLeftOut || frame.action === "connected") continue
    // The same event at several connections is one step; its second time at one connection is another.
    const time = (times.get(text + at(entry)) ?? 0) + 1
    times.set(text + at(entry), time)
    const key = `${time} ${text}`
    const before = frame.type in FORESEEN ? undefined : frame.conversation_id && events.get(key)
    if (before) {
      before.at.push(at(entry))
      continue
    }
    const step = { type: frame.type, at: [at(entry)], with: expected(frame, names) }
    events.set(key, step)
    steps.push(step)
  }
  return steps.flatMap((step) => (step.lines ? step.lines : expecting(step)))
}

function sending({ frame, text, raw }, by, names) {
  if (raw || typeof frame?.type !== "string") return { lines: [`  - send_raw: {text: ${yaml(escaped(text))}}`, `    by: ${by}`] }
  const { type, ...fields } = frame
  return { lines: [`  - send: ${type}`, `    by: ${by}`, ...withLine(written(fields, names))] }
}

function expecting({ type, at, with: fields }) {
  return [`  - expect: ${type}`, `    at: ${at.length > 1 ? `[${at.join(", ")}]` : at[0]}`, ...withLine(fields)]
}

const withLine = (fields) => (Object.keys(fields).length ? [`    with: ${yaml(fields)}`] : [])

/** Give the fields to expect; the id of a new message gets a name. */
function expected(frame, names) {
  const { type, ...fields } = frame
  const kept = Object.entries(fields).filter(
    ([name, value]) => value !== null && (FORESEEN[type]?.includes(name) ?? !UNFORESEEN.test(name)),
  )
  const pattern = written(Object.fromEntries(kept), names)
  if (type === "NewMessage" && !names.has(frame.message_id)) {
    const name = `message${[...names.values()].filter((one) => one.startsWith("message")).length + 1}`
    names.set(frame.message_id, name)
    pattern.message_id = { $capture: name }
  }
  return pattern
}

/** Give a value with names for known ids. */
function written(value, names) {
  if (typeof value === "string") return names.has(value) ? `\${${names.get(value)}}` : escaped(value)
  if (Array.isArray(value)) return value.map((item) => written(item, names))
  if (value === null || typeof value !== "object") return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, written(item, names)]))
}

const escaped = (text) => text.replaceAll("${", () => "$${")

/** Write a value as JSON, which is YAML too once no character in it ends a line there or is not printable. */
function yaml(value) {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
}

/** Give each user a name of its own that the scenario language allows: id → name. */
function identifiers(users) {
  const taken = new Set()
  return new Map(
    users.map(({ user_id, name }) => {
      const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/_$/, "")
      const base = !/^[a-z]/.test(plain) || TAKEN.test(plain) ? `user_${plain.replace(/^_/, "")}`.replace(/_$/, "") : plain
      let own = base
      for (let number = 2; taken.has(own); number += 1) own = `${base}_${number}`
      taken.add(own)
      return [user_id, own]
    }),
  )
}

/** Write what each connection has sent as one command of wscat, which loses lines that it reads before it is connected. */
export function asWscat(frames, users, under) {
  const tokens = new Map(users.map(({ user_id, token }) => [user_id, token]))
  const url = `ws${location.protocol === "https:" ? "s" : ""}://${location.host}${under}/ws`
  const parts = new Map()
  for (const { label, user_id, direction, text } of frames) {
    if (direction !== "out") continue
    if (!parts.has(label)) parts.set(label, [`wscat --connect '${url}?token=${tokens.get(user_id)}' --wait=-1`])
    parts.get(label).push(`--execute '${text.replace(/[\r\n]+/g, " ").replaceAll("'", "'\\''")}'`)
  }
  return [...parts].map(([label, words]) => `# ${label}\n${words.join(" \\\n  ")}\n`).join("\n")
}
