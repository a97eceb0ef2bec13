// A program that updates itself: node update-child.js <module> <orders as JSON>. Prints a line for each action.

import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [module, orders] = process.argv.slice(2);
const { createUpdater, folderBuiltIn, folderStore } = await import(pathToFileURL(module).href);
const { store, publicKey, releases, builtIn, rounds } = JSON.parse(orders);
const say = (line) => writeSync(1, `${line}\n`);

for (let round = 0; round < rounds; round++) {
  const updater = createUpdater({
    store,
    channel: 'production',
    appId: 'com.example.app',
    publicKey,
    releases: folderStore(releases),
    builtIn: folderBuiltIn(builtIn),
    retryDelay: 1,
  });
  const { id } = await updater.start();
  say(`runs ${id}`);
  await updater.update();
  await updater.confirm(id);
  updater.dispose();
}
say('done');
