import { useSyncExternalStore } from 'react'
import { send, type Answer } from './transport'

/** Who is signed in. It lives in sessionStorage only: it ends with the browser tab and is never written to disk by us. */
export interface Session {
  token: string
  expiresAt: string | null
  username: string
  roles: string[]
}

export interface SessionState {
  session: Session | null
  /** Why the last session ended or the last sign-in failed, in words for the user. */
  problem: string | null
}

const KEY = 'armguard:session'
const SIGN_IN = `mutation SignIn($u: String!, $p: String!) {
  signIn(input: {username: $u, password: $p}) {
    __typename
    ... on SignedIn { token expiresAt username roles }
    ... on Refused { refusals { code message } }
  }
}`
const SIGN_OUT = 'mutation SignOut { signOut { username } }'
const VIEWER = 'query Viewer { viewer { username roles } }'
const ENDED = 'Your sign-in has ended. Sign in again.'

let state: SessionState = { session: restore(), problem: null }
const listeners = new Set<() => void>()

export const useSession = (): SessionState => useSyncExternalStore(subscribe, currentState)
export const currentState = (): SessionState => state
export const currentToken = (): string | null => state.session?.token ?? null

export function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export async function signIn(username: string, password: string): Promise<boolean> {
  const answer = await ask(SIGN_IN, { u: username, p: password })
  if (typeof answer === 'string') return refuse(answer)
  const outcome = answer.data?.signIn
  if (outcome?.__typename === 'SignedIn') {
    const { token, expiresAt, username, roles } = outcome
    return open({ token, expiresAt, username, roles })
  }
  return refuse(messagesOf(outcome?.refusals ?? answer.errors))
}

export async function signInWithToken(pasted: string): Promise<boolean> {
  const token = pasted.trim().replace(/^Bearer\s+/i, '')
  if (!/^[\x21-\x7e]+$/.test(token)) return refuse('A token has no spaces and no special characters.')
  const answer = await ask(VIEWER, {}, token)
  if (typeof answer === 'string') return refuse(answer)
  const viewer = answer.data?.viewer
  if (!viewer) return refuse(isUnauthenticated(answer) ? 'The server does not accept this token.' : messagesOf(answer.errors))
  return open({ token, expiresAt: null, username: viewer.username, roles: viewer.roles })
}

/** Out at once here; the server ends the session too, so that its token is worth nothing any more. A token for programs goes on. */
export async function signOut(): Promise<void> {
  const { session } = state
  if (!session) return
  change({ session: null, problem: null })
  const answer = await ask(SIGN_OUT, {}, session.token)
  const untold = typeof answer === 'string' ? answer : answer.errors && !isUnauthenticated(answer) ? messagesOf(answer.errors) : null
  if (untold && !state.session) change({ ...state, problem: `Signed out here, but the server did not end the session: ${untold}` })
}

/** The server did not take the token of this session: it has expired or been revoked. */
export function tokenRejected(token: string): void {
  if (state.session?.token === token) change({ session: null, problem: ENDED })
}

/** After a reload: ask who the stored token belongs to, because roles change and tokens are revoked. */
export async function refresh(): Promise<void> {
  const { session } = state
  if (!session) return
  const answer = await ask(VIEWER, {}, session.token)
  if (typeof answer === 'string' || state.session !== session) return
  const viewer = answer.data?.viewer
  if (viewer) change({ session: { ...session, username: viewer.username, roles: viewer.roles }, problem: null })
  else if (isUnauthenticated(answer)) tokenRejected(session.token)
}

export function isUnauthenticated(answer: Answer): boolean {
  return answer.errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED') ?? false
}

/** The server's answer, or in words why there is none. */
async function ask(query: string, variables: Record<string, unknown>, token: string | null = null): Promise<Answer | string> {
  try {
    return await send({ query, variables }, token)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function messagesOf(problems: { message: string }[] | undefined): string {
  return (problems ?? []).map((problem) => problem.message).join(' ') || 'The server refused without giving a reason.'
}

function refuse(problem: string): false {
  change({ ...state, problem })
  return false
}

function open(session: Session): true {
  change({ session, problem: null })
  return true
}

let expiry: ReturnType<typeof setTimeout> | undefined

function change(next: SessionState): void {
  state = next
  if (next.session) sessionStorage.setItem(KEY, JSON.stringify(next.session))
  else sessionStorage.removeItem(KEY)
  watchExpiry()
  listeners.forEach((listener) => listener())
}

function watchExpiry(): void {
  clearTimeout(expiry)
  const { session } = state
  if (!session?.expiresAt) return
  const left = Date.parse(session.expiresAt) - Date.now()
  // The clock of this computer may be wrong, so a sign-in that looks over is left for the server to judge.
  if (left > 0 && left < 2 ** 31) expiry = setTimeout(() => void refresh(), left + 1000)
}

function restore(): Session | null {
  try {
    const stored = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
    return typeof stored?.token === 'string' && Array.isArray(stored.roles) ? stored : null
  } catch {
    return null
  }
}
