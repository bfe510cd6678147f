import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

/** What the REST API answers; the development server passes it on. */
const API_PATHS =
  '^/(auth|me|tenants|members|invitations|projects|batches|jobs|retries|schedules|webhooks|prices|provider-rates|provider-keys|costs|budgets|dead-letters|error-codes|audit|library|content|assets|analytics|events|platforms|health|ready|operations|config|summary|voices|styles|workers|queues|flags|imports|openapi.json|docs)(/|\\?|$)'

export default defineConfig({
  base: '/app/',
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2023',
    manifest: true,
    sourcemap: false,
    // Fonts and pictures stay files: the page's policy allows no data: scripts, and inlining only makes chunks larger.
    assetsInlineLimit: 0,
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    proxy: { [API_PATHS]: { target: process.env.CLIPROW_API ?? 'http://127.0.0.1:8000' } },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['./src/test/setup.ts'],
    restoreMocks: true,
  },
})
