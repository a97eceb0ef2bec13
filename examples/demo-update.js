// An app that updates itself: the same build of KIP is published as static files, a changed line follows as a patch of
// kilobytes, and a release that does not work is left again. `npm run demo` runs it after demo.js.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { keygen } from 'bundleseal';
import { folderBuiltIn, folderStore, publishRelease, stampRelease } from 'bundleseal/node';
import { createUpdater } from 'bundleseal/update';

const appId = 'com.example.kip';
const channel = 'production';
const folder = mkdtempSync(join(tmpdir(), 'bundleseal-demo-'));
const at = (name) => join(folder, name);
const bytes = (count) => `${count.toLocaleString('en')} bytes`;
const seconds = (from) => `${((performance.now() - from) / 1000).toFixed(1)} s`;

// Any static web server is a store.
const server = createServer(async (request, response) => {
  const file = await readFile(join(at('store'), request.url)).catch(() => undefined);
  response.writeHead(file === undefined ? 404 : 200).end(file);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const store = `http://127.0.0.1:${server.address().port}/`;

try {
  const { privateKey, publicKey } = await keygen();

  // The build machine. A build of a bundler renames files whose content changes, so this one does too.
  const kip = createRequire(import.meta.url).resolve('@mxtommy/kip/package.json');
  cpSync(join(dirname(kip), 'public'), at('dist'), { recursive: true });
  const publish = async (version) => {
    const begun = performance.now();
    const options = { store: at('store'), channel, privateKey, appId, version };
    const { release } = await publishRelease(at('dist'), options);
    const [patch] = release.patches;
    const way = patch === undefined ? '' : `, as a patch ${bytes(patch.size)}`;
    console.log(`${version} published in ${seconds(begun)}: ${bytes(release.bundle.size)}${way}`);
    return release;
  };
  const script = (await readdir(at('dist'))).find((name) => /^main.*\.js$/.test(name));
  const change = (line) => {
    const source = readFileSync(at(`dist/${script}`), 'utf8');
    writeFileSync(at(`dist/${script}`), `${source}\n${line}\n`);
  };
  console.log('\nThe build machine publishes to a static server:');
  await publish('1.0.0');
  // The app is shipped with this build.
  cpSync(at('dist'), at('shipped'), { recursive: true });
  await stampRelease(at('shipped'));
  change('console.log("1.0.1");');
  const good = await publish('1.0.1');

  // The device.
  const launch = () =>
    createUpdater({
      store,
      channel,
      appId,
      publicKey,
      releases: folderStore(at('device')),
      builtIn: folderBuiltIn(at('shipped')),
    });
  console.log('\nThe device:');
  const first = launch();
  await first.start();
  const begun = performance.now();
  const update = await first.update();
  console.log(`downloads ${bytes(update.moved)}, patches and proves in ${seconds(begun)}`);
  const second = launch();
  const { id } = await second.start();
  if (id !== good.id) throw new Error('the new release does not run');
  await second.confirm(id);
  console.log('runs 1.0.1 at the next launch, and confirms that it works');

  change('throw new Error("1.0.2 does not work");');
  console.log();
  const bad = await publish('1.0.2');
  await second.update();
  for (let start = 1; start <= 3; start++) {
    const crashed = await launch().start();
    if (crashed.id !== bad.id) throw new Error('the broken release was not tried');
  }
  const saved = await launch().start();
  if (saved.id !== good.id) throw new Error('the device did not go back');
  console.log('The device starts 1.0.2 three times without a confirmation, and runs 1.0.1 again.');
} finally {
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
