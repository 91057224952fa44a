// The audits of GraphQL over HTTP, against the server at the address that is given: what came of each, as JSON.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
const found = [];
for (const audit of serverAudits({ url })) {
  const { id, name, status, reason } = await audit.fn();
  found.push({ id, name, status, reason });
}
console.log(JSON.stringify(found));
