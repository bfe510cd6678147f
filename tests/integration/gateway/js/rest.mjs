// What an app does with functions and tables, by supabase-js; prints what it saw as one JSON object.
//
//   node rest.mjs URL KEY TOKEN

import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

const [url, key, token] = process.argv.slice(2)
const client = createClient(url, key, { accessToken: async () => token, realtime: { transport: WebSocket } })
const nobody = createClient(url, key, { realtime: { transport: WebSocket } })
const seen = (answer) => ({
  data: answer.data,
  status: answer.status,
  ...(answer.count === null ? {} : { count: answer.count }),
  ...(answer.error ? { code: answer.error.code } : {}),
})
const notes = () => client.from('rest_notes')

console.log(
  JSON.stringify({
    add: seen(await client.rpc('rest_add', { a: 1 })),
    got: seen(await client.rpc('rest_add', { a: 1, b: 2 }, { get: true })),
    nothing: seen(await client.rpc('rest_nothing')),
    rows: seen(await client.rpc('rest_rows', { up_to: 5 }, { count: 'exact' }).eq('n', 3)),
    counted: seen(await client.rpc('rest_rows', { up_to: 5 }, { head: true, count: 'exact' })),
    single: seen(await client.rpc('rest_rows', { up_to: 1 }).single()),
    failed: seen(await client.rpc('rest_fail', { state: 'CR002' })),
    missing: seen(await client.rpc('rest_missing', { a: 1 })),
    forbidden: seen(await client.rpc('rest_secret')),
    anonymous: seen(await nobody.rpc('rest_secret')),
    notes: seen(await notes().select('title, name:title', { count: 'exact' }).in('title', ['one', 'three, four']).order('id')),
    page: seen(await notes().select('title').order('id', { ascending: false }).range(1, 2)),
    one: seen(await notes().select('title').eq('title', 'one').single()),
    none: seen(await notes().select('title').eq('title', 'none').maybeSingle()),
    several: seen(await notes().select('title').single()),
    head: seen(await notes().select('*', { count: 'exact', head: true })),
    unknown: seen(await client.from('rest_unknown').select()),
    embedded: seen(await notes().select('title, tenants(name)')),
    inserted: seen(await notes().insert({ id: 1 })),
    schema: seen(await client.schema('auth').from('users').select()),
  }),
)
process.exit(0)
