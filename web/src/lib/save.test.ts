import { expect, test } from 'vitest'
import { toCsv } from './save'

test('quotes, commas and lines survive; formulas are kept text', async () => {
  const csv = await toCsv(
    ['topic', 'jobs'],
    [
      ['Say "hi", twice\nor more', 2],
      ['=1+1', null],
    ],
  )
  expect(csv).toBe('topic,jobs\r\n"Say ""hi"", twice\nor more",2\r\n"\'=1+1",')
})
