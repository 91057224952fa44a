// The audits of GraphQL over HTTP, against the server at the address that is given, with the token that is given: what came of each, as JSON.
import { serverAudits } from 'graphql-http';

const [url, token] = process.argv.slice(2);
const signed = (to, init) => fetch(to, { ...init, headers: { ...init?.headers, authorization: `Bearer ${token}` } });
const found = [];
for (const audit of serverAudits({ url, fetchFn: signed })) {
  const { id, name, status, reason } = await audit.fn();
  found.push({ id, name, status, reason });
}
console.log(JSON.stringify(found));
