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

  async epoch() {
    return (await this.call('GET', '/me')).tenant.epoch
  }

  /** Follows `scope` ("batch", "project" or "tenant") from what is so now. */
  async follow(scope, id) {
    const follower = new Follower(this, scope, id, `${scope}:${id}:${await this.epoch()}`)
    await follower.start()
    return follower
  }
}

/** What an app knows of one topic: rows by id, the newest version of each, and events. */
export class Follower {
  rows = { tenants: {}, projects: {}, batches: {}, jobs: {}, tasks: {}, events: {} }
  /** Live messages as they came. */
  messages = []
  statuses = []
  catchUps = 0
  #since = new Date(0).toISOString()
  #seq = null
  #catchingUp = Promise.resolve()

  constructor(app, scope, id, topic) {
    this.app = app
    this.topic = topic
    this.query = scope === 'tenant' ? '' : `&${scope}_id=${id}`
  }

  async start() {
    await this.app.client.realtime.setAuth()
    this.channel = this.app.client.channel(this.topic, { config: { private: true } })
    this.channel.on('broadcast', { event: '*' }, ({ event, payload }) => this.#hear(event, payload))
    await new Promise((resolve, reject) => {
      this.channel.subscribe((status, error) => {
        this.statuses.push(status)
        if (status === 'SUBSCRIBED') this.catchUp().then(resolve, reject)
        // Of a first try; later the client tries again by itself.
        else reject(error ?? new Error(status))
      })
    })
  }

  /** Fetches what has changed; one fetch at a time. */
  catchUp() {
    this.#catchingUp = this.#catchingUp.then(() => this.#fetch())
    return this.#catchingUp
  }

  get job() {
    return Object.values(this.rows.jobs)[0]
  }

  async #fetch() {
    this.catchUps += 1
    let from = `since=${encodeURIComponent(this.#since)}`
    for (;;) {
      const changes = await this.app.call('GET', `/events?${from}${this.query}`)
      this.#merge(changes)
      if (!changes.more) {
        this.#since = new Date(Date.parse(changes.now) - OVERLAP_MS).toISOString()
        return
      }
      from = `since=${encodeURIComponent(changes.next.since)}&after_id=${changes.next.after_id}`
    }
  }

  #hear(event, payload) {
    this.messages.push({ at: Date.now() / 1000, event, payload })
    const missed = event === 'resync' || (this.#seq !== null && payload.prev_seq !== this.#seq)
    this.#seq = payload.seq
    if (missed) this.catchUp().catch((error) => tell({ error: error.message }))
    if (event === 'changes') this.#merge(payload)
  }

  #merge(changes) {
    for (const [kind, known] of Object.entries(this.rows)) {
      for (const row of changes[kind] ?? []) {
        if (!(known[row.id]?.version > row.version)) known[row.id] = row
      }
    }
  }
}
