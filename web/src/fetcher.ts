import type { Fetcher, FetcherOpts, FetcherParams } from '@graphiql/toolkit'
import { getOperationAST, parse } from 'graphql'
import { createClient, type Client } from 'graphql-ws'
import { fillInDocument, fillInVariables } from './fillins'
import { currentToken, isUnauthenticated, tokenRejected } from './session'
import { ENDPOINT, send, type Request } from './transport'

export interface Connection {
  fetcher: Fetcher
  /** Close the socket; every subscription on it ends. */
  dispose(): void
}

/** How GraphiQL talks to the server. A new one is made at each sign-in and sign-out, so that a socket never outlives its token. */
export function connect(): Connection {
  let client: Client | undefined

  async function fetcher(params: FetcherParams, options?: FetcherOpts) {
    const [query, variables] = await Promise.all([fillInDocument(params.query), fillInVariables(params.variables)])
    const request = { ...params, query, variables } as Request
    if (isSubscription(request)) {
      client ??= createSocketClient()
      return stream(client, request)
    }
    const token = currentToken()
    const answer = await send(request, token, options?.headers)
    if (!token || hasOwnAuthorization(options?.headers) || !isUnauthenticated(answer)) return answer
    return (await tokenRejected(token)) ? send(request, currentToken(), options?.headers) : answer
  }

  return { fetcher: fetcher as Fetcher, dispose: () => void client?.dispose() }
}

function createSocketClient(): Client {
  const address = new URL(ENDPOINT, location.href)
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return createClient({
    url: address.href,
    connectionParams: () => {
      const token = currentToken()
      return token ? { authorization: `Bearer ${token}` } : {}
    },
    // A socket that broke is shown as broken: a silent new one could have missed events.
    retryAttempts: 0,
  })
}

/** The subscription's results, with readable errors. Not an async generator: its `return` would wait for the next event. */
function stream(client: Client, request: Request) {
  const results = client.iterate(request)
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      try {
        return await results.next()
      } catch (error) {
        throw readable(error)
      }
    },
    return: () => results.return!(),
    throw: (error: unknown) => results.throw!(error),
  } as AsyncIterableIterator<any>
}

function readable(error: unknown): unknown {
  if (error instanceof CloseEvent) {
    const why = error.reason ? `: ${error.reason}` : ''
    return new Error(`The connection to the server was closed (${error.code}${why}). Run again to reconnect.`)
  }
  if (Array.isArray(error)) return { errors: error }
  return error
}

function isSubscription({ query, operationName }: Request): boolean {
  try {
    return getOperationAST(parse(query), operationName ?? undefined)?.operation === 'subscription'
  } catch {
    return false // The server says what is wrong with it.
  }
}

function hasOwnAuthorization(headers: Record<string, string> | undefined): boolean {
  return Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'authorization')
}
