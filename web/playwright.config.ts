import { defineConfig } from '@playwright/test'

/** End-to-end tests: Debian's Chromium against a whole embedded stack, which `e2e/stack.ts` starts. */
export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/stack.ts',
  // One stack for all; each test has people and teams of its own.
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
  outputDir: 'test-results',
  use: {
    // What is not there to be pressed says so itself, long before the test's end.
    actionTimeout: 30_000,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    // A trace slows everything by two thirds; where a failure needs one: `just e2e roles --trace on`.
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
