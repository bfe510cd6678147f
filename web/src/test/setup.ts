import '@testing-library/jest-dom/vitest'
import { cleanup } from '@testing-library/react'
import { afterAll, afterEach } from 'vitest'

afterEach(cleanup)

// What was closed last gives the focus back a moment later (`use-return-focus.ts`), for which there has to be a page still.
afterAll(() => new Promise((resolve) => setTimeout(resolve, 50)))
