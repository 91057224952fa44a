/** The one address of the API, seen from whatever host serves this page. */
export const ENDPOINT = '/graphql'

export interface Answer {
  data?: any
  errors?: { message: string; extensions?: { code?: string } }[]
}

export interface Request {
  query: string
  variables?: Record<string, unknown>
  operationName?: string | null
}

/** Send one query or mutation. An answer with errors is an answer; throws only where there is none. */
export async function send(request: Request, token: string | null, headers?: Record<string, string>): Promise<Answer> {
  let response: Response
  try {
    response = await fetch(ENDPOINT, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      body: JSON.stringify(request),
    })
  } catch {
    throw new Error('The server cannot be reached.')
  }
  const body = await response.text()
  try {
    return JSON.parse(body)
  } catch {
    throw new Error(`The server answered ${response.status} ${response.statusText}: ${body.slice(0, 500) || 'nothing'}`)
  }
}
