// What one connection knows of the chat, from the frames that it has sent and got. Nothing here touches the page.

/** Messages that are kept of each conversation. */
export const MOST_MESSAGES = 2000
const MOST_SIGNALS = 50
const MOST_PENDING = 1000
const CALLS = new Set(["CallOffer", "CallAnswer", "ICECandidate", "CallHangup", "CallReject"])

/** `requests` are the schemas of the requests: `x-reply` says what answers each of them. `me` is the user. */
export class Model {
  constructor(requests, me) {
    this.requests = requests
    this.me = me
    this.reset()
  }

  /** Forget what belongs to one connection; messages stay. */
  disconnected() {
    this.joined = new Set()
    this.pending = []
    this.typing = new Map()
  }

  reset() {
    this.conversations = new Map()
    this.online = new Map()
    this.signals = []
    this.error = null
    this.cursors = new Map()
    this.disconnected()
  }

  /** Give the messages of a conversation, the oldest first. */
  messages(conversation) {
    return [...this.#of(conversation).values()].sort(byTime)
  }

  /** Give the users who type in a conversation. */
  typists(conversation) {
    return [...(this.typing.get(conversation) ?? [])]
  }

  /** Take note of a request, to know later what its reply is about. */
  sent(request) {
    if (CALLS.has(request?.type)) this.signal(request, this.me)
    if (!this.requests[request?.type]?.["x-reply"]) return
    this.pending.push(request)
    if (this.pending.length > MOST_PENDING) this.pending.shift()
  }

  /** Take in a frame of the server. */
  got(frame) {
    const take = TAKE[frame?.type]
    if (take) take.call(this, frame)
  }

  #of(conversation) {
    if (!this.conversations.has(conversation)) this.conversations.set(conversation, new Map())
    return this.conversations.get(conversation)
  }

  find(frame) {
    return this.conversations.get(frame.conversation_id)?.get(frame.message_id)
  }

  /** Put a message as it is now; who has got and read it is only told by events, and stays. */
  put(message) {
    const all = this.#of(message.conversation_id)
    const before = all.get(message.message_id)
    const kept = { delivered: before?.delivered ?? new Set(), read: before?.read ?? new Set() }
    all.set(message.message_id, { reactions: [], ...message, ...kept, at: Date.parse(message.created_at) })
    if (all.size > MOST_MESSAGES) all.delete([...all.values()].reduce((first, one) => (byTime(one, first) < 0 ? one : first)).message_id)
  }

  change(frame, fields) {
    const message = this.find(frame)
    if (message) this.#of(frame.conversation_id).set(frame.message_id, { ...message, ...fields(message) })
  }

  signal(frame, by) {
    this.signals = [...this.signals, { ...frame, by }].slice(-MOST_SIGNALS)
  }

  answered(matches) {
    const index = this.pending.findIndex(matches)
    return index < 0 ? null : this.pending.splice(index, 1)[0]
  }
}

const byTime = (one, other) => one.at - other.at || (one.created_at < other.created_at ? -1 : 1)

function signal(frame) {
  this.signal(frame, frame.from_user_id)
}

function page(frame) {
  this.answered((request) => this.requests[request.type]["x-reply"].type === frame.type)
  for (const message of frame.messages) this.put(message)
}

const TAKE = {
  NewMessage(frame) {
    const { type, ...message } = frame
    this.put(message)
    this.typing.get(frame.conversation_id)?.delete(frame.sender_id)
  },
  MessageEdited(frame) {
    this.change(frame, () => ({ content: frame.content, edited_at: frame.edited_at }))
  },
  MessageDeleted(frame) {
    this.change(frame, () => ({ content: "", attachments: [], reactions: [], deleted_at: frame.deleted_at }))
  },
  ReactionAdded(frame) {
    this.change(frame, ({ reactions }) => {
      const others = reactions.filter(({ emoji }) => emoji !== frame.emoji)
      const users = reactions.find(({ emoji }) => emoji === frame.emoji)?.user_ids ?? []
      return { reactions: [...others, { emoji: frame.emoji, user_ids: [...new Set([...users, frame.user_id])] }] }
    })
  },
  ReactionRemoved(frame) {
    this.change(frame, ({ reactions }) => ({
      reactions: reactions
        .map(({ emoji, user_ids }) => ({
          emoji,
          user_ids: emoji === frame.emoji ? user_ids.filter((user) => user !== frame.user_id) : user_ids,
        }))
        .filter(({ user_ids }) => user_ids.length),
    }))
  },
  MessageDelivered(frame) {
    this.change(frame, ({ delivered }) => ({ delivered: new Set([...delivered, frame.user_id]) }))
  },
  MessageRead(frame) {
    this.change(frame, ({ read }) => ({ read: new Set([...read, frame.user_id]) }))
  },
  UserTyping(frame) {
    const typists = this.typing.get(frame.conversation_id) ?? new Set()
    if (frame.is_typing) typists.add(frame.user_id)
    else typists.delete(frame.user_id)
    this.typing.set(frame.conversation_id, typists)
  },
  UserPresenceUpdate(frame) {
    this.online.set(frame.user_id, frame.status)
  },
  HistoryChunk(frame) {
    page.call(this, frame)
    this.cursors.set(frame.conversation_id, frame.has_more ? frame.next_cursor : null)
  },
  SyncChunk: page,
  SearchResults(frame) {
    this.answered((request) => request.type === "SearchMessages")
    for (const message of frame.messages) this.put(message)
  },
  CallOffer: signal,
  CallAnswer: signal,
  ICECandidate: signal,
  CallHangup: signal,
  CallReject: signal,
  Pong() {
    this.answered((request) => request.type === "Ping")
  },
  ActionConfirmed(frame) {
    const request = this.answered(({ type }) => this.requests[type]["x-reply"].with?.action === frame.action)
    if (request?.type === "JoinConversation") this.joined.add(request.conversation_id)
    if (request?.type === "LeaveConversation") this.joined.delete(request.conversation_id)
    if (request) this.error = null
  },
  Error(frame) {
    const request = this.answered(() => true)
    this.error = { ...frame, request: request?.type ?? null }
  },
}
