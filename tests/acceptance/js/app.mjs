// The web app in miniature, on supabase-js as npm has it: signs in, submits topics, follows them live, plays the video.
//
//   const app = new App({ supabase, key, api })

import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

/** Rows that a late commit may have changed before the moment we ask from. */
const OVERLAP_MS = 10_000

export const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n')

export const got = ({ data, error }) => {
  if (error) throw error
  return data
}

export const until = async (holds, limit_s, what) => {
  const deadline = Date.now() + limit_s * 1000
  for (;;) {
    const found = await holds()
    if (found) return found
    if (Date.now() > deadline) throw new Error(`not within ${limit_s} s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export class App {
  constructor({ supabase, key, api }, options = {}) {
    const kept = new Map()
    const storage = {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    }
    this.api = api
    this.client = createClient(supabase, key, {
      auth: { storage, detectSessionInUrl: false },
      realtime: { transport: WebSocket },
      ...options,
    })
  }

  async signUp(email, password) {
    const { session } = got(await this.client.auth.signUp({ email, password }))
    return session
  }

  /** Calls the REST API as who is signed in. */
  async call(method, path, body) {
    const { session } = got(await this.client.auth.getSession())
    const answer = await fetch(this.api + path, {
      method,
      headers: {
        ...(session && { Authorization: `Bearer ${session.access_token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw Object.assign(new Error(`${method} ${path}: ${answer.status} ${text}`), JSON.parse(text))
    return text && JSON.parse(text)
  }

  /** Follows `scope` ("batch", "project" or "tenant") from what is so now. */
  async follow(scope, id) {
    const { tenant } = await this.call('GET', '/me')
    const follower = new Follower(this, scope, id)
    await follower.join(tenant.epoch)
    return follower
  }
}

/** What an app knows of one topic: rows by id, the newest version of each, and events. */
export class Follower {
  rows = { tenants: {}, projects: {}, batches: {}, jobs: {}, tasks: {}, events: {} }
  /** Live messages as they came, what became of the channel, and how often was fetched what they may not have told. */
  messages = []
  statuses = []
  catchUps = 0
  /** Why something could not be fetched, as the API says it. */
  refusals = []
  #since = new Date(0).toISOString()
  #seq = null
  #catchingUp = Promise.resolve()

  constructor(app, scope, id) {
    this.app = app
    this.name = `${scope}:${id}`
    this.query = scope === 'tenant' ? '' : `&${scope}_id=${id}`
  }

  /** Subscribes in an epoch of the tenant, and fetches what is so. */
  async join(epoch) {
    this.epoch = epoch
    this.topic = `${this.name}:${epoch}`
    this.#seq = null
    await this.app.client.realtime.setAuth()
    const channel = this.app.client.channel(this.topic, { config: { private: true } })
    channel.on('broadcast', { event: '*' }, ({ event, payload }) => this.#hear(event, payload))
    await new Promise((resolve, reject) => {
      channel.subscribe((status, error) => {
        this.statuses.push(status)
        // After every break too, of which the client recovers by itself.
        if (status === 'SUBSCRIBED') this.catchUp().then(resolve)
        else reject(error ?? new Error(status))
      })
    })
  }

  /** Fetches what has changed; one fetch at a time. */
  catchUp() {
    this.#catchingUp = this.#catchingUp
      .then(() => this.#fetch())
      .catch((error) => this.refusals.push(error.code ?? error.message))
    return this.#catchingUp
  }

  get job() {
    return Object.values(this.rows.jobs)[0]
  }

  async #fetch() {
    this.catchUps += 1
    let from = `since=${encodeURIComponent(this.#since)}`
    let changes
    do {
      changes = await this.app.call('GET', `/events?${from}${this.query}`)
      this.#merge({ ...changes, tenants: [changes.tenant] })
      from = changes.more && `since=${encodeURIComponent(changes.next.since)}&after_id=${changes.next.after_id}`
    } while (changes.more)
    this.#since = new Date(Date.parse(changes.now) - OVERLAP_MS).toISOString()
    // A member was removed: what follows comes on other topics.
    if (changes.tenant.epoch > this.epoch) this.join(changes.tenant.epoch).catch((error) => tell({ error: error.message }))
  }

  #hear(event, payload) {
    this.messages.push({ at: Date.now() / 1000, topic: this.topic, event, payload })
    const missed = event === 'resync' || (this.#seq !== null && payload.prev_seq !== this.#seq)
    this.#seq = payload.seq
    if (missed) this.catchUp().then(() => this.#awaitEpoch(payload.epoch))
    if (event === 'changes') this.#merge(payload)
  }

  /** The log tells of the end of an epoch a moment before the tables do. */
  async #awaitEpoch(epoch) {
    while (epoch > this.epoch && !this.refusals.length) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      await this.catchUp()
    }
  }

  #merge(changes) {
    for (const [kind, known] of Object.entries(this.rows)) {
      for (const row of changes[kind] ?? []) {
        if (!(known[row.id]?.version > row.version)) known[row.id] = row
      }
    }
  }
}
