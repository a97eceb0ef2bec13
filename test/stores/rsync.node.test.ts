// The commands of the guide for rsync, and its config for nginx: rsync writes to a folder, which nginx serves.
//
// A script stands in for ssh. It runs the command that rsync sends to the host, as sshd does.

import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Project, useCli, withProject } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { indexBytes, objectsOf } from '../support/publish.ts';
import { commandsWith, expectWhole, npxOf, requirePrograms, runAll, writeApp } from './guide.ts';

useCli();

const UPLOAD = 'rsync -a out/objects/';
const DEPLOY = 'rsync -a --delete';
const CONFIG = 'location /updates/objects/';

let folder = '';
let website = '';
let store = '';
let origin = '';
/** The address of the store. */
let url = '';
let server: ChildProcess;

beforeAll(async () => {
  requirePrograms('rsync', 'nginx');
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-nginx-'));
  website = join(folder, 'www');
  store = join(website, 'updates');
  mkdirSync(store, { recursive: true });
  writeFileSync(join(website, 'index.html'), 'page');
  writeFileSync(join(website, 'other.html'), 'other');
  writeFileSync(join(folder, 'ssh'), '#!/bin/sh\nshift\nexec sh -c "$*"\n');
  chmodSync(join(folder, 'ssh'), 0o755);
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  url = `${origin}/updates`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join('\n');
  // The workers need to read a temporary folder of the user who runs the test.
  const config = `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/nginx.pid;
error_log stderr crit;
events {}
http {
  access_log off;
  ${temporary}
  server {
    listen 127.0.0.1:${port};
    root ${website};
    ${commandsWith(CONFIG, {})}
  }
}
`;
  writeFileSync(join(folder, 'nginx.conf'), config);
  const args = ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', 'stderr'];
  const env = { PATH: `/usr/sbin:${process.env['PATH']}` };
  server = spawn('nginx', args, { stdio: 'inherit', env });
  const ended = new Promise<never>((_, reject) => {
    server.once('error', reject);
    server.once('exit', () => reject(new Error('nginx ended')));
  });
  ended.catch(() => {});
  const answered = vi.waitFor(() => fetch(origin), { timeout: 60_000 });
  await Promise.race([answered, ended]);
});

afterAll(async () => {
  // nginx removes its files as it ends.
  if (server?.kill()) await new Promise((resolve) => server.once('exit', resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** Publishes the n-th build into `out`. */
async function publish(project: Project, n: number): Promise<void> {
  await writeApp(project, n);
  const create = n === 1 ? ' --create' : '';
  await runAll(project.folder, [
    `${npxOf(project)} release publish dist --store out --from ${url} --channel production${create}`,
  ]);
}

/** The two commands: for the objects, and for the index. */
function uploads(): [string, string] {
  const lines = commandsWith(UPLOAD, { HOST: 'store.example', '/srv/www/updates': store });
  const [objects, index, ...others] = lines.trim().split('\n');
  expect(others).toEqual([]);
  return [objects as string, index as string];
}

const upload = (project: Project, command: string) =>
  runAll(project.folder, [command], { RSYNC_RSH: join(folder, 'ssh') });

describe('the commands for rsync and the config for nginx', () => {
  it('give devices the old release until the index is renamed into its place, and then the new one', async () => {
    await withProject(async (project) => {
      const [objects, index] = uploads();
      await publish(project, 1);
      await upload(project, objects);
      expect(objectsOf(store)).toEqual(objectsOf(project.path('out')));
      await upload(project, index);
      await expectWhole(url, 1);

      await publish(project, 2);
      const before = indexBytes(store);
      await upload(project, objects);
      expect(objectsOf(store)).toEqual(expect.arrayContaining(objectsOf(project.path('out'))));
      expect(indexBytes(store)).toEqual(before);
      await expectWhole(url, 1);
      const changed: (string | null)[] = [];
      const renamed: (string | null)[] = [];
      const watcher = watch(join(store, 'channels'), (event, name) =>
        (event === 'rename' ? renamed : changed).push(name),
      );
      await upload(project, index);
      await expect.poll(() => renamed).toContain('production.sealed');
      watcher.close();
      expect(renamed[0], 'a temporary name').toMatch(/^\.production\.sealed\./);
      expect(changed).not.toContain('production.sealed');
      await expectWhole(url, 2);

      const verify = `${npxOf(project)} release verify --from ${url} --channel production --json`;
      const verified = JSON.parse(await runAll(project.folder, [verify]));
      expect(verified).toMatchObject({ problems: [], releases: 2, patches: 1 });
    });
  });

  it('send the headers of caches and of other origins, and parts of a file', async () => {
    const paths = ['objects/file.sealed', 'channels/file.sealed', 'keys.sealed'];
    for (const path of paths) {
      mkdirSync(join(store, dirname(path)), { recursive: true });
      writeFileSync(join(store, path), 'file');
      const answer = await fetch(`${url}/${path}`, { headers: { Range: 'bytes=1-2' } });
      expect(answer.status, path).toBe(206);
      expect((await answer.arrayBuffer()).byteLength).toBe(2);
      expect(answer.headers.get('content-range')).toMatch(/^bytes 1-2\//);
      expect(answer.headers.get('access-control-allow-origin'), path).toBe('*');
      expect(answer.headers.get('cache-control')).toBe(
        path.startsWith('objects/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      );
      const known = { headers: { 'If-None-Match': answer.headers.get('etag') ?? '' } };
      expect((await fetch(`${url}/${path}`, known)).status).toBe(304);
      rmSync(join(store, path));
    }
  });

  it('answer a route with the page of the app, and a missing file of the store with 404', async () => {
    const textAt = async (path: string) => (await fetch(`${origin}/${path}`)).text();
    expect(await Promise.all(['', 'about', 'deep/route', 'other.html'].map(textAt))).toEqual([
      ...['page', 'page', 'page', 'other'],
    ]);
    for (const path of ['objects/missing.sealed', 'channels/missing.sealed', 'keys.sealed']) {
      expect((await fetch(`${url}/${path}`)).status, path).toBe(404);
    }
  });

  it('deploy a website without its old files, and keep the store below it', async () => {
    await withProject(async (project) => {
      await publish(project, 3);
      for (const command of uploads()) await upload(project, command);
      const before = [objectsOf(store), indexBytes(store)];
      writeFileSync(join(website, 'old.html'), 'old');
      const names = { HOST: 'store.example', '/srv/www': website };
      await upload(project, commandsWith(DEPLOY, names));
      expect(existsSync(join(website, 'old.html'))).toBe(false);
      expect(readFileSync(join(website, 'index.html'))).toEqual(
        readFileSync(project.path('dist/index.html')),
      );
      expect([objectsOf(store), indexBytes(store)]).toEqual(before);
      await expectWhole(url, 3);
    });
  });
});
