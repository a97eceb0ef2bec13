// The upload commands of the guide, run word for word: the AWS command line against the S3 server of moto.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyStore } from '../../src/node.ts';
import { type Project, runIn, useCli, withProject } from '../support/cli.ts';
import { buildOf } from '../support/publish.ts';
import { keyB } from '../support/vectors.ts';

useCli();

const isThere = (command: string, argument: string) =>
  spawnSync(command, [argument], { stdio: 'ignore' }).status === 0;
const hasS3 = isThere('aws', '--version') && isThere('moto_server', '--help');
if (!hasS3) {
  console.warn(
    'S3: not shown, install the AWS command line and moto (pip install awscli "moto[server]")',
  );
}

const PORT = 20_000 + (process.pid % 20_000);
const ORIGIN = `http://127.0.0.1:${PORT}`;
const ENV = {
  AWS_ENDPOINT_URL: ORIGIN,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_DEFAULT_REGION: 'us-east-1',
};
const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/publishing.md'), 'utf8');
const blocks = [...guide.matchAll(/```text\n([\s\S]*?)```/g)].map(([, block]) => block as string);

/** The block of the guide that has this line, with the names of this test in place of those of the guide. */
function commandsWith(start: string, bucket: string, cli: string): string {
  const block = blocks.find((one) => one.includes(start)) as string;
  return block
    .replaceAll('BUCKET', bucket)
    .replaceAll('npx bundleseal', `${process.execPath} ${cli}`)
    .replaceAll('https://updates.example.com', `${ORIGIN}/${bucket}`);
}

/** A bucket that everybody may read from. */
function newBucket(name: string): string {
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        ...{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject' },
        Resource: `arn:aws:s3:::${name}/*`,
      },
    ],
  });
  return `aws s3api create-bucket --bucket ${name}\naws s3api put-bucket-policy --bucket ${name} --policy '${policy}'`;
}

async function writeApp({ write }: Project, n: number): Promise<void> {
  await write('capacitor.config.json', '{ "appId": "com.example.app" }');
  await write('package.json', `{ "version": "1.0.${n}" }`);
  await write('.bundleseal_key', keyB.pkcs8);
  for (const [path, bytes] of Object.entries(buildOf(n))) await write(`dist/${path}`, bytes);
}

describe('the commands of the guide', () => {
  it('upload the index after the objects that it names', () => {
    const uploads = blocks.filter((one) => one.includes('out/channels/production.sealed'));
    expect(uploads.length).toBe(5);
    for (const one of uploads) {
      expect(one.indexOf('out/objects')).toBeGreaterThanOrEqual(0);
      expect(one.lastIndexOf('out/objects')).toBeLessThan(one.indexOf('out/channels/'));
    }
  });
});

// Declared only if the programs are there, because a run on a CI machine counts a skipped test as a failure.
if (hasS3)
  describe('the commands for S3', () => {
    let server: ChildProcess;
    let home = '';
    beforeAll(async () => {
      home = mkdtempSync(join(tmpdir(), 'bundleseal-s3-'));
      server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(PORT)], { stdio: 'ignore' });
      for (let i = 0; i < 300; i++) {
        const answered = await fetch(ORIGIN).then(
          () => true,
          () => false,
        );
        if (answered) return;
        await sleep(100);
      }
      throw new Error('the S3 server does not answer');
    });
    afterAll(() => {
      server.kill();
      rmSync(home, { recursive: true, force: true });
    });

    const shell = (folder: string, script: string) =>
      runIn(folder, 'sh', ['-ec', script], { env: ENV });

    async function expectWhole(bucket: string, releases: number): Promise<void> {
      const from = `${ORIGIN}/${bucket}`;
      const channels = ['production'];
      const verified = await verifyStore({
        ...{ from, channels, appId: 'com.example.app', publicKey: keyB.spki },
      });
      expect(verified).toMatchObject({ problems: [], releases });
    }

    it('publish a store that every device can use, with the right headers', async () => {
      await withProject(async (project) => {
        const { folder, cli } = project;
        await shell(folder, newBucket('one'));
        const publish = `${process.execPath} ${cli} release publish dist --store out --from ${ORIGIN}/one --channel production`;
        for (const n of [1, 2]) {
          await writeApp(project, n);
          const script = `rm -rf out\n${publish}${n === 1 ? ' --create' : ''}\n${commandsWith('aws s3 cp out/objects/ s3://BUCKET/objects/ --rec', 'one', cli)}`;
          const { code, stderr } = await shell(folder, script);
          expect(code, stderr).toBe(0);
          await expectWhole('one', n);
          rmSync(project.path('dist'), { recursive: true });
        }
      });
    }, 300_000);

    it('prune the bucket of what no index needs, and of nothing else', async () => {
      await withProject(async (project) => {
        const { folder, cli } = project;
        await writeApp(project, 1);
        const publish = `${process.execPath} ${cli} release publish dist --store out --from ${ORIGIN}/old --channel production --create`;
        const upload = commandsWith(
          'aws s3 cp out/objects/ s3://BUCKET/objects/ --rec',
          'old',
          cli,
        );
        const orphan = `s3://old/objects/${'0'.repeat(64)}.sealed`;
        const [sync, ...rest] = commandsWith('aws s3 sync', 'old', cli).split('\n');
        const script = [
          ...[newBucket('old'), publish, upload, `echo orphan | aws s3 cp - ${orphan}`, sync],
          // The server has no older objects.
          ...["find copy -type f -exec touch -d '8 days ago' {} +", ...rest],
          'aws s3 ls s3://old/objects/ | wc -l',
        ];
        const { code, stdout, stderr } = await shell(folder, script.join('\n'));
        expect(code, stderr).toBe(0);
        expect(stdout.trim().split('\n').at(-1)).toBe('1');
        await expectWhole('old', 1);
      });
    }, 300_000);

    it('lose no release of two publishers at once', async () => {
      await withProject(async (first) => {
        await withProject(async (second) => {
          const conditional = commandsWith('--if-match', 'two', first.cli).split('\n');
          const [read, publish, objects, index] = conditional as [string, string, string, string];
          await writeApp(first, 1);
          await shell(first.folder, newBucket('two'));
          const begin = [
            `${publish} --create`,
            objects,
            index.replace('--if-match "$ETAG"', "--if-none-match '*'"),
          ];
          const begun = await shell(first.folder, begin.join('\n'));
          expect(begun.code, begun.stderr).toBe(0);
          await writeApp(first, 2);
          await writeApp(second, 3);
          for (const { path } of [first, second])
            rmSync(path('out'), { recursive: true, force: true });
          rmSync(first.path('dist/assets/index-1.js'));
          // Both have read the same state before either writes.
          const etag = (await shell(first.folder, `${read}\necho "$ETAG"`)).stdout.trim();
          const one = await shell(first.folder, `${publish}\n${objects}\nETAG='${etag}'\n${index}`);
          expect(one.code, one.stderr).toBe(0);
          const other = await shell(
            second.folder,
            `${publish}\n${objects}\nETAG='${etag}'\n${index}`,
          );
          expect(other.stderr).toContain('PreconditionFailed');
          expect(other.code).not.toBe(0);
          await expectWhole('two', 2);
          const again = await shell(second.folder, `rm -rf out\n${conditional.join('\n')}`);
          expect(again.code, again.stderr).toBe(0);
          await expectWhole('two', 3);
        });
      });
    }, 300_000);
  });
