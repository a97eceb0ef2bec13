// Faults of files and bundles: existing files keep every byte, and no temporary file is left.

import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomBytes } from '../../../src/backend/random.ts';
import { selectBackend } from '../../../src/backend/select.ts';
import { encryptAndSeal } from '../../../src/bundle/encrypt.ts';
import { type BundleSealError, encryptBundle, inspectBundle } from '../../../src/index.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import { checksumFile, decryptFile, encryptFile, fileSource } from '../../../src/node.ts';
import { BACKENDS } from '../../support/backends.ts';
import { rejection } from '../../support/errors.ts';
import { onFileSystem, openIn, temporaries } from '../../support/files.ts';
import {
  CHUNK,
  OLD,
  plain,
  privateKey,
  publicKey,
  sealed,
  useSealedFiles,
  WAYS,
} from '../../support/sealed-files.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const { here, at, untouched, refused } = useSealedFiles();

/** A file of zeros that takes no place on the disk. */
function emptyFile(name: string, size: number): void {
  writeFileSync(at(name), '');
  truncateSync(at(name), size);
}

describe.each(WAYS)('a file that can not be %s', (_, inputName, run) => {
  it('because its input is unreadable is refused by its path', async () => {
    symlinkSync('plain', at('link'));
    mkdirSync(at('folder'));
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const inputs = [
      at('nothing'),
      here(),
      at('folder'),
      `${at('plain')}/`,
      join(at('plain'), 'x'),
      join(at('nothing'), 'x'),
      join(here(), 'x'.repeat(256)),
      at('socket'),
      '/dev/null',
      '/dev/zero',
    ];
    for (const input of inputs) {
      const error = await refused(() => run(input, at('out')), 'ERR_FILE');
      expect(error.path).toBe(input);
      expect(error.message).toContain(JSON.stringify(input));
      // The message has the fault and the remedy.
      expect(error.message).toMatch(/: .*(check|pass|use|choose)/);
      await refused(() => run(input, at('new')), 'ERR_FILE');
    }
    await new Promise((resolve) => server.close(resolve));
  });

  it('because its place does not exist is refused by its path', async () => {
    mkdirSync(at('folder'));
    symlinkSync('folder', at('link'));
    execFileSync('mkfifo', [at('pipe')]);
    const outputs = [
      at('folder'),
      at('link'),
      `${at('folder')}/`,
      `${at('new')}/`,
      `${at('out')}/`,
      '/',
      '.',
      here(),
      join(at('out'), 'x'),
      join(at('nothing'), 'x'),
      join(here(), 'x'.repeat(256)),
      at('pipe'),
      '/dev/null',
      '/proc/nothing',
    ];
    for (const output of outputs) {
      const error = await refused(() => run(at(inputName), output), 'ERR_FILE');
      expect(error.path).toBe(output);
      expect(error.message).toContain(JSON.stringify(output));
      expect(error.message).toMatch(/: .*(check|pass|use|choose|write|make|the system says)/);
    }
    expect(temporaries(process.cwd())).toEqual([]);
  });

  it('by a callback that throws ends with its error', async () => {
    const mine = new Error('mine');
    const onProgress = () => {
      throw mine;
    };
    expect(await untouched(() => run(at(inputName), at('out'), { onProgress }))).toBe(mine);
  });

  it('because its place is taken or removed meanwhile is refused', async () => {
    mkdirSync(at('folder'));
    writeFileSync(join(at('folder'), 'out'), OLD);
    const output = join(at('folder'), 'out');
    const turnToFolder = () => {
      rmSync(output, { force: true, recursive: true });
      mkdirSync(output);
    };
    const work = run(at(inputName), output, { onProgress: turnToFolder });
    expect((await rejection(work, 'ERR_FILE')).path).toBe(output);
    expect(readdirSync(at('folder'))).toEqual(['out']);
    rmSync(output, { recursive: true });

    const lose = () => {
      for (const name of temporaries(at('folder'))) rmSync(join(at('folder'), name));
    };
    writeFileSync(output, OLD);
    await rejection(run(at(inputName), output, { onProgress: lose }), 'ERR_FILE');
    expect(readFileSync(output).equals(OLD)).toBe(true);
    expect(readdirSync(at('folder'))).toEqual(['out']);

    let moved = false;
    const move = () => {
      if (!moved) renameSync(at('folder'), at('moved'));
      moved = true;
    };
    await rejection(run(at(inputName), output, { onProgress: move }), 'ERR_FILE');
    expect(readFileSync(join(at('moved'), 'out')).equals(OLD)).toBe(true);
    rmSync(at('moved'), { recursive: true });
  });
});

describe('a sealed file is not opened', () => {
  const open = (output = 'out', options = {}) =>
    decryptFile(at('sealed'), at(output), { publicKey, ...options });
  const write = (change: (bytes: Uint8Array) => Uint8Array | undefined) => {
    const copy = sealed.slice();
    writeFileSync(at('sealed'), change(copy) ?? copy);
  };

  it.each(BACKENDS)('with a chunk altered, whichever it is, through %s', async (backend) => {
    const { headerLength, chunkCount } = inspectBundle(sealed);
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      const place = headerLength + chunk * (CHUNK + 16) + (chunk === 0 ? 0 : 100);
      write((bytes) => {
        bytes[place] = (bytes[place] ?? 0) ^ 0x80;
        return undefined;
      });
      for (const output of ['out', 'new']) {
        const error = await refused(() => open(output, { backend }), 'ERR_CHUNK_INVALID');
        expect(error.chunkIndex).toBe(chunk);
      }
    }
  });

  it('cut anywhere, or with bytes after its end', async () => {
    const { headerLength } = inspectBundle(sealed);
    const lengths = [0, 1, 55, 56, headerLength - 1, headerLength, headerLength + 1];
    for (const length of [...lengths, sealed.length - 1]) {
      write((bytes) => bytes.subarray(0, length));
      await refused(open, 'ERR_LENGTH_INVALID');
    }
    write((bytes) => Uint8Array.from([...bytes, 0]));
    await refused(open, 'ERR_LENGTH_INVALID');
  });

  it('of another kind, or of a later version', async () => {
    write(() => new Uint8Array(1000));
    await refused(open, 'ERR_HEADER_INVALID');
    write((bytes) => {
      bytes[8] = 3;
      return undefined;
    });
    await refused(open, 'ERR_VERSION_UNSUPPORTED');
    write((bytes) => {
      bytes[100] = (bytes[100] ?? 0) ^ 1;
      return undefined;
    });
    await refused(open, 'ERR_SEAL_INVALID');
  });

  it('with the wrong key, expectation, limit or seal', async () => {
    const wrong = await refused(() => open('out', { publicKey: keyA.spki }), 'ERR_KEY_MISMATCH');
    expect(wrong.keyId).toBe(keyB.keyId);
    await refused(() => open('new', { publicKey: 'no key' }), 'ERR_KEY_INVALID');
    await refused(() => open('out', { publicKey: privateKey }), 'ERR_KEY_INVALID');
    const expectations = { appId: 'com.example.other' };
    await refused(() => open('out', { expect: expectations }), 'ERR_EXPECTATION_FAILED');
    await refused(() => open('out', { maxChunks: 2 }), 'ERR_LIMIT_EXCEEDED');
    await refused(() => open('out', { seal: 'Qk5ETFNFQUwC' }), 'ERR_LENGTH_INVALID');
    const { seal } = await encryptBundle(plain, { privateKey, chunkSize: CHUNK });
    await refused(() => open('out', { seal }), 'ERR_LENGTH_INVALID');
    const { bytes } = await encryptBundle(plain, { privateKey, chunkSize: CHUNK });
    write(() => bytes.subarray(inspectBundle(bytes).headerLength));
    const error = await refused(() => open('out', { seal }), 'ERR_CHUNK_INVALID');
    expect(error.chunkIndex).toBe(0);
  });

  it.each(BACKENDS)('if the checksum of the whole differs, through %s', async (backend) => {
    // All chunks are genuine, also the last one: the output of a faulty tool.
    const key = parsePrivateKey(privateKey);
    const node = await selectBackend('node');
    const body: Uint8Array[] = [];
    const wrongHash = { update: () => {}, digest: () => new Uint8Array(32) };
    const { header } = await encryptAndSeal(
      {
        backend: { ...node, createHash: () => wrongHash },
        key: { privateKey: key, publicKey: key },
        metadata: new Uint8Array(0),
        sessionKey: randomBytes(32),
        chunkSize: CHUNK,
        size: 2 * CHUNK,
      },
      {
        count: 2,
        inFlight: 2,
        read: (index) => plain.subarray(index * CHUNK, (index + 1) * CHUNK),
        isLast: (index) => index === 1,
      },
      { room: (_index, length) => new Uint8Array(length), take: (bytes) => void body.push(bytes) },
    );
    write(() => Buffer.concat([header, ...body]));
    await refused(() => open('out', { backend }), 'ERR_CHECKSUM_MISMATCH');
    await refused(() => open('new', { backend }), 'ERR_CHECKSUM_MISMATCH');
  });
});

describe('a file is not sealed', () => {
  const seal = (options: object) =>
    encryptFile(at('plain'), at('out'), { privateKey, chunkSize: CHUNK, ...options });

  it('with the wrong key, or a signer that fails', async () => {
    await refused(() => seal({ privateKey: 'no key' }), 'ERR_KEY_INVALID');
    await refused(() => seal({ privateKey: publicKey }), 'ERR_KEY_INVALID');
    const signers = [
      () => Promise.reject(new Error('the service is away')),
      () => Promise.resolve(new Uint8Array(384)),
      () => Promise.resolve('text'),
    ];
    for (const sign of signers) {
      await refused(() => seal({ privateKey: { publicKey, sign } }), 'ERR_SIGNER_FAILED');
    }
  });

  it('if it makes too many chunks', async () => {
    emptyFile('large', 2 ** 32 + 1);
    const work = () => encryptFile(at('large'), at('out'), { privateKey, chunkSize: CHUNK });
    const error = await work().then(
      () => undefined,
      (thrown: unknown) => thrown as BundleSealError,
    );
    expect(error?.code).toBe('ERR_LIMIT_EXCEEDED');
    rmSync(at('large'));
    expect(readdirSync(here()).sort()).toEqual(['out', 'plain', 'sealed']);
    expect(readFileSync(at('out')).equals(OLD)).toBe(true);
  });
});

describe('a fault while a file is read', () => {
  const permissions = 'this user is not allowed to, check the permissions';
  const open = 'too many files are open, close some or raise the limit';
  it.each<[string | undefined, string]>([
    ['ENOENT', ': it does not exist, check the path'],
    ['ENOTDIR', ': a part of the path is a file, check the path'],
    ['EEXIST', ': something else has that name, move it away or choose another name'],
    ['EISDIR', ': it is a folder, pass the path of a file'],
    ['EACCES', `: ${permissions}`],
    ['EPERM', `: ${permissions}`],
    ['EROFS', ': the file system is read-only, choose another place'],
    ['ENOSPC', ': the disk is full, make room and try again'],
    ['EDQUOT', ': the quota is used up, make room and try again'],
    ['EFBIG', ': the file would be larger than allowed here, choose another place'],
    ['EMFILE', `: ${open}`],
    ['ENFILE', `: ${open}`],
    ['EBUSY', ': another program is using it or it is mounted there by itself, close that or '],
    ['ERR_ACCESS_DENIED', ": Node's permission model does not allow it, name it in --allow-fs-"],
    ['ELOOP', ': its links lead in a circle, check the path'],
    ['ENAMETOOLONG', ': its name is too long, choose a shorter one'],
    ['EINVAL', ': the file system does not allow it, choose another name or place'],
    ['EIO', ': the disk or the network drive reports a fault, check it and try again'],
    ['ESTALE', ': the network drive was disconnected, mount it again'],
    ['ENEW', ': the system says ENEW'],
    [undefined, ''],
  ])('is explained if it is %s', async (code, advice) => {
    const fault = Object.assign(new Error('from the system'), { code });
    const before = (call: string) =>
      call === 'handle.read' || call === 'read' ? fault : undefined;
    const work = onFileSystem({ before }, () => checksumFile(at('plain')));
    const { message } = await rejection(work, 'ERR_FILE');
    expect(message.startsWith(`${JSON.stringify(at('plain'))} can't be read${advice}`)).toBe(true);
  });

  it('is ERR_FILE with its cause, for a checksum and a source', async () => {
    for (const name of ['stat', 'open', 'fstat', 'read']) {
      const fault = Object.assign(new Error('EIO'), { code: 'EIO' });
      const before = (call: string) =>
        call === name || call === `handle.${name}` ? fault : undefined;
      const work = onFileSystem({ before }, () => checksumFile(at('plain')));
      const error = await rejection(work, 'ERR_FILE');
      expect(error.cause).toBe(fault);
      expect(error.path).toBe(at('plain'));
      await rejection(
        onFileSystem({ before }, async () => {
          const source = await fileSource(at('plain'));
          await source.read(0, 10).finally(() => source.close());
        }),
        'ERR_FILE',
      );
      expect(openIn(here())).toEqual([]);
    }
  });
});
