// What somebody does with the web app, from sign-up to the video and sign-out.
//
//   node story.mjs SCENARIO '{"supabase": URL, "key": KEY, "api": URL, "email", "password", ...}'
//
// Prints lines of JSON: what happens on the way, and at last `{"result": ...}`.

import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { App, got, tell, until } from './app.mjs'

const [scenario, json] = process.argv.slice(2)
const given = JSON.parse(json)

const seen = (follower) => ({
  topic: follower.topic,
  messages: follower.messages,
  rows: follower.rows,
  statuses: follower.statuses,
  catch_ups: follower.catchUps,
})

const makeBatch = async (app, topics) => {
  const project = await app.call('POST', '/projects', { name: 'Sky', original_idea: 'Things in the sky' })
  return app.call('POST', '/batches', {
    project_id: project.id,
    topics,
    defaults: { platforms: ['youtube'] },
  })
}

const ended = (job) => job && !['pending', 'processing'].includes(job.status)

const scenarios = {
  /** From sign-up to the file, with the live channels of the batch and of the tenant. */
  async video() {
    const app = new App(given)
    const session = await app.signUp(given.email, given.password)
    const { tenant } = await app.call('GET', '/me')
    const ofTenant = await app.follow('tenant', tenant.id)
    const batch = await makeBatch(app, [given.topic])
    const ofBatch = await app.follow('batch', batch.batch_id)
    tell({ batch_id: batch.batch_id, tenant_id: tenant.id })
    await until(() => ended(ofBatch.job), 150, 'the job ends')
    await until(
      () => ofTenant.rows.batches[batch.batch_id]?.status === ofBatch.rows.batches[batch.batch_id]?.status,
      30,
      'the tenant hears of it',
    )

    const { items } = await app.call('GET', `/assets?job_id=${ofBatch.job.id}&role=video`)
    const signed = await app.call('GET', `/assets/signed-url?content_id=${items[0].id}`)
    const bytes = Buffer.from(await (await fetch(signed.url)).arrayBuffer())
    await writeFile(given.file, bytes)

    // The same by Supabase's own ways: the row through REST, the file through Storage.
    const row = got(
      await app.client.from('generated_content').select('id,file_path,sha256').eq('id', items[0].id).single(),
    )
    const bucket = app.client.storage.from('media')
    const blob = got(await bucket.download(row.file_path))
    const own = got(await bucket.createSignedUrl(row.file_path, 60))
    const changes = await app.call('GET', '/events?since=2020-01-01T00:00:00Z')
    const token = got(await app.client.auth.getSession()).session.access_token
    got({ ...(await app.client.auth.signOut()), data: null })
    return {
      tenant: seen(ofTenant),
      batch: seen(ofBatch),
      changes,
      sha256: [signed.sha256, row.sha256, createHash('sha256').update(bytes).digest('hex')],
      sizes: [bytes.length, blob.size, (await (await fetch(own.signedUrl)).arrayBuffer()).byteLength],
      signed_url: signed.url,
      tokens: [session.access_token, session.refresh_token, token],
      after_sign_out: {
        session: got(await app.client.auth.getSession()).session,
        api: await app.call('GET', '/me').catch((error) => error.code),
        refresh: (await app.client.auth.refreshSession({ refresh_token: session.refresh_token })).error?.code,
      },
    }
  },

  /** Follows a batch to its end, whatever happens to the connection. */
  async outage() {
    const app = new App(given)
    await app.signUp(given.email, given.password)
    const batch = await makeBatch(app, given.topics)
    const follower = await app.follow('batch', batch.batch_id)
    await until(() => follower.messages.length > 2, 60, 'the first messages')
    tell({ following: batch.batch_id })
    await until(() => follower.statuses.filter((each) => each === 'SUBSCRIBED').length > 1, 60, 'subscribed again')
    const heard = follower.messages.length
    tell({ again: heard })
    await until(() => Object.values(follower.rows.jobs).every(ended), 150, 'the jobs end')
    await until(() => ended(follower.rows.batches[batch.batch_id]), 30, 'the batch ends')
    const changes = await app.call('GET', `/events?since=2020-01-01T00:00:00Z&batch_id=${batch.batch_id}&limit=10000`)
    return { ...seen(follower), heard_before: heard, changes }
  },

  /** Keeps the channel of the tenant open with one token until somebody closes it. */
  async stay() {
    const app = new App(given)
    const session = await app.signUp(given.email, given.password)
    const { tenant } = await app.call('GET', '/me')
    const bystander = new App(given)
    await bystander.client.realtime.setAuth(session.access_token)
    const channel = bystander.client.channel(`tenant:${tenant.id}:${tenant.epoch}`, { config: { private: true } })
    const said = []
    channel.on('system', {}, (message) => said.push(message))
    const closed = new Promise((resolve, reject) => {
      channel.subscribe((status, error) => {
        if (status === 'SUBSCRIBED') tell({ subscribed: session.expires_at })
        else status === 'CLOSED' ? resolve(Date.now() / 1000) : reject(error ?? new Error(status))
      })
    })
    return { closed_at: await closed, expires_at: session.expires_at, said }
  },

  /** A member of somebody's tenant is removed while it follows. */
  async removal() {
    const owner = new App(given)
    await owner.signUp(`owner-${given.email}`, given.password)
    const { tenant } = await owner.call('GET', '/me')
    const member = new App(given)
    await member.signUp(given.email, given.password)
    const { user_id } = await member.call('GET', '/me')
    const { token } = await owner.call('POST', '/invitations', { email: given.email, role: 'viewer' })
    await member.call('POST', '/invitations/accept', { token })
    await member.call('POST', `/tenants/${tenant.id}/switch`)
    got(await member.client.auth.refreshSession())
    const followers = [await owner.follow('tenant', tenant.id), await member.follow('tenant', tenant.id)]
    const name = async (text) => owner.call('PATCH', `/tenants/${tenant.id}`, { name: text })
    await name('Heard by both')
    await until(() => followers.every((each) => each.messages.length), 30, 'both hear')

    await owner.call('DELETE', `/members/${user_id}`)
    await until(() => followers[0].epoch > tenant.epoch, 30, 'the owner moves on to the next epoch')
    await until(() => followers[1].refusals.length, 30, 'the removed member is refused')
    await until(() => followers[0].statuses.length > 1, 30, 'the owner has joined')
    await name('Heard by one')
    await until(() => followers[0].rows.tenants[tenant.id].name === 'Heard by one', 30, 'the owner hears')

    const next = member.client.channel(followers[0].topic, { config: { private: true } })
    const joined = await new Promise((resolve) => next.subscribe((status) => resolve(status)))
    const api = await member.call('GET', '/batches').catch((error) => error.code)
    // At the next refresh the old channel ends too.
    got(await member.client.auth.refreshSession())
    await until(() => followers[1].statuses.length > 1, 30, 'the channel of the removed member ends')
    return {
      heard: followers[1].messages.map(({ event, payload }) => [event, payload.tenants?.[0].name ?? null]),
      refusals: followers[1].refusals,
      joined,
      api,
      statuses: followers.map((each) => each.statuses),
    }
  },

  /** Tries to follow and read what is another tenant's. */
  async stranger() {
    const app = new App(given)
    await app.signUp(given.email, given.password)
    const refused = []
    for (const topic of given.topics) {
      const channel = app.client.channel(topic, { config: { private: true } })
      refused.push(await new Promise((resolve) => channel.subscribe((status) => resolve(status))))
      await app.client.removeChannel(channel)
    }
    return {
      refused,
      jobs: (await app.call('GET', '/jobs')).items,
      rows: got(await app.client.from('generation_jobs').select('id')),
      batch: await app.call('GET', `/batches/${given.batch_id}`).catch((error) => error.code),
      pause: (await app.client.rpc('pause_batch', { batch_id: given.batch_id })).error?.code,
      file: (await app.client.storage.from('media').download(given.file_path)).error?.name,
    }
  },
}

const result = await scenarios[scenario]()
await new Promise((resolve) => process.stdout.write(JSON.stringify({ result }) + '\n', resolve))
process.exit(0)
