import { currentToken } from './session'
import { send } from './transport'

/** Where a fresh UUID shall go at every run. */
export const NEW_UUID = 'NEW-UUID'

const SECONDS = { SECONDS: 1, HOURS: 3600 }

/** What a user writes as a value in the operation or its variables, and what goes there at every run. */
const WRITTEN = /^(?:NEW-UUID|WAITING-PROPOSAL|IN-\d+-(?:SECONDS|HOURS))$/
const IN_QUOTES = /"(NEW-UUID|WAITING-PROPOSAL|IN-\d+-(?:SECONDS|HOURS))"/

function fillIn(written: string): string | Promise<string> {
  if (written === NEW_UUID) return newUuid()
  if (written === 'WAITING-PROPOSAL') return newestProposal()
  const [, count, unit] = written.split('-')
  return new Date(Date.now() + Number(count) * SECONDS[unit as keyof typeof SECONDS] * 1000).toISOString()
}

/** A copy of the variables in which each such value has become what it stands for, each a value of its own. */
export async function fillInVariables(value: unknown): Promise<unknown> {
  if (typeof value === 'string') return WRITTEN.test(value) ? fillIn(value) : value
  if (Array.isArray(value)) return Promise.all(value.map(fillInVariables))
  if (value !== null && typeof value === 'object') {
    const filled = Object.entries(value).map(async ([key, inner]) => [key, await fillInVariables(inner)] as const)
    return Object.fromEntries(await Promise.all(filled))
  }
  return value
}

/** The document with each such literal turned into what it stands for, each a value of its own. */
export async function fillInDocument(query: string): Promise<string> {
  // Every second part is what stood between the quotes.
  const parts = query.split(IN_QUOTES).map(async (part, place) => (place % 2 ? JSON.stringify(await fillIn(part)) : part))
  return (await Promise.all(parts)).join('')
}

/** A random UUID (version 4), also on a page served over plain HTTP, where `crypto.randomUUID` does not exist. */
export function newUuid(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The id of the newest proposal that waits for a second person. */
async function newestProposal(): Promise<string> {
  const answer = await send({ query: '{ proposals(waiting: true, first: 1) { edges { node { id } } } }' }, currentToken())
  const id = answer.data?.proposals?.edges?.[0]?.node?.id
  if (!id) throw new Error('No proposal waits for a second person, or you are not signed in: propose something first.')
  return id
}
