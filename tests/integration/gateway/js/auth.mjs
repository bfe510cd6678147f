// What an app does with supabase-js, step by step; prints what it saw as one JSON object.
//
//   node auth.mjs SCENARIO URL KEY

import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

const [scenario, url, key] = process.argv.slice(2)
const PASSWORD = 'a good password'
const BACK = 'http://127.0.0.1:8000/back'

let number = 0
const newEmail = () => `js-${process.pid}-${Date.now()}-${number++}@example.com`

const newClient = (auth = {}, options = {}) => {
  const kept = new Map()
  const storage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
  }
  return createClient(url, key, {
    auth: { autoRefreshToken: false, detectSessionInUrl: false, storage, ...auth },
    realtime: { transport: WebSocket },
    ...options,
  })
}

const got = ({ data, error }) => {
  if (error) throw error
  return data
}
const told = (error) => error && { name: error.name, code: error.code, status: error.status, reasons: error.reasons }

const mail = async (to) => (await (await fetch(`${url}/mail/messages?to=${encodeURIComponent(to)}`)).json()).items
const follow = async (link) => {
  const location = new URL((await fetch(link, { redirect: 'manual' })).headers.get('location'))
  return { place: location.origin + location.pathname, query: location.searchParams, hash: location.hash }
}

const scenarios = {
  async password() {
    const email = newEmail()
    const client = newClient()
    const events = []
    client.auth.onAuthStateChange((event) => events.push(event))
    const signedUp = got(await client.auth.signUp({ email, password: PASSWORD, options: { data: { nickname: 'Ada' } } }))
    got({ ...(await client.auth.signOut()), data: null })
    const signedIn = got(await client.auth.signInWithPassword({ email, password: PASSWORD }))
    const claims = got(await client.auth.getClaims())
    const refreshed = got(await client.auth.refreshSession())
    const updated = got(await client.auth.updateUser({ data: { nickname: 'Grace' } }))
    return {
      sameUser: signedUp.user.id === signedIn.user.id && signedIn.user.email === email,
      verifiedHere: claims.claims.sub === signedIn.user.id && claims.header.alg,
      rotated: refreshed.session.refresh_token !== signedIn.session.refresh_token,
      nickname: [signedUp.user.user_metadata.nickname, updated.user.user_metadata.nickname],
      user: got(await client.auth.getUser()).user.id === signedIn.user.id,
      identities: got(await client.auth.getUserIdentities()).identities.map((each) => each.provider),
      factors: got(await client.auth.mfa.listFactors()).all,
      level: got(await client.auth.mfa.getAuthenticatorAssuranceLevel()).currentLevel,
      events,
    }
  },

  async refusals() {
    const client = newClient()
    const email = newEmail()
    got(await client.auth.signUp({ email, password: PASSWORD }))
    const other = newClient()
    return {
      wrong: told((await other.auth.signInWithPassword({ email, password: 'wrong one' })).error),
      unknown: told((await other.auth.signInWithPassword({ email: newEmail(), password: PASSWORD })).error),
      weak: told((await other.auth.signUp({ email: newEmail(), password: 'weak' })).error),
      taken: told((await other.auth.signUp({ email, password: PASSWORD })).error),
      same: told((await client.auth.updateUser({ password: PASSWORD })).error),
      anonymous: told((await other.auth.signInAnonymously()).error),
      nobody: told((await other.auth.getUser()).error),
      forged: told((await other.auth.getUser('eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.')).error),
      refresh: told((await other.auth.refreshSession({ refresh_token: 'x'.repeat(55) })).error),
      factor: told((await client.auth.mfa.enroll({ factorType: 'totp' })).error),
    }
  },

  async devices() {
    const email = newEmail()
    const phone = newClient()
    const laptop = newClient()
    got(await phone.auth.signUp({ email, password: PASSWORD }))
    got(await laptop.auth.signInWithPassword({ email, password: PASSWORD }))
    got({ ...(await phone.auth.signOut({ scope: 'others' })), data: null })
    return {
      phone: told((await phone.auth.getUser()).error),
      laptop: told((await laptop.auth.getUser()).error),
      laptopRefresh: told((await laptop.auth.refreshSession()).error),
    }
  },

  async races() {
    const client = newClient()
    const { session } = got(await client.auth.signUp({ email: newEmail(), password: PASSWORD }))
    const tabs = Array.from({ length: 8 }, () => newClient())
    const answers = await Promise.all(
      tabs.map((tab) => tab.auth.refreshSession({ refresh_token: session.refresh_token })),
    )
    return {
      errors: answers.map((answer) => answer.error).filter(Boolean).length,
      tokens: new Set(answers.map((answer) => answer.data.session?.refresh_token)).size,
    }
  },

  async links() {
    const email = newEmail()
    const began = newClient({ flowType: 'pkce' })
    got(await began.auth.signInWithOtp({ email, options: { emailRedirectTo: BACK } }))
    const landed = await follow((await mail(email))[0].link)
    const elsewhere = await newClient({ flowType: 'pkce' }).auth.exchangeCodeForSession(landed.query.get('code'))
    const here = got(await began.auth.exchangeCodeForSession(landed.query.get('code')))

    const other = newEmail()
    const typed = newClient()
    got(await typed.auth.signInWithOtp({ email: other }))
    const verified = got(
      await typed.auth.verifyOtp({ email: other, token: (await mail(other))[0].code, type: 'email' }),
    )
    const wrong = await newClient().auth.verifyOtp({ email: other, token: '000000', type: 'email' })

    await new Promise((resolve) => setTimeout(resolve, 1100))
    got(await typed.auth.resetPasswordForEmail(other, { redirectTo: BACK }))
    const reset = await follow((await mail(other))[0].link)
    const tokens = new URLSearchParams(reset.hash.slice(1))
    const recovering = newClient()
    got(
      await recovering.auth.setSession({
        access_token: tokens.get('access_token'),
        refresh_token: tokens.get('refresh_token'),
      }),
    )
    got(await recovering.auth.updateUser({ password: 'a better password' }))
    return {
      place: landed.place,
      tokensInLink: landed.hash,
      elsewhere: elsewhere.error?.name,
      here: here.user.email === email,
      verified: verified.user.email === other,
      wrong: told(wrong.error),
      type: tokens.get('type'),
      better: Boolean(
        got(await newClient().auth.signInWithPassword({ email: other, password: 'a better password' })).session,
      ),
    }
  },

  async administration() {
    const { admin } = newClient().auth
    const email = newEmail()
    const { user } = got(await admin.createUser({ email, password: PASSWORD, email_confirm: true }))
    const listed = got(await admin.listUsers())
    const changed = got(await admin.updateUserById(user.id, { app_metadata: { plan: 'premium' } }))
    const link = got(await admin.generateLink({ type: 'magiclink', email, options: { redirectTo: BACK } }))
    const invited = got(await admin.inviteUserByEmail(newEmail(), { data: { team: 'x' }, redirectTo: BACK }))
    const removed = got(await admin.deleteUser(user.id))
    return {
      confirmed: Boolean(user.email_confirmed_at),
      listed: listed.users.some((each) => each.id === user.id) && listed.total >= 1,
      plan: changed.user.app_metadata.plan,
      link: link.properties.verification_type,
      landed: (await follow(link.properties.action_link)).hash.includes('otp_expired'),
      invited: Boolean(invited.user.invited_at),
      removed: Boolean(removed),
      gone: told((await admin.getUserById(user.id)).error),
      browser: told(
        (await newClient({}, { global: { headers: { Origin: 'https://app.example' } } }).auth.admin.listUsers()).error,
      ),
    }
  },
}

console.log(JSON.stringify(await scenarios[scenario]()))
process.exit(0)
