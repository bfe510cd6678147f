import { expect, test } from 'vitest'
import { cronOf, rhythmOf } from './cron'

test.each([
  ['15 * * * *', { kind: 'hourly', minute: 15 }],
  ['30 7 * * *', { kind: 'daily', time: '07:30' }],
  ['0 9 1 * *', { kind: 'monthly', time: '09:00', day: 1 }],
  ['30 7 * * mon,wed', { kind: 'weekly', time: '07:30', weekdays: [1, 3] }],
])('%s is read and written again', (cron, rhythm) => {
  expect(rhythmOf(cron)).toEqual(rhythm)
  expect(cronOf(rhythm as ReturnType<typeof rhythmOf>)).toBe(cron)
})

test('ranges and numbers of weekdays are weekdays', () => {
  expect(rhythmOf('30 7 * * mon-fri')).toEqual({ kind: 'weekly', time: '07:30', weekdays: [1, 2, 3, 4, 5] })
  expect(rhythmOf('30 7 * * 0')).toEqual({ kind: 'weekly', time: '07:30', weekdays: [7] })
  expect(rhythmOf('30 7 * * sat-sun')).toMatchObject({ weekdays: [6, 7] })
  expect(cronOf(rhythmOf('30 7 * * 0'))).toBe('30 7 * * sun')
})

test.each(['*/5 * * * *', '0 9 1 1 *', '0 9 1 * mon', '0 9-17 * * *', '0 9 * *', 'nonsense'])(
  '%s stays as it is',
  (cron) => {
    expect(rhythmOf(cron)).toEqual({ kind: 'custom', cron })
    expect(cronOf(rhythmOf(cron))).toBe(cron)
  },
)
