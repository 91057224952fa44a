// The browser's client of examples/browser, told as lines of JSON: an event, `null` for a message without one, `"lost"`.
//   node follow.mjs ADDRESS TOKEN
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { follow } from '../../examples/browser/follow.js';

const [url, token] = process.argv.slice(2);
const print = (told) => console.log(JSON.stringify(told));
try {
  await follow({ createClient, url, token, webSocketImpl: WebSocket, tell: ({ event }) => print(event), lost: () => print('lost') });
} catch (error) {
  print({ ended: [error].flat()[0].extensions?.code ?? error.code });
}
