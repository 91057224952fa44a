import { useSyncExternalStore } from 'react'
import PAGE from '../../graph/schema/page.graphql?raw'
import { send, type Answer } from './transport'

/**
 * Who is signed in. It lives in sessionStorage only: it ends with the browser tab and is never written to disk by us. What the next token
 * is got with is in a cookie that no script can read. The key is the same for as long as the sign-in goes on, whatever its token.
 */
export interface Session {
  key: string
  token: string
  expiresAt: string | null
  username: string
  roles: string[]
}

export interface SessionState {
  session: Session | null
  /** Why the last session ended or the last sign-in failed, in words for the user. */
  problem: string | null
  /** Whether the last sign-in lacked the code of an authenticator app. */
  codeNeeded: boolean
}

const KEY = 'armguard:session'
const RENEW_MS = 60_000 // before a token ends
const FIRST: Record<string, string> = {
  PASSWORD_CHANGE_REQUIRED: 'Change your password first: run `changePassword`, and sign in again.',
  SECOND_FACTOR_REQUIRED: 'Your role takes a second factor: run `beginSecondFactor`, then `confirmSecondFactor`, before anything else.',
}
const ENDED = 'Your sign-in has ended. Sign in again.'

let state: SessionState = { session: restore(), problem: null, codeNeeded: false }
const listeners = new Set<() => void>()

export const useSession = (): SessionState => useSyncExternalStore(subscribe, currentState)
export const currentState = (): SessionState => state
export const currentToken = (): string | null => state.session?.token ?? null

export function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export async function signIn(username: string, password: string, code: string | null): Promise<boolean> {
  const answer = await ask('SignIn', { input: { username, password, code, cookie: true } })
  if (typeof answer === 'string') return refuse(answer)
  const outcome = answer.data?.signIn
  if (outcome?.__typename === 'SignedIn') return open(sessionOf(outcome), FIRST[outcome.unfinished])
  const codeNeeded = outcome?.refusals?.some((refusal: { code: string }) => refusal.code.startsWith('SECOND_FACTOR')) ?? false
  change({ session: null, problem: messagesOf(outcome?.refusals ?? answer.errors), codeNeeded })
  return false
}

function sessionOf({ token, expiresAt, username, roles }: Omit<Session, 'key'>, key: string = newKey()): Session {
  return { key, token, expiresAt, username, roles }
}

const newKey = (): string => Math.random().toString(36).slice(2)

export async function signInWithToken(pasted: string): Promise<boolean> {
  const token = pasted.trim().replace(/^Bearer\s+/i, '')
  if (!/^[\x21-\x7e]+$/.test(token)) return refuse('A token has no spaces and no special characters.')
  const answer = await ask('Viewer', {}, token)
  if (typeof answer === 'string') return refuse(answer)
  const viewer = answer.data?.viewer
  if (!viewer) return refuse(isUnauthenticated(answer) ? 'The server does not accept this token.' : messagesOf(answer.errors))
  return open(sessionOf({ token, expiresAt: null, username: viewer.username, roles: viewer.roles }))
}

/** Out at once here; the server ends the session too, so that its token is worth nothing any more. A token for programs goes on. */
export async function signOut(): Promise<void> {
  const { session } = state
  if (!session) return
  change({ session: null, problem: null, codeNeeded: false })
  const answer = await ask('SignOut', {}, session.token)
  const untold = typeof answer === 'string' ? answer : answer.errors && !isUnauthenticated(answer) ? messagesOf(answer.errors) : null
  if (untold && !state.session) change({ ...state, problem: `Signed out here, but the server did not end the session: ${untold}` })
}

/** The server did not take the token of this session: it has run out, or was revoked. Whether there is another now. */
export async function tokenRejected(token: string): Promise<boolean> {
  const { session } = state
  if (session?.token !== token) return session !== null
  return session.expiresAt !== null ? renew() : end(ENDED)
}

/** After a reload: ask who the stored token belongs to, because roles change and tokens are revoked. */
export async function refresh(): Promise<void> {
  const { session } = state
  if (!session) return
  const answer = await ask('Viewer', {}, session.token)
  if (typeof answer === 'string' || state.session !== session) return
  const viewer = answer.data?.viewer
  if (viewer) change({ ...state, session: { ...session, username: viewer.username, roles: viewer.roles } })
  else if (isUnauthenticated(answer)) await tokenRejected(session.token)
}

let renewing: Promise<boolean> | undefined

/** Get the next token, with the cookie. Tabs share the cookie, and it is good once: one tab at a time, where the browser can see to that. */
function renew(): Promise<boolean> {
  renewing ??= alone(renewed).finally(() => (renewing = undefined))
  return renewing
}

const alone = <T>(work: () => Promise<T>): Promise<T> => (navigator.locks ? navigator.locks.request(KEY, work) : work())

async function renewed(): Promise<boolean> {
  const { session } = state
  if (!session) return false
  const answer = await ask('Refresh')
  if (state.session !== session) return state.session !== null
  if (typeof answer === 'string') return false // The server is away; the next request tries again.
  const outcome = answer.data?.refresh
  if (outcome?.__typename !== 'SignedIn') return end(ENDED)
  if (outcome.username !== session.username) return end(`${outcome.username} has signed in in another tab. Sign in again.`)
  change({ ...state, session: sessionOf(outcome, session.key) })
  return true
}

function end(problem: string): false {
  change({ session: null, problem, codeNeeded: false })
  return false
}

export function isUnauthenticated(answer: Answer): boolean {
  return answer.errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED') ?? false
}

/** The server's answer, or in words why there is none. */
async function ask(operationName: string, variables: Record<string, unknown> = {}, token: string | null = null): Promise<Answer | string> {
  try {
    return await send({ query: PAGE, operationName, variables }, token)
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

function open(session: Session, problem: string | null = null): true {
  change({ session, problem, codeNeeded: false })
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
  // The clock of this computer may be wrong, so a sign-in that looks over is left for the server to judge.
  const left = Date.parse(session.expiresAt) - Date.now() - RENEW_MS
  if (left > 0 && left < 2 ** 31) expiry = setTimeout(() => void renew(), left)
}

function restore(): Session | null {
  try {
    const stored = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
    return typeof stored?.token === 'string' && typeof stored.key === 'string' && Array.isArray(stored.roles) ? stored : null
  } catch {
    return null
  }
}
