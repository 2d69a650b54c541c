// Connects, inserts a batch, reads every table of the database; then asks for what is wrong. Prints one line of JSON.
import { createClient } from '@clickhouse/client'
const out = {}
const [url, database, username, password] = process.argv.slice(2)
for (const gzip of [false, true]) {
  const client = createClient({ url, database, username, password, request_timeout: 30000,
    compression: { request: gzip, response: gzip } })
  const ping = await client.ping()
  if (!ping.success) throw ping.error
  await client.insert({ table: 'sent', format: 'JSONEachRow', values: Array.from({ length: 1000 }, (_, id) =>
    ({ client: `javascript ${gzip}`, id, at: '2026-01-02 03:04:05.678', price: String(id / 10000), tags: ['a', 'b'], maybe: null })) })
  const rows = async (query) => (await client.query({ query, format: 'JSONEachRow' })).json()
  const tables = {}
  for (const { name } of await rows('SELECT name FROM system.tables WHERE database = currentDatabase()'))
    tables[name] = (await rows(`SELECT * FROM \`${name}\``)).length
  const [first] = await rows(`SELECT * FROM sent WHERE client = 'javascript ${gzip}' AND id = 7`)
  let error = ''
  try { await rows('SELECT * FROM nowhere') } catch (thrown) { error = `${thrown.code} ${thrown.type}` }
  out[gzip ? 'gzip' : 'none'] = { tables, first, error }
  await client.close()
}
console.log(JSON.stringify(out))
