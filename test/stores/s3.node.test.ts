// The commands of the guide for S3 and R2: the AWS command line of Debian against a server of the S3 protocol.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Project, type Ran, useCli, withProject } from '../support/cli.ts';
import {
  commandsWith,
  expectWhole,
  npxOf,
  requirePrograms,
  runAll,
  runLines,
  writeApp,
} from './guide.ts';

useCli();

const UPLOAD = 'aws s3 cp out/channels/production.sealed';
const CONDITIONAL = 'aws s3api put-object';
const PRUNE = 'aws s3 sync';
const DAYS = 24 * 60 * 60;

let server: ChildProcess;
let folder = '';
let origin = '';
/** The paths of the objects that the server has written, in order. */
const written: string[] = [];

beforeAll(async () => {
  requirePrograms('aws', 'jq');
  folder = mkdtempSync(join(tmpdir(), 'bundleseal-s3-'));
  server = spawn(process.execPath, [join(import.meta.dirname, 's3-server.js'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: server.stdout as NonNullable<typeof server.stdout> });
  const port = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    server.once('exit', () => reject(new Error('the S3 server ended: npm run test:stores')));
  });
  lines.on('line', (path) => written.push(path));
  origin = `http://127.0.0.1:${port}`;
});

afterAll(() => {
  server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

const ENV = {
  AWS_ACCESS_KEY_ID: 'S3RVER',
  AWS_SECRET_ACCESS_KEY: 'S3RVER',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_DATA_PATH: join(import.meta.dirname, 'aws-models'),
  // s3rver knows no checksums at the end of a body, which newer versions of the command line send.
  AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
  AWS_RESPONSE_CHECKSUM_VALIDATION: 'when_required',
};

/** Adds the address of the server to each command, as the guide says for R2. */
const toServer = () => `aws() { command aws "$@" --endpoint-url ${origin}; }`;

const run = (project: Project, ...lines: readonly string[]): Promise<Ran> =>
  runLines(project.folder, [toServer(), ...lines], ENV);
const succeed = (project: Project, ...lines: readonly string[]): Promise<string> =>
  runAll(project.folder, [toServer(), ...lines], ENV);

const makeBucket = (name: string) => `aws s3api create-bucket --bucket ${name}`;
const publishTo = (project: Project, bucket: string) =>
  `${npxOf(project)} release publish dist --store out --from ${origin}/${bucket} --channel production`;

describe('the commands for S3 and R2', () => {
  it('publish a store that every device can use, with the right headers and the index last', async () => {
    await withProject(async (project) => {
      await succeed(project, makeBucket('one'));
      for (const n of [1, 2]) {
        await writeApp(project, n);
        written.length = 0;
        await succeed(
          project,
          `${publishTo(project, 'one')}${n === 1 ? ' --create' : ''}`,
          commandsWith(UPLOAD, { BUCKET: 'one' }),
        );
        expect(written.at(-1)).toBe('/one/channels/production.sealed');
        expect(written.filter((path) => path.startsWith('/one/objects/')).length).toBe(n);
        await expectWhole(`${origin}/one`, n);
      }
    });
  });

  it('delete from the bucket only the objects that no index needs', async () => {
    await withProject(async (project) => {
      await writeApp(project, 1);
      const orphan = `objects/${'0'.repeat(64)}.sealed`;
      await succeed(
        project,
        ...[makeBucket('old'), `${publishTo(project, 'old')} --create`],
        commandsWith(UPLOAD, { BUCKET: 'old' }),
        `echo orphan | aws s3 cp - s3://old/${orphan}`,
      );
      const listed = async () =>
        (await succeed(project, 'aws s3 ls s3://old/objects/')).trim().split('\n');
      const prune = commandsWith(PRUNE, { BUCKET: 'old', 'npx bundleseal': npxOf(project) });
      await succeed(project, prune);
      expect((await listed()).length, 'objects of the last seven days stay').toBe(2);
      // Eight days pass for the server, and the copy takes over the times.
      const then = Date.now() / 1000 - 8 * DAYS;
      for (const name of readdirSync(join(folder, 'old/objects')))
        utimesSync(join(folder, 'old/objects', name), then, then);
      await succeed(project, 'rm -r copy', prune);
      expect((await listed()).length).toBe(1);
      await expectWhole(`${origin}/old`, 1);
    });
  });

  it('lose no release of two publishers at once', async () => {
    await withProject(async (first) => {
      await withProject(async (second) => {
        const conditional = commandsWith(CONDITIONAL, {
          BUCKET: 'two',
          'npx bundleseal': npxOf(first),
          'https://updates.example.com': `${origin}/two`,
        });
        const [read, publish, objects, index] = conditional.split('\n') as [
          ...[string, string, string, string],
        ];
        const create = index.replace('--if-match "$ETAG"', "--if-none-match '*'");
        expect(create).not.toBe(index);
        await writeApp(first, 1);
        await succeed(first, makeBucket('two'), `${publish} --create`, objects, create);
        await writeApp(first, 2);
        await writeApp(second, 3);
        // Both read the same state before either writes.
        const etag = (await succeed(first, read, 'echo "$ETAG"')).trim();
        const upload = [publish, objects, `ETAG='${etag}'`, index];
        await succeed(first, ...upload);
        const other = await run(second, ...upload);
        expect(other.stderr).toContain('PreconditionFailed');
        expect(other.code).not.toBe(0);
        await expectWhole(`${origin}/two`, 2);
        await succeed(second, 'rm -r out', conditional);
        await expectWhole(`${origin}/two`, 3);
        // A channel that somebody else has created meanwhile is not overwritten either.
        const again = await run(first, create);
        expect(again.stderr).toContain('PreconditionFailed');
        expect(again.code).not.toBe(0);
      });
    });
  });
});
