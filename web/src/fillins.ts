import { currentToken } from './session'
import { send } from './transport'

/** Where a fresh UUID shall go at every run. */
export const NEW_UUID = 'NEW-UUID'

/** What a user writes as a value in the operation or its variables, and what goes there at every run. */
const FILL_INS: Record<string, () => string | Promise<string>> = {
  [NEW_UUID]: newUuid,
  'IN-10-SECONDS': () => new Date(Date.now() + 10_000).toISOString(),
  'WAITING-PROPOSAL': newestProposal,
}

const WRITTEN = new RegExp(`"(${Object.keys(FILL_INS).join('|')})"`)

/** A copy of the variables in which each such value has become what it stands for, each a value of its own. */
export async function fillInVariables(value: unknown): Promise<unknown> {
  if (typeof value === 'string') return Object.hasOwn(FILL_INS, value) ? FILL_INS[value]!() : value
  if (Array.isArray(value)) return Promise.all(value.map(fillInVariables))
  if (value !== null && typeof value === 'object') {
    const filled = Object.entries(value).map(async ([key, inner]) => [key, await fillInVariables(inner)] as const)
    return Object.fromEntries(await Promise.all(filled))
  }
  return value
}

/** The document with each such literal turned into what it stands for, each a value of its own. */
export async function fillInDocument(query: string): Promise<string> {
  // Every second part is the name between the quotes.
  const parts = await Promise.all(
    query.split(WRITTEN).map(async (part, place) => (place % 2 ? JSON.stringify(await FILL_INS[part]!()) : part)),
  )
  return parts.join('')
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
