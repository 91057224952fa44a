export interface Example {
  query: string
  variables: string | null
}

const files = import.meta.glob<string>('../examples/*', { query: '?raw', import: 'default', eager: true })

/** The ready-made operations, in the order of their file names. */
export const examples: Example[] = Object.keys(files)
  .filter((path) => path.endsWith('.graphql'))
  .sort()
  .map((path) => ({
    query: files[path]!.trim(),
    variables: files[path.replace(/\.graphql$/, '.variables.json')]?.trim() ?? null,
  }))

/** Changes whenever an example does. Not for security: it only names a place in the browser's storage. */
export const examplesVersion: string = hash(JSON.stringify(examples))

function hash(text: string): string {
  let value = 0x811c9dc5 // FNV-1a
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return (value >>> 0).toString(36)
}
