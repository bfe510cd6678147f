import '@fontsource-variable/inter/wght.css'
import './app/mantine.css'
import './app/styles.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/app'
import { startTexts } from './lib/i18n'
import { renew } from './lib/session'

const root = document.getElementById('root')
if (!root) throw new Error('The page has no element #root.')

// Who was signed in before is asked for while the texts come; without an answer the sign-in page says so.
void renew().catch(() => undefined)
await startTexts()
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
