import { expect, test } from 'vitest'
import { guessColumns, topicsOf } from './columns'
import { readTable, withHeadings } from './table'
import { decodeText, NotText } from './text'

const PLATFORMS = new Map([
  ['youtube', 'youtube'],
  ['instagram reels', 'instagram'],
])

function topics(text: string | Uint8Array<ArrayBuffer>) {
  const table = readTable(text)
  return topicsOf(table, guessColumns(table), PLATFORMS)
}

test('a quoted cell may hold commas, quotes and line breaks, and rows are numbered as in a spreadsheet', () => {
  const rows = topics('Topic,Notes\r\n"Salt, and ""why""","one\ntwo"\r\n\r\nSky,\r\n')
  expect(rows).toEqual([
    { number: 2, topic: { topic: 'Salt, and "why"', brief: 'one\ntwo' } },
    { number: 4, topic: { topic: 'Sky' } },
  ])
})

test('semicolons and tabs separate cells too, and a line may say which', () => {
  expect(topics('Thema;Dauer\nMeer;1:30')[0]?.topic).toEqual({ topic: 'Meer', duration_s: 90 })
  expect(topics('topic\tlength\nSea\t45 s')[0]?.topic).toEqual({ topic: 'Sea', duration_s: 45 })
  expect(topics('sep=;\ntopic;tone\nSea;Casual')[0]?.topic).toEqual({ topic: 'Sea', tone: 'casual' })
})

test('one column needs neither a heading nor quotes', () => {
  expect(topics('Why, and how\nWhat for').map(({ topic }) => topic.topic)).toEqual([
    'Why, and how',
    'What for',
  ])
  expect(topics('topic\nWhy, and how').map(({ topic }) => topic.topic)).toEqual(['Why, and how'])
})

test('whether the first row holds headings is a guess that can be corrected', () => {
  const table = readTable('Blue sky\tyoutube\nSalt sea\ttiktok')
  expect(table.hasHeadings).toBe(true)
  const corrected = withHeadings(table, false)
  expect(topicsOf(corrected, guessColumns(corrected), PLATFORMS).map(({ topic }) => topic.topic)).toEqual([
    'Blue sky',
    'Salt sea',
  ])
  expect(withHeadings(corrected, true)).toEqual(table)
})

test('JSON may be a list of texts or objects, an object that holds one, or an object a line', () => {
  expect(topics('["Sky", {"topic": "Sea", "platforms": ["youtube"]}]').map(({ topic }) => topic)).toEqual([
    { topic: 'Sky' },
    { topic: 'Sea', platforms: ['youtube'] },
  ])
  expect(topics('{"topics": [{"title": "Sky"}]}')[0]?.topic).toEqual({ topic: 'Sky' })
  expect(topics('{"topic": "Sky"}\n{"topic": "Sea"}')).toHaveLength(2)
  expect(() => readTable('[{"topic": ')).toThrow(expect.objectContaining({ name: 'NotATable' }))
})

test('platforms are known by their names, and what a field cannot hold stays to be seen', () => {
  const [row] = topics('topic,platforms,duration\nSky,"Instagram Reels, YouTube",long')
  expect(row?.topic).toEqual({ topic: 'Sky', platforms: ['instagram', 'youtube'], duration_s: 'long' })
})

test('columns of no known name are kept as notes, and the one that reads like topics is the topic', () => {
  const table = readTable('id,what it is about,colour\n1,Why the sky is blue,red\n2,Why the sea is salty,red')
  expect(guessColumns(table)).toEqual({ id: 'keep', 'what it is about': 'topic', colour: 'keep' })
  expect(topicsOf(table, guessColumns(table), PLATFORMS)[0]?.topic.metadata).toEqual({
    id: '1',
    colour: 'red',
  })
})

test('a choice for a heading is remembered by its name', () => {
  const table = readTable('Title,Text\nSky,Blue')
  expect(guessColumns(table, { text: 'topic', title: null })).toEqual({ Title: null, Text: 'topic' })
})

test('a quote that is never closed is said, and the rows before it are read', () => {
  const table = readTable('topic,notes\nSky,fine\nSea,"open\nLeaf,x')
  expect(table.rows.map(({ cells }) => cells[0])).toEqual(['Sky'])
  expect(table.faults).toEqual([{ number: 3, reason: 'quotes' }])
})

test('letters are read by the mark of the file, as UTF-8, or else as Windows writes them', () => {
  const utf16 = new Uint8Array([0xff, 0xfe, ...[...'Müll'].flatMap((letter) => [letter.charCodeAt(0), 0])])
  expect(decodeText(utf16)).toEqual({ text: 'Müll', encoding: 'utf-16le', isGuess: false })
  expect(decodeText(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).text).toBe('a')
  expect(decodeText(new Uint8Array([0x4d, 0xfc, 0x6c, 0x6c]))).toEqual({
    text: 'Müll',
    encoding: 'windows-1252',
    isGuess: true,
  })
  expect(() => decodeText(new Uint8Array([0x50, 0x4b, 3, 4, 0]))).toThrow(NotText)
})
