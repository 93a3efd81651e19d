// What the TypeScript client promises, against the server that the environment variable CHAT describes.
import assert from "node:assert/strict"
import { connect, createServer } from "node:net"
import { afterEach, test } from "node:test"

const chat = JSON.parse(process.env.CHAT)
const { ChatClient, ConnectionLost, Refused } = await import(chat.client)
const [ALICE, BOB] = chat.tokens
const open = []
let used = 0

afterEach(() => { for (const one of open.splice(0)) one.close() })

/** A client, with promises of what happens next. */
async function online(token, { through = chat.url, ...more } = {}) {
  const seen = { events: [], wishes: [] }
  const notice = (what) => {
    seen.events.push(what)
    seen.wishes = seen.wishes.filter(([wanted, resolve]) => !wanted(what) || resolve(what))
  }
  const next = (wanted) => new Promise((resolve) => seen.wishes.push([wanted, resolve]))
  const isOnline = next((one) => one.status === "online")
  const client = new ChatClient({
    url: () => `${through}?token=${token}`,
    onEvent: notice,
    onStatus: (status) => notice({ status }),
    onSynced: (synced, messages) => notice({ synced, messages }),
    onLost: (lost, error) => notice({ lost, error }),
    firstDelayMs: 5,
    longestDelayMs: 50,
    ...more,
  })
  open.push(client)
  await isOnline
  return Object.assign(client, { next, seen })
}

/** A connection to the server that can be cut, and refused, until it is mended. */
async function cable({ after } = {}) {
  const { hostname, port, pathname } = new URL(chat.url)
  let ends = []
  let isCut = false
  let isStill = false
  const slips = []
  const server = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect(Number(port), hostname)
    near.setNoDelay(true)
    const pass = (from, to) => from.on("data", (data) => isStill || to.write(data)).on("close", () => to.destroy()).on("error", () => to.destroy())
    pass(near, far)
    pass(far, near)
    ends.push(near, far)
    slips.push(() => near.write(after))
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  const control = {
    url: `ws://127.0.0.1:${server.address().port}${pathname}`,
    cut: () => { isCut = true; for (const one of ends.splice(0)) one.destroy() },
    mend: () => { isCut = isStill = false },
    hush: () => { isStill = true },
    slip: () => slips.pop()(),
    close: () => { control.cut(); server.close() },
  }
  open.push(control)
  return control
}

/** Joins a conversation, and gives its messages when they are up to date. */
async function joined(client, conversation) {
  const done = client.next((one) => one.synced === conversation || one.lost === conversation)
  client.join(conversation)
  const { messages, error } = await done
  if (error) throw error
  return messages
}

const say = (client, conversation_id, content) => client.request({ type: "SendMessage", conversation_id, content })

/** Messages as they are compared: null is absent, and reactions have no order. */
function plain(messages) {
  const rows = [...messages.values()].map(({ reactions, ...message }) => ({
    ...Object.fromEntries(Object.entries(message).filter(([, value]) => value !== null)),
    reactions: reactions.map((one) => `${one.emoji} ${[...one.user_ids].sort()}`).sort(),
  }))
  return rows.sort((a, b) => (a.message_id < b.message_id ? -1 : 1))
}

/** Compares what a client has with what a new one fetches. */
async function agree(messages, conversation) {
  const fresh = await online(BOB)
  assert.deepEqual(plain(messages), plain(await joined(fresh, conversation)))
}

/** Everything that changes messages, ended by a message that says so. */
async function change(client, conversation) {
  const seen = client.seen.events
  for (const text of ["stays", "edited", "deleted", "liked"]) await say(client, conversation, text)
  const idOf = (text) => seen.findLast((one) => one.type === "NewMessage" && one.content === text).message_id
  const about = (text) => ({ conversation_id: conversation, message_id: idOf(text) })
  await client.request({ type: "EditMessage", ...about("edited"), content: "new text" })
  await client.request({ type: "AddReaction", ...about("liked"), emoji: "❤️" })
  await client.request({ type: "AddReaction", ...about("liked"), emoji: "👍" })
  await client.request({ type: "RemoveReaction", ...about("liked"), emoji: "👍" })
  await client.request({ type: "AddReaction", ...about("deleted"), emoji: "👍" })
  await client.request({ type: "DeleteMessage", ...about("deleted") })
  await say(client, conversation, "the end")
}

test("each reply goes to its request, whatever fails between", async () => {
  const conversation = chat.conversations[used++]
  const alice = await online(ALICE)
  await joined(alice, conversation)
  const nowhere = { conversation_id: "00000000-0000-4000-8000-000000000000" }
  const sent = [
    say(alice, conversation, "one"),
    alice.request({ type: "Typing", ...nowhere, is_typing: true }),
    alice.request({ type: "FetchHistory", conversation_id: conversation }),
    alice.request({ type: "Typing", conversation_id: conversation, is_typing: true }),
    say(alice, nowhere.conversation_id, "two"),
    alice.request({ type: "Typing", ...nowhere, is_typing: false }),
    alice.request({ type: "Typing", ...nowhere, is_typing: true }),
    alice.request({ type: "Ping" }),
    alice.request({ type: "SearchMessages", conversation_id: conversation, query: "one" }),
  ]
  const outcomes = (await Promise.allSettled(sent)).map((one) => one.value?.type ?? one.reason?.constructor ?? "nothing")
  assert.deepEqual(outcomes, ["ActionConfirmed", Refused, "HistoryChunk", "nothing", Refused, Refused, Refused, "Pong", "SearchResults"])
  const error = await sent[4].catch((reason) => reason)
  assert.equal(error.request.content, "two")
  assert.equal(error.code, "not_found")
})

test("events keep the messages up to date", async () => {
  const conversation = chat.conversations[used++]
  const [alice, bob] = [await online(ALICE), await online(BOB)]
  const messages = await joined(alice, conversation)
  await joined(bob, conversation)
  const end = alice.next((one) => one.content === "the end")
  await change(bob, conversation)
  await end
  assert.equal(messages.size, 5)
  await agree(messages, conversation)
})

test("a new connection brings what was missed", async () => {
  const conversation = chat.conversations[used++]
  const line = await cable()
  const [alice, bob] = [await online(ALICE, { through: line.url }), await online(BOB)]
  await joined(bob, conversation)
  await say(bob, conversation, "before")
  const messages = await joined(alice, conversation)
  const offline = alice.next((one) => one.status === "offline")
  line.cut()
  await offline
  await change(bob, conversation)
  assert.equal(messages.size, 1)
  const synced = alice.next((one) => one.synced === conversation)
  line.mend()
  await synced
  assert.equal(messages.size, 6)
  await agree(messages, conversation)
  const end = alice.next((one) => one.content === "and on")
  await say(bob, conversation, "and on")
  await end
  assert.equal(messages.size, 7)
})

test("what others write while a conversation is brought up to date is not lost", async () => {
  const conversation = chat.conversations[used++]
  const [alice, bob] = [await online(ALICE), await online(BOB)]
  await joined(bob, conversation)
  for (let i = 0; i < 250; i++) await say(bob, conversation, `${i}`)
  const writing = change(bob, conversation)
  const end = alice.next((one) => one.content === "the end")
  const messages = await joined(alice, conversation)
  await writing
  if (![...messages.values()].some((one) => one.content === "the end")) await end
  assert.equal(messages.size, 255)
  await agree(messages, conversation)
})

test("a request whose reply cannot come is rejected, and not sent again", async () => {
  const conversation = chat.conversations[used++]
  const line = await cable()
  const alice = await online(ALICE, { through: line.url })
  const messages = await joined(alice, conversation)
  line.hush()
  const lost = say(alice, conversation, "into the void")
  line.cut()
  await assert.rejects(lost, ConnectionLost)
  await assert.rejects(say(alice, conversation, "offline"), ConnectionLost)
  const synced = alice.next((one) => one.synced === conversation)
  line.mend()
  await synced
  assert.equal(messages.size, 0)
})

test("a connection on which nothing comes any more is replaced", async () => {
  const line = await cable()
  const alice = await online(ALICE, { through: line.url, pingMs: 20 })
  const [offline, again] = [alice.next((one) => one.status === "offline"), alice.next((one) => one.status === "online")]
  line.hush()
  await offline
  line.mend()
  await again
})

test("a connection on which no greeting comes is replaced", async () => {
  const line = await cable()
  line.hush()
  let attempts = 0
  const url = () => {
    attempts += 1
    if (attempts === 3) line.mend()
    return `${line.url}?token=${ALICE}`
  }
  await online(ALICE, { url, pingMs: 20 })
  assert.equal(attempts >= 3, true)
})

test("a server that ends each connection at once is asked less and less often", async () => {
  const line = await cable()
  const waits = []
  const { setTimeout: real } = globalThis
  globalThis.setTimeout = (what, ms) => {
    if (ms <= 1000) waits.push(ms)
    return real(what, ms)
  }
  try {
    const alice = await online(ALICE, { through: line.url, firstDelayMs: 1, longestDelayMs: 1000 })
    for (let i = 0; i < 5; i++) {
      const back = alice.next((one) => one.status === "online")
      line.cut()
      line.mend()
      await back
    }
  } finally {
    globalThis.setTimeout = real
  }
  for (const [index, ms] of waits.slice(0, 5).entries()) assert.ok(ms >= 2 ** index / 2 && ms <= 2 ** index, `${waits}`)
})

test("what is no JSON ends the connection and not the program", async () => {
  const text = Buffer.from([0x81, 1, 0x7b]) // a frame of one byte: {
  const line = await cable({ after: text })
  const alice = await online(ALICE, { through: line.url })
  const again = alice.next((one) => one.status === "online")
  const lost = alice.request({ type: "Ping" })
  line.slip()
  await assert.rejects(lost, ConnectionLost)
  await again
})

test("a client without a token tries again", async () => {
  let attempts = 0
  const url = () => {
    attempts += 1
    if (attempts < 4) throw new Error("no token yet")
    return `${chat.url}?token=${ALICE}`
  }
  const alice = await online(ALICE, { url })
  assert.equal(attempts, 4)
  assert.equal((await alice.request({ type: "Ping" })).type, "Pong")
})

test("a conversation that one may not read is lost, and nothing else", async () => {
  const conversation = chat.conversations[used++]
  const alice = await online(ALICE)
  await assert.rejects(joined(alice, chat.foreign), Refused)
  assert.deepEqual(alice.seen.events.filter((one) => one.lost).map((one) => one.lost), [chat.foreign])
  assert.equal((await joined(alice, conversation)).size, 0)
})

test("a conversation that is left while it is brought up to date is synced only when it is joined again", async () => {
  const conversation = chat.conversations[used++]
  const alice = await online(ALICE)
  alice.join(conversation)
  await alice.leave(conversation)
  assert.equal((await joined(alice, conversation)).size, 0)
  assert.deepEqual(alice.seen.events.filter((one) => one.lost), [])
  assert.equal(alice.seen.events.filter((one) => one.synced).length, 1)
})

test("a closed client leaves no timer and joins nothing", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((one) => one === "Timeout").length
  const before = timers()
  const alice = await online(ALICE)
  assert.equal(timers(), before + 1) // the interval of Pings
  alice.close()
  alice.join(chat.conversations[0])
  assert.equal(timers(), before)
  assert.deepEqual(alice.seen.events.filter((one) => one.synced), [])
})

test("a client that is closed while it waits for a token does not connect again", async () => {
  const attempts = []
  const alice = new ChatClient({ url: () => new Promise((_, reject) => attempts.push(reject)), firstDelayMs: 0 })
  alice.close()
  attempts[0](new Error("no token"))
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(attempts.length, 1)
})

test("a join that the server refuses for now is tried again with the next Ping", async () => {
  const alice = await online(ALICE, { through: chat.refusing, pingMs: 20 })
  const refused = []
  const { request } = alice
  alice.request = async (one) => {
    try {
      return await request.call(alice, one)
    } catch (error) {
      refused.push(error.code)
      if (refused.length === 2) alice.close()
      throw error
    }
  }
  alice.join(chat.conversations[0])
  while (refused.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(refused, ["rate_limited", "rate_limited"])
  assert.deepEqual(alice.seen.events.filter((one) => one.lost), [])
})

test("a closed client keeps nobody waiting", async () => {
  const alice = await online(ALICE)
  const waiting = alice.request({ type: "Ping" })
  alice.close()
  await assert.rejects(waiting, ConnectionLost)
})

/** The types of what promises give: of a reply, or of an error. */
const kinds = async (some) => (await Promise.allSettled(some)).map((one) => one.value?.type ?? one.reason?.constructor)

test("no reply is given to the wrong request by a server that mixes them up", async () => {
  const { url, conversation } = chat.unordered
  const alice = await online(ALICE, { through: url })
  const about = { conversation_id: conversation }
  for (const pair of [["FetchHistory", "JoinConversation"], ["JoinConversation", "LeaveConversation"]]) {
    const again = alice.next((one) => one.status === "online")
    assert.deepEqual(await kinds(pair.map((type) => alice.request({ type, ...about }))), [ConnectionLost, ConnectionLost])
    await again
  }
})

test("on a bad day, everybody has the same messages in the end", async () => {
  const { url, conversation } = chat.badDay
  const [alice, bob] = [await online(ALICE, { through: url, pingMs: 500 }), await online(BOB, { through: url, pingMs: 500 })]
  const [hers, his] = await Promise.all([joined(alice, conversation), joined(bob, conversation)])
  const isThere = new Promise((resolve) => {
    const look = () => ([...his.values()].some((one) => one.content === "the end") ? resolve() : setImmediate(look))
    look()
  })
  const tries = async (request) => {
    for (;;) {
      const error = await bob.request(request).then(() => null, (reason) => reason)
      if (!(error instanceof ConnectionLost) && error?.code !== "rate_limited") return error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  for (let i = 0; i < 40; i++) {
    await tries({ type: "SendMessage", conversation_id: conversation, content: `${i}` })
    const mine = [...his.values()].filter((one) => !one.deleted_at).at(-1)
    if (!mine) continue
    const about = { conversation_id: conversation, message_id: mine.message_id }
    const change = [
      { type: "EditMessage", ...about, content: `${i} again` },
      { type: "DeleteMessage", ...about },
      { type: "AddReaction", ...about, emoji: "❤️" },
    ]
    await tries(change[i % 3])
  }
  await tries({ type: "SendMessage", conversation_id: conversation, content: "the end" })
  await isThere
  for (;;) {
    const fresh = await online(BOB, { through: url, pingMs: 500 })
    const theirs = plain(await joined(fresh, conversation))
    fresh.close()
    if ([hers, his].every((one) => JSON.stringify(plain(one)) === JSON.stringify(theirs))) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})
