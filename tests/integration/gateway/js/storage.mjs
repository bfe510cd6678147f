// What an app does with files, by supabase-js and tus-js-client; prints what it saw as one JSON object.
//
//   node storage.mjs SCENARIO URL KEY TOKEN FOLDER

import { createClient } from '@supabase/supabase-js'
import * as tus from 'tus-js-client'
import WebSocket from 'ws'

const [scenario, url, key, token, folder] = process.argv.slice(2)

const client = createClient(url, key, {
  accessToken: async () => token,
  realtime: { transport: WebSocket },
})
const bucket = client.storage.from('tests')
const got = ({ data, error }) => {
  if (error) throw error
  return data
}
const told = (error) => error && { name: error.name, status: error.status, statusCode: error.statusCode, message: error.message }
const text = async (blob) => await blob.text()

const upload = (path, data, options = {}) =>
  new Promise((resolve, reject) => {
    const sent = new tus.Upload(data, {
      endpoint: `${url}/storage/v1/upload/resumable`,
      headers: { authorization: `Bearer ${token}`, apikey: key },
      retryDelays: [0, 100, 500],
      uploadDataDuringCreation: true,
      removeFingerprintOnSuccess: true,
      chunkSize: 6 * 1024 * 1024,
      metadata: { bucketName: 'tests', objectName: path, contentType: 'video/mp4', cacheControl: '31536000' },
      onError: reject,
      onSuccess: () => resolve(sent),
      ...options,
    })
    sent.start()
  })

const scenarios = {
  async files() {
    const path = `${folder}/notes/hello.txt`
    const blob = got(await bucket.upload(path, new Blob(['hello'], { type: 'text/plain' }), { cacheControl: '60' }))
    const raw = got(await bucket.upload(`${folder}/notes/raw.bin`, Buffer.from('raw'), { contentType: 'application/x-raw' }))
    const form = new FormData()
    form.append('file', new File(['form'], 'ignored.txt', { type: 'text/plain' }))
    got(await bucket.upload(`${folder}/notes/form.txt`, form))
    const stream = new Blob(['stream']).stream()
    got(await bucket.upload(`${folder}/notes/stream.txt`, stream, { contentType: 'text/plain', metadata: { by: 'stream' } }))
    const twice = await bucket.upload(path, new Blob(['again']))
    got(await bucket.update(path, new Blob(['replaced'], { type: 'text/plain' })))
    const replaced = await text(got(await bucket.download(path)))
    got(await bucket.upload(path, Buffer.from('upserted'), { upsert: true, contentType: 'text/plain' }))
    return {
      blob: blob.path === path && blob.fullPath === `tests/${path}` && blob.id.length,
      raw: raw.id.length,
      form: await text(got(await bucket.download(`${folder}/notes/form.txt`))),
      stream: got(await bucket.info(`${folder}/notes/stream.txt`)).metadata,
      twice: told(twice.error),
      replaced,
      upserted: await text(got(await bucket.download(path))),
      info: (({ size, contentType, cacheControl, name }) => ({ size, contentType, cacheControl, name: name.length }))(
        got(await bucket.info(`${folder}/notes/raw.bin`)),
      ),
      exists: [got(await bucket.exists(path)), (await bucket.exists(`${folder}/none`)).data],
      listed: got(await bucket.list(folder)).map((each) => [each.name, each.id]),
      names: got(await bucket.list(`${folder}/notes`, { sortBy: { column: 'name', order: 'desc' } })).map((each) => each.name),
      searched: got(await bucket.list(`${folder}/notes`, { search: 'ra', limit: 1 })).map((each) => each.name),
      page: got(await bucket.list(`${folder}/notes`, { limit: 2, offset: 1 })).map((each) => each.name),
      missing: told((await bucket.download(`${folder}/none`)).error),
    }
  },

  async listedFrom() {
    for (const name of ['a/1', 'a/2', 'b', 'c/1', 'd']) got(await bucket.upload(`${folder}/${name}`, Buffer.from('x')))
    const seen = []
    let cursor
    do {
      const page = got(await bucket.listV2({ prefix: `${folder}/`, limit: 2, with_delimiter: true, cursor }))
      seen.push([page.folders.map((each) => each.name), page.objects.map((each) => each.name)])
      cursor = page.nextCursor
    } while (cursor)
    const all = got(await bucket.listV2({ prefix: `${folder}/`, sortBy: { column: 'created_at', order: 'desc' } }))
    return { seen, all: all.objects.map((each) => each.name), more: all.hasNext }
  },

  async moved() {
    got(await bucket.upload(`${folder}/one`, Buffer.from('1')))
    got(await bucket.move(`${folder}/one`, `${folder}/two`))
    const copied = got(await bucket.copy(`${folder}/two`, `${folder}/three`))
    const removed = got(await bucket.remove([`${folder}/two`, `${folder}/none`]))
    return {
      copied: copied.path === `tests/${folder}/three`,
      removed: removed.map((each) => each.name),
      left: got(await bucket.list(folder)).map((each) => each.name),
      none: told((await bucket.move(`${folder}/none`, `${folder}/x`)).error),
    }
  },

  async signed() {
    got(await bucket.upload(`${folder}/a b.txt`, Buffer.from('hello'), { contentType: 'text/plain' }))
    const one = got(await bucket.createSignedUrl(`${folder}/a b.txt`, 60, { download: 'my name.txt' })).signedUrl
    const many = got(await bucket.createSignedUrls([`${folder}/a b.txt`, `${folder}/none`], 60))
    const answer = await fetch(one)
    const link = got(await bucket.createSignedUploadUrl(`${folder}/up.txt`))
    const anyone = createClient(url, key, { realtime: { transport: WebSocket } }).storage.from('tests')
    const up = got(await anyone.uploadToSignedUrl(link.path, link.token, new Blob(['up'], { type: 'text/plain' })))
    return {
      one: [answer.status, await answer.text(), answer.headers.get('content-disposition')],
      many: [await (await fetch(many[0].signedUrl)).text(), many[1].error, many[1].signedUrl],
      up: [up.path, await text(got(await bucket.download(`${folder}/up.txt`)))],
      again: told((await anyone.uploadToSignedUrl(link.path, link.token, new Blob(['again']))).error),
      missing: told((await bucket.createSignedUrl(`${folder}/none`, 60)).error),
    }
  },

  async resumable() {
    const data = Buffer.alloc(15_000_000, 'abcdefghij')
    const progress = []
    await upload(`${folder}/film.mp4`, data, { onChunkComplete: (size) => progress.push(size) })
    const info = got(await bucket.info(`${folder}/film.mp4`))
    const same = Buffer.compare(Buffer.from(await got(await bucket.download(`${folder}/film.mp4`)).arrayBuffer()), data) === 0
    const refused = await upload(`${folder}/film.mp4`, Buffer.from('x'), { retryDelays: null }).catch((error) => error)
    await upload(`${folder}/film.mp4`, Buffer.from('x'), {
      headers: { authorization: `Bearer ${token}`, apikey: key, 'x-upsert': 'true' },
    })
    return {
      progress,
      info: [info.size, info.contentType, info.cacheControl],
      same,
      refused: refused.originalResponse.getStatus(),
      replaced: await text(got(await bucket.download(`${folder}/film.mp4`))),
    }
  },

  async resumed() {
    const data = Buffer.alloc(13_000_000, 'abcdefghij')
    const path = `${folder}/resumed.mp4`
    // The first client goes away after its first piece.
    const left = await new Promise((resolve, reject) => {
      const sent = new tus.Upload(data, {
        endpoint: `${url}/storage/v1/upload/resumable`,
        headers: { authorization: `Bearer ${token}`, apikey: key },
        chunkSize: 6 * 1024 * 1024,
        metadata: { bucketName: 'tests', objectName: path, contentType: 'video/mp4' },
        onChunkComplete: () => {
          sent.abort()
          resolve(sent.url)
        },
        onError: reject,
        onSuccess: reject,
      })
      sent.start()
    })
    const accepted = []
    await upload(path, data, { uploadUrl: left, uploadDataDuringCreation: false, onChunkComplete: (size, total) => accepted.push(total) })
    return { accepted, size: got(await bucket.info(path)).size }
  },

  async signedResumable() {
    const path = `${folder}/link.mp4`
    const link = got(await bucket.createSignedUploadUrl(path))
    await upload(path, Buffer.from('by link'), {
      endpoint: `${url}/storage/v1/upload/resumable/sign`,
      headers: { 'x-signature': link.token },
    })
    return { text: await text(got(await bucket.download(path))) }
  },

  async buckets() {
    const storage = client.storage
    const name = `js-${folder}`
    got(await storage.createBucket(name, { public: true, fileSizeLimit: '1MB', allowedMimeTypes: ['text/*'] }))
    const made = got(await storage.getBucket(name))
    const image = await storage.from(name).upload('a.png', new Blob(['x'], { type: 'image/png' }))
    const large = await storage.from(name).upload('a.txt', new Blob(['x'.repeat(1_000_001)], { type: 'text/plain' }))
    got(await storage.from(name).upload('a.txt', new Blob(['x'], { type: 'text/plain' })))
    const open = await fetch(storage.from(name).getPublicUrl('a.txt').data.publicUrl)
    got(await storage.updateBucket(name, { public: false }))
    const closed = await fetch(storage.from(name).getPublicUrl('a.txt').data.publicUrl)
    const full = await storage.deleteBucket(name)
    got(await storage.emptyBucket(name))
    got(await storage.deleteBucket(name))
    return {
      made: [made.public, made.file_size_limit, made.allowed_mime_types, made.type],
      listed: got(await storage.listBuckets()).map((each) => each.name).includes(name),
      image: told(image.error),
      large: told(large.error),
      open: [open.status, await open.text()],
      closed: closed.status,
      full: told(full.error),
      gone: told((await storage.getBucket(name)).error),
    }
  },
}

console.log(JSON.stringify(await scenarios[scenario]()))
process.exit(0)
