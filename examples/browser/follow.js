// Follow custody, and miss nothing: after a lost connection, or a server that starts again, it goes on exactly where it was.

const FEED = `subscription Follow($after: String) {
  custodyFeed(after: $after) {
    cursor
    event { id seq type summary recordedAt actorName armory { code timezone } item { serial } person { name } }
  }
}`
const NO_USE = ['UNAUTHENTICATED', 'FORBIDDEN', 'BAD_REQUEST'] // codes of errors that another try does not mend
const NOT_TAKEN = [4401, 4403] // codes of a socket that ends because the token is no good
const SHORTEST_PAUSE = 200 // ms
const LONGEST_PAUSE = 10_000
const PING = 10_000

/**
 * Tell each event after a cursor, once, in order, and then each as it happens; without a cursor, from now on.
 *
 * @param {object} given
 * @param {Function} given.createClient what npm `graphql-ws` makes a client with
 * @param {string} given.url such as ws://127.0.0.1:8000/graphql
 * @param {string} given.token a token for programs (`armguard token create`), or one of a sign-in
 * @param {string | null} [given.after] the cursor of the last message that was seen
 * @param {(message: {cursor: string, event: object | null}) => void} given.tell an event, or none: then nothing newer is there
 * @param {() => void} [given.lost] the connection is lost; it is tried again until the next message
 * @param {AbortSignal} [given.signal] ends it
 * @param {Function} [given.webSocketImpl] where there is none built in
 * @throws when another try is of no use: the server does not take the token, or the cursor
 */
export async function follow({ createClient, url, token, after = null, tell, lost = () => {}, signal, webSocketImpl }) {
  let pause = SHORTEST_PAUSE
  while (!signal?.aborted) {
    // The library's own retries would ask again from the cursor that they began with: so there are none.
    const client = createClient({
      url,
      webSocketImpl,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
      keepAlive: PING,
      on: found(),
    })
    const leave = () => client.terminate()
    signal?.addEventListener('abort', leave)
    try {
      for await (const { data, errors } of client.iterate({ query: FEED, variables: { after } })) {
        if (errors) throw errors
        tell(data.custodyFeed)
        after = data.custodyFeed.cursor
        pause = SHORTEST_PAUSE
      }
    } catch (error) {
      if (isFinal(error)) throw error
    } finally {
      signal?.removeEventListener('abort', leave)
      void client.dispose()
    }
    if (signal?.aborted) return
    lost()
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random() / 2)))
    pause = Math.min(pause * 2, LONGEST_PAUSE)
  }
}

/** A line that is dead and does not say so is found out: the server answers every ping. */
function found() {
  let socket, overdue
  return {
    opened: (opened) => (socket = opened),
    ping: (received) => {
      if (!received) overdue = setTimeout(() => socket.close(4408, 'No answer'), PING)
    },
    pong: (received) => {
      if (received) clearTimeout(overdue)
    },
    closed: () => clearTimeout(overdue),
  }
}

function isFinal(error) {
  const codes = Array.isArray(error) ? error.map((each) => each.extensions?.code) : []
  return codes.some((code) => NO_USE.includes(code)) || NOT_TAKEN.includes(error?.code)
}
