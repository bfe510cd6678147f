import { expect, test } from 'vitest'
import { contrast, faintOf, textOn } from './contrast'

test('contrast is that of WCAG', () => {
  expect(contrast('#ffffff', '#000000')).toBe(21)
  expect(contrast('#767676', '#ffffff')).toBe(4.54)
  expect(contrast('#ff0000', '#ffffff')).toBe(4)
})

test('what cannot be told from the background is named', () => {
  expect(faintOf({ background: '#14213d', text: '#ffffff', accent: '#fca311' })).toEqual({})
  expect(faintOf({ background: '#14213d', text: '#445566', accent: '#333366' })).toEqual({
    text: expect.closeTo(2.1, 0),
    accent: expect.closeTo(1.4, 0),
  })
})

test('text on a colour is the one that is read better', () => {
  expect(textOn('#fca311')).toBe('#0a0a12')
  expect(textOn('#123456')).toBe('#ffffff')
})
