// The usual server in Node: graphql-ws on ws, and graphql-js executes each event for each viewer. The event and its item are read once, by one
// statement, and wait for the viewers in memory, as a PubSub has it.
const http = require('http');
const { Client, types } = require('pg');
const { WebSocketServer } = require('ws');
const { buildSchema } = require('graphql');
const { useServer } = require('graphql-ws/use/ws');

const [host, user, database, port, pg, stream, channel] = process.argv.slice(2);
const EVENTS = `SELECT e.seq, e.type, e.summary, i.serial, i.state FROM ledger_event e JOIN item i ON i.id = e.item_id
  WHERE e.stream = $1 AND e.seq > $2 ORDER BY e.seq`;
types.setTypeParser(20, Number);

const schema = buildSchema(`
  type Query { head: Int! }
  type Subscription { custodyFeed(armories: [ID!]): FeedMessage! }
  type FeedMessage { cursor: String! event: LedgerEvent }
  type LedgerEvent { seq: Int! type: String! summary: String! item: Item }
  type Item { serial: String! state: String! }
`);
let seq = 0;
const viewers = new Set();

async function* watch() {
  const waiting = [{ cursor: String(seq), event: null }];
  const viewer = { tell: (message) => { waiting.push(message); viewer.wake(); }, wake: () => {} };
  viewers.add(viewer);
  try {
    for (;;) {
      while (waiting.length) yield { custodyFeed: waiting.shift() };
      await new Promise((resolve) => { viewer.wake = resolve; });
    }
  } finally {
    viewers.delete(viewer);
  }
}

async function main() {
  const place = { host, user, database, port: Number(pg) };
  const reading = new Client(place), listening = new Client(place);
  await Promise.all([reading.connect(), listening.connect()]);
  seq = (await reading.query('SELECT seq FROM stream_head WHERE stream = $1', [stream])).rows[0].seq;
  let told = Promise.resolve();
  const tell = async () => {
    const { rows } = await reading.query({ name: 'events', text: EVENTS, values: [stream, seq] });
    for (const { serial, state, ...event } of rows) {
      seq = event.seq;
      const message = { cursor: String(seq), event: { ...event, item: { serial, state } } };
      for (const viewer of viewers) viewer.tell(message);
    }
  };
  listening.on('notification', ({ payload }) => { if ((JSON.parse(payload)[stream] ?? 0) > seq) told = told.then(tell); });
  await listening.query(`LISTEN ${channel}`);
  const server = http.createServer((_, answer) => answer.writeHead(404).end());
  const sockets = new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false });
  useServer({ schema, roots: { subscription: { custodyFeed: watch } } }, sockets);
  server.listen(Number(port), '127.0.0.1');
}

main();
