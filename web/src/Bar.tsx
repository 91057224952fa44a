import { useEffect, useRef, useState, type FormEvent } from 'react'
import { signIn, signInWithToken, signOut, useSession, type Session } from './session'
import { NEW_UUID } from './fillins'

interface BarProps {
  onRestoreExamples(): void
}

/** The strip above GraphiQL: whose system this is, who is signed in, and the way in and out. */
export function Bar({ onRestoreExamples }: BarProps) {
  const { session, problem } = useSession()
  return (
    <header className="bar">
      <h1 className="bar-name">
        <Shield />
        ArmGuard
      </h1>
      {session ? <SignedIn session={session} /> : <SignedOut />}
      <div className="bar-end">
        {session && (
          <p className="bar-hint">
            <code>"{NEW_UUID}"</code> becomes a fresh UUID at each run.
          </p>
        )}
        <button type="button" className="quiet" onClick={onRestoreExamples}>
          Restore examples
        </button>
      </div>
      <div className="bar-problem" role="alert">
        {problem}
      </div>
    </header>
  )
}

function SignedIn({ session }: { session: Session }) {
  const button = useRef<HTMLButtonElement>(null)
  // Whoever has just sent the form by keyboard finds the focus here instead of nowhere.
  useEffect(() => {
    if (document.activeElement === document.body) button.current?.focus({ preventScroll: true })
  }, [])
  return (
    <div className="bar-account">
      <span role="status" title={session.expiresAt ? `Signed in until ${new Date(session.expiresAt).toLocaleString()}` : undefined}>
        <span className="unseen">Signed in as </span>
        <strong>{session.username}</strong>
        {session.roles.map((role) => (
          <span key={role} className="role">
            {role}
          </span>
        ))}
      </span>
      <button ref={button} type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </div>
  )
}

function SignedOut() {
  const [withToken, setWithToken] = useState(false)
  const [busy, setBusy] = useState(false)
  const { codeNeeded } = useSession()

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const fields = new FormData(form)
    const text = (name: string) => String(fields.get(name) ?? '')
    setBusy(true)
    const entered = withToken ? await signInWithToken(text('token')) : await signIn(text('username'), text('password'), text('code').trim() || null)
    setBusy(false)
    if (!entered) form.querySelector<HTMLInputElement>('input[name=code], input[type=password]')?.select()
  }

  return (
    <form className="bar-account" aria-label="Sign in" onSubmit={submit}>
      {withToken ? (
        <label>
          Token
          <input key="token" name="token" type="password" size={32} required autoComplete="off" spellCheck={false} />
        </label>
      ) : (
        <>
          <label>
            Username
            <input key="username" name="username" size={16} required autoComplete="username" autoCapitalize="none" spellCheck={false} />
          </label>
          <label>
            Password
            <input key="password" name="password" type="password" size={16} required autoComplete="current-password" />
          </label>
          {codeNeeded && (
            <label>
              Code
              <input key="code" name="code" size={12} required autoFocus autoComplete="one-time-code" placeholder="of your app" />
            </label>
          )}
        </>
      )}
      <button type="submit" disabled={busy}>
        {busy ? 'Signing in…' : withToken ? 'Use token' : 'Sign in'}
      </button>
      <button type="button" className="quiet" onClick={() => setWithToken(!withToken)}>
        {withToken ? 'Use a password instead' : 'Use a token instead'}
      </button>
    </form>
  )
}

function Shield() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 2 4 6.500v9C4 22.6 9 28 16 30c7-2 12-7.4 12-14.500v-9z" fill="none" stroke="currentColor" strokeWidth="2.2" />
      <circle cx="16" cy="13.2" r="3.2" fill="currentColor" />
      <path d="M14.8 15h2.400l1 7h-4.400z" fill="currentColor" />
    </svg>
  )
}
