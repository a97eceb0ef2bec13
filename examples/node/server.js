import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { folderBuiltIn, folderStore } from 'bundleseal/node';
import { createReleaseHandler, createUpdater } from 'bundleseal/update';
import { publicKeys } from './bundleseal-key.js';

const updater = createUpdater({
  store: process.env.UPDATES ?? 'https://updates.example.com/app/',
  channel: 'production',
  appId: 'com.example.app',
  publicKey: publicKeys,
  releases: folderStore('releases'),
  builtIn: folderBuiltIn('public'),
  confirmTimeout: 60_000,
  onEvent: (event) => {
    if (event.type !== 'rolled-back') return;
    console.error(`release ${event.from} failed: back to ${event.to}`);
    // From now on, this process serves the previous release, without a restart.
    updater.activate({ when: 'now' }).catch(console.error);
  },
});
const handle = createReleaseHandler(updater, { fallback: 'index.html' });

async function answer({ method, url, headers }, body) {
  if (method === 'POST' && url === '/works') return Response.json(await updater.confirm(body));
  const request = new Request(new URL(url, 'http://localhost'), { method, headers });
  return (await handle(request)) ?? new Response('not found', { status: 404 });
}

const server = createServer(async (request, response) => {
  try {
    const answered = await answer(request, await text(request));
    response.writeHead(answered.status, Object.fromEntries(answered.headers));
    response.end(Buffer.from(await answered.arrayBuffer()));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1');

// What went wrong with a check, such as a wrong address of the store, is in its result.
const update = () =>
  updater
    .update({ when: 'now' })
    .then(({ check }) => check.error && console.error(check.error))
    .catch(console.error);
setInterval(update, 3_600_000);
await update();
