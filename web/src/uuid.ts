/** What a user writes in the operation or its variables where a fresh UUID shall go at every run. */
export const NEW_UUID = 'NEW-UUID'

/** A random UUID (version 4), also on a page served over plain HTTP, where `crypto.randomUUID` does not exist. */
export function newUuid(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** A copy of the variables in which each value "NEW-UUID" has become a UUID of its own. */
export function fillInUuids(value: unknown): unknown {
  if (value === NEW_UUID) return newUuid()
  if (Array.isArray(value)) return value.map(fillInUuids)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fillInUuids(inner)]))
  }
  return value
}

/** The document with each literal "NEW-UUID" turned into a UUID of its own. */
export function fillInDocument(query: string): string {
  return query.replaceAll(JSON.stringify(NEW_UUID), () => JSON.stringify(newUuid()))
}
