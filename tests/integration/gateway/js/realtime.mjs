// One supabase-js client, driven by lines of JSON on standard input, that tells what happens in lines of JSON.
//
//   node realtime.mjs URL KEY
//   {"do": "join", "topic", "token", "config", "changes", "presence"}   {"do": "send", "topic", "event", "payload"}
//   {"do": "track", "topic", "payload"}  {"do": "untrack", "topic"}     {"do": "token", "token"}
//   {"do": "leave", "topic"}             {"do": "post", "topic", "event", "payload"}
//
// Bytes are written {"base64": "..."} in both directions.

import { createInterface } from 'node:readline'
import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

const [url, key, options = '{}'] = process.argv.slice(2)
const client = createClient(url, key, {
  auth: { persistSession: false, autoRefreshToken: false },
  realtime: { transport: WebSocket, ...JSON.parse(options) },
})
const channels = new Map()

const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n')
const shown = (value) =>
  value instanceof ArrayBuffer ? { base64: Buffer.from(value).toString('base64') } : value
const meant = (value) => {
  if (!value?.base64) return value
  const bytes = Buffer.from(value.base64, 'base64')
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}

const acts = {
  async join({ topic, token, config = {}, changes = [], presence = false }) {
    if (token) await client.realtime.setAuth(token)
    const channel = client.channel(topic, { config })
    channels.set(topic, channel)
    channel.on('broadcast', { event: '*' }, (message) =>
      tell({ saw: 'broadcast', topic, at: Date.now(), ...message, payload: shown(message.payload) }),
    )
    channel.on('system', {}, (message) => tell({ saw: 'system', topic, ...message }))
    changes.forEach((wanted, number) =>
      channel.on('postgres_changes', wanted, (change) => tell({ saw: 'change', topic, number, change })),
    )
    if (presence) {
      channel.on('presence', { event: 'sync' }, () =>
        tell({ saw: 'presence', topic, state: channel.presenceState() }),
      )
    }
    channel.subscribe((status, error) => tell({ saw: 'status', topic, status, error: error?.message }))
  },
  async send({ topic, event, payload }) {
    const answer = await channels.get(topic).send({ type: 'broadcast', event, payload: meant(payload) })
    tell({ saw: 'sent', topic, answer })
  },
  async post({ topic, event, payload }) {
    const sending = channels.get(topic).httpSend(event, meant(payload))
    tell({ saw: 'posted', topic, answer: await sending.catch((error) => ({ error: error.message })) })
  },
  async track({ topic, payload }) {
    tell({ saw: 'tracked', topic, answer: await channels.get(topic).track(payload) })
  },
  async untrack({ topic }) {
    tell({ saw: 'untracked', topic, answer: await channels.get(topic).untrack() })
  },
  async token({ token }) {
    await client.realtime.setAuth(token)
  },
  async leave({ topic }) {
    tell({ saw: 'left', topic, answer: await client.removeChannel(channels.get(topic)) })
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: act, ...details } = JSON.parse(line)
  acts[act](details).catch((error) => tell({ saw: 'error', act, message: error.message }))
}
process.exit(0)
