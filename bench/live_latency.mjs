// supabase-js subscribers of one private topic, in one process: when each message reached each callback.
//
//   node live_latency.mjs URL KEY TOKEN TOPIC COUNT
//
// Prints "ready" when all have joined; after a message with `last` one line of JSON: for each message number the times
// of its callbacks, in nanoseconds of the clock that Python calls monotonic.

import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

const [url, key, token, topic, count] = process.argv.slice(2)
const times = new Map()
let ended = 0

const follow = async () => {
  const client = createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: WebSocket },
  })
  await client.realtime.setAuth(token)
  const channel = client.channel(topic, { config: { private: true } })
  channel.on('broadcast', { event: 'bench' }, ({ payload }) => {
    const now = process.hrtime.bigint()
    if (payload.last) {
      ended += 1
      return
    }
    if (!times.has(payload.n)) times.set(payload.n, [])
    times.get(payload.n).push(now)
  })
  await new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === 'SUBSCRIBED') resolve()
      else if (status !== 'CLOSED') reject(error ?? new Error(status))
    })
  })
}

await Promise.all(Array.from({ length: Number(count) }, follow))
console.log('ready')
while (ended < Number(count)) await new Promise((resolve) => setTimeout(resolve, 50))
const lines = JSON.stringify([...times].map(([n, all]) => [n, all.map(Number)])) + '\n'
process.stdout.write(lines, () => process.exit(0))
