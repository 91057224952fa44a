// A short story by a client that others have made, told as JSON: it asks, follows, commands, is refused, and leaves.
//   node story.mjs (ws|sse) ADDRESS TOKEN DOCUMENTS, where DOCUMENTS is JSON: what it asks at each step
import { createClient as overEvents } from 'graphql-sse';
import { createClient as overSocket } from 'graphql-ws';
import WebSocket from 'ws';

const [kind, address, token, given] = process.argv.slice(2);
const documents = JSON.parse(given);
const authorization = `Bearer ${token}`;
const closed = [];
const client =
  kind === 'ws'
    ? overSocket({
        url: address.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: { authorization },
        retryAttempts: 0,
        on: { closed: (event) => closed.push(event.code) },
      })
    : overEvents({ url: address, headers: { authorization }, retryAttempts: 0 });

// A client over sockets throws the errors of an operation that was not run; one over events gives them as its one answer.
async function all(payload) {
  const found = [];
  try {
    for await (const answer of client.iterate(payload)) found.push(answer);
  } catch (errors) {
    if (!Array.isArray(errors)) throw errors;
    found.push({ errors });
  }
  return found;
}

const told = {};
told.query = await all(documents.query);
const feed = client.iterate(documents.feed);
told.first = (await feed.next()).value;
told.mutation = await all(documents.mutation);
told.event = (await feed.next()).value;
told.error = await all(documents.error);
told.left = await feed.return();
told.after = await all(documents.query);
await client.dispose();
console.log(JSON.stringify({ ...told, closed }));
