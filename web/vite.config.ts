import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { mantineStyles } from './mantine-styles.mjs'

/** What the REST API answers; the development server passes it on. */
const API_PATHS =
  '^/(auth|me|tenants|members|invitations|projects|batches|jobs|retries|schedules|webhooks|prices|provider-rates|provider-keys|brand|costs|budgets|dead-letters|error-codes|audit|library|content|assets|analytics|events|platforms|health|ready|operations|config|summary|voices|styles|workers|queues|flags|imports|openapi.json|docs)(/|\\?|$)'

export default defineConfig({
  base: '/app/',
  plugins: [react(), mantineStyles()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2023',
    // Those that know light-dark(): what stands in for it elsewhere needs a color-scheme that Mantine sets by itself.
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    manifest: true,
    sourcemap: false,
    // Fonts and pictures stay files: the page's policy allows no data: scripts, and inlining only makes chunks larger.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What every page needs, in a few files instead of eighty: they pack better.
          groups: [
            {
              name: 'base',
              test: /node_modules\/(react|react-dom|scheduler|@tanstack\/(?!react-virtual|virtual-core)[\w-]+|i18next|react-i18next|use-sync-external-store|clsx)\//,
            },
            {
              name: 'parts',
              test: /node_modules\/@mantine\/core\/esm\/(core|components\/(Button|Text|Title|Group|Stack|Paper|Badge|ActionIcon|UnstyledButton|Loader|Alert|Anchor|Card|Transition|CloseButton|Center|Skeleton|SimpleGrid|ThemeIcon|Progress)\/)/,
            },
            {
              name: 'start',
              test: /\/src\/(lib\/(?!live\/|archive\.|local-time\.|first-field\.|use-return-focus\.)|app\/(?!shell\/)|components\/(links|loading|page|failed)\.|features\/[\w-]+\/([\w-]+-)?(search|filters?|tabs)\.ts$)|node_modules\/openapi-fetch\//,
            },
            {
              name: 'frame',
              test: /\/src\/(app\/shell\/(shell|announcer|keys|link-badge|nav-links|pages|tenant-menu|user-menu)\.|lib\/live\/|components\/(section|empty|hint|status|figure-card|error-boundary|lazy-menu|record-links|project-names|row-skeletons)\.)|node_modules\/@supabase\//,
            },
            { name: 'icons', test: /node_modules\/@tabler\//, minShareCount: 3 },
          ],
        },
      },
    },
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
