// `node counting-proxy.mjs TARGET FILE`: an HTTP server on loopback that hands every request on to TARGET as it is. Prints its
// address, and keeps in FILE, as JSON, how many requests it saw and the bytes of objects sent and fetched; before the end of
// each answer it is up to date. Ends with stdin.
import { writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';

/** Parameters of listings: of objects, of uploads in parts, and of their parts. */
const LISTINGS = ['list-type', 'uploads', 'uploadId'];
const [target, file] = process.argv.slice(2);
const { hostname, port } = new URL(target);
const seen = { requests: 0, bytes: 0 };
const save = () => writeFileSync(file, JSON.stringify(seen));
const count = (stream) => stream.on('data', (chunk) => (seen.bytes += chunk.length));

const server = createServer((asked, answer) => {
  seen.requests += 1;
  const { method, url: path, rawHeaders: headers } = asked;
  const onward = request({ hostname, port, method, path, headers }, (answered) => {
    answer.writeHead(answered.statusCode, answered.rawHeaders);
    if (isObject(asked, answered)) count(answered);
    answered.on('end', save);
    answered.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  if (method === 'PUT') count(asked);
  asked.pipe(onward);
});
save();
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
process.stdin.on('end', () => process.exit()).resume();

/** Listings and refusals are answers too, but no bytes of objects. */
function isObject({ method, url }, { statusCode }) {
  const { searchParams } = new URL(url, target);
  return method === 'GET' && statusCode < 300 && !LISTINGS.some((name) => searchParams.has(name));
}
