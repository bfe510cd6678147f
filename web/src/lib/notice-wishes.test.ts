import { expect, test } from 'vitest'
import { noticeWishes, readWishes, setNoticeWishes } from './notice-wishes'

test('what cannot be read is no wish', () => {
  expect(readWishes('{broken')).toEqual({ failures: false, batches: false })
  expect(readWishes('{"failures":"yes","batches":true}')).toEqual({ failures: false, batches: true })
  expect(readWishes(null)).toEqual({ failures: false, batches: false })
})

test('a wish is kept in this browser', () => {
  setNoticeWishes({ failures: true, batches: false })
  expect(noticeWishes()).toEqual({ failures: true, batches: false })
  expect(readWishes(localStorage.getItem('cliprow.notices'))).toEqual({ failures: true, batches: false })
})
