import { examplesVersion } from './examples'

const LOOKS = new Set(['graphiql:theme', 'graphiql:visiblePlugin', 'graphiql:docExplorerFlex', 'graphiql:editorFlex', 'graphiql:secondaryEditorFlex'])
const WORK = 'armguard:work:'
const PREFIX = `${WORK}${examplesVersion}:`

/**
 * Where GraphiQL keeps things. Looks (theme, sizes) stay in localStorage. What the user typed may hold names, service
 * numbers and passwords, and an arms room shares its computers: it stays in sessionStorage, which ends with the browser
 * tab. Its keys carry the version of the examples, so that tabs kept from before never hide updated examples.
 */
export const storage = {
  getItem: (key: string): string | null => (LOOKS.has(key) ? localStorage.getItem(key) : sessionStorage.getItem(PREFIX + key)),
  setItem(key: string, value: string): void {
    if (LOOKS.has(key)) localStorage.setItem(key, value)
    else sessionStorage.setItem(PREFIX + key, value)
  },
  removeItem(key: string): void {
    if (LOOKS.has(key)) localStorage.removeItem(key)
    else sessionStorage.removeItem(PREFIX + key)
  },
  clear(): void {
    forget(WORK)
  },
  get length(): number {
    return workKeys().length
  },
}

/** The tab that was open when GraphiQL was last there, as it was left. */
export function openTab(): { query: string; variables: string | undefined } | undefined {
  try {
    const { tabs, activeTabIndex } = JSON.parse(storage.getItem('graphiql:tabState') ?? 'null')
    const { query, variables } = tabs[activeTabIndex]
    return { query: query ?? '', variables: variables ?? undefined }
  } catch {
    return undefined
  }
}

/** Throw away what an earlier version of the examples left behind. */
export function forgetOldVersions(): void {
  forget(WORK, PREFIX)
}

function forget(prefix: string, except?: string): void {
  for (const key of workKeys()) {
    if (key.startsWith(prefix) && !(except && key.startsWith(except))) sessionStorage.removeItem(key)
  }
}

function workKeys(): string[] {
  return Object.keys(sessionStorage).filter((key) => key.startsWith(WORK))
}
