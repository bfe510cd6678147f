/**
 * A stack of its own for the tests: database, gateway, API with the built app, one worker, in a temporary folder and on
 * free ports, and beside it somebody to sign in with (CLIPROW_E2E_PROVIDER). With CLIPROW_E2E_URL set, the stack at that address is used instead, and left running.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const START_MS = 300_000
const STOP_MS = 30_000

export default async function startStack(): Promise<() => Promise<void>> {
  const given = process.env.CLIPROW_E2E_URL
  if (given) return async () => undefined
  const home = mkdtempSync(join(tmpdir(), 'cliprow-e2e-'))
  const port = await freePort()
  const provider = spawn(
    'uv',
    ['run', 'oidc-provider-mock', '--port', String(port), '--require-nonce', 'true'],
    {
      cwd: ROOT,
      stdio: 'ignore',
      detached: true,
    },
  )
  process.env.CLIPROW_E2E_PROVIDER = `http://localhost:${port}`
  const options = {
    // Every test signs somebody up from the same address.
    sign_in_limit: 10_000,
    refresh_limit: 10_000,
    oauth: {
      keycloak: { issuer: process.env.CLIPROW_E2E_PROVIDER, client_id: 'cliprow', client_secret: 'ours' },
    },
  }
  writeFileSync(join(home, 'gateway.json'), JSON.stringify(options))
  const child = spawn('uv', ['run', 'cliprow', 'up'], {
    cwd: ROOT,
    env: {
      ...process.env,
      CLIPROW_HOME: home,
      CLIPROW_API_LIMITS: '0,0,0',
      CLIPROW_API_PRIVATE_LINKS: 'true',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const stop = async () => {
    await Promise.all([stopProcess(child), stopProcess(provider)])
    rmSync(home, { recursive: true, force: true })
  }
  try {
    process.env.CLIPROW_E2E_URL = await addressOf(child)
  } catch (error) {
    await stop()
    throw error
  }
  return stop
}

/** Where the app is, once the stack says that it is ready. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let told = ''
    const timer = setTimeout(() => reject(new Error(`cliprow up was not ready in time:\n${told}`)), START_MS)
    child.once('exit', (code) => reject(new Error(`cliprow up ended with ${code}:\n${told}`)))
    child.stdout?.on('data', (data: Buffer) => {
      told += data
      const address = /^Web app\s+(\S+)/m.exec(told)?.[1]
      if (!address || !told.includes('Ready:')) return
      clearTimeout(timer)
      resolve(address)
    })
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return Promise.resolve()
  const { pid } = child
  return new Promise((resolve) => {
    const timer = setTimeout(() => process.kill(-pid, 'SIGKILL'), STOP_MS)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    process.kill(-pid, 'SIGINT')
  })
}
