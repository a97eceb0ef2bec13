// Faults at any call and any time: existing files keep every byte, and no temporary file is left.

import { execFileSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import {
  chmodSync,
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
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { randomBytes } from '../../../src/backend/random.ts';
import { selectBackend } from '../../../src/backend/select.ts';
import { encryptAndSeal } from '../../../src/bundle/encrypt-chunks.ts';
import {
  BundleSealError,
  decryptBundle,
  encryptBundle,
  inspectBundle,
} from '../../../src/index.ts';
import { parsePrivateKey } from '../../../src/keys/parse.ts';
import { checksumFile, decryptFile, encryptFile, fileSource } from '../../../src/node.ts';
import { BACKENDS } from '../../support/backends.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import {
  buildModule,
  type FileSystemHooks,
  makeFolder,
  onFileSystem,
  openIn,
  snapshot,
  startChild,
  temporaries,
} from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';
import { keyA, keyB } from '../../support/vectors.ts';

const privateKey = keyB.pkcs8;
const publicKey = keyB.spki;
const CHUNK = 4096;
const OLD = bytesOf(1000);
const plain = bytesOf(5 * CHUNK + 100);

let sealed: Uint8Array;
const { here, at, untouched, refused } = useFolder();

beforeAll(async () => {
  const options = { privateKey, chunkSize: CHUNK, metadata: { appId: 'com.example.app' } };
  sealed = (await encryptBundle(plain, options)).bytes;
});

beforeEach(() => {
  writeFileSync(at('plain'), plain);
  writeFileSync(at('sealed'), sealed);
  writeFileSync(at('out'), OLD, { mode: 0o600 });
});

/** A file of zeros that takes no place on the disk. */
function emptyFile(name: string, size: number): void {
  writeFileSync(at(name), '');
  truncateSync(at(name), size);
}

/** Both ways to write a file. */
interface Options {
  readonly signal?: AbortSignal;
  readonly onProgress?: () => void;
}
const WAYS: [
  name: string,
  input: string,
  (i: string, o: string, p?: Options) => Promise<unknown>,
][] = [
  [
    'sealed',
    'plain',
    (input, output, options) =>
      encryptFile(input, output, { privateKey, chunkSize: CHUNK, ...options }),
  ],
  [
    'opened',
    'sealed',
    (input, output, options) => decryptFile(input, output, { publicKey, ...options }),
  ],
];

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

describe.each(WAYS)('an abort while a file is %s', (_, inputName, run) => {
  const reason = new Error('enough');

  /** Aborted at its `k`-th moment; whether that was too late. */
  async function abortAt(
    way: (abort: () => void, options: Options) => Promise<unknown>,
  ): Promise<boolean> {
    const controller = new AbortController();
    const before = snapshot(here());
    const outcome = await way(() => controller.abort(reason), { signal: controller.signal }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(temporaries(here())).toEqual([]);
    expect(openIn(here())).toEqual([]);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    if (outcome !== undefined) {
      expect(outcome).toBe(reason);
      expect(snapshot(here())).toEqual(before);
      return false;
    }
    await expectWhole();
    writeFileSync(at('out'), OLD);
    return true;
  }

  async function expectWhole(): Promise<void> {
    const out = readFileSync(at('out'));
    const opened = inputName === 'plain' ? await decryptBundle(out, { publicKey }) : out;
    expect(Buffer.compare(opened, plain)).toBe(0);
  }

  it('before it begins changes nothing', async () => {
    const signal = AbortSignal.abort(reason);
    expect(await untouched(() => run(at(inputName), at('out'), { signal }))).toBe(reason);
    expect(await untouched(() => run(at('nothing'), at('new'), { signal }))).toBe(reason);
  });

  it('at any of its progress', async () => {
    for (let k = 1; k <= 6; k++) {
      const isLate = await abortAt((abort, options) => {
        let calls = 0;
        const onProgress = () => {
          if (++calls === k) abort();
        };
        return run(at(inputName), at('out'), { ...options, onProgress });
      });
      expect(isLate).toBe(false);
    }
  });

  it.each(['before', 'after'] as const)('%s any call to the file system', async (when) => {
    // Loads the modules that are loaded only once.
    await abortAt((_abort, options) => run(at(inputName), at('out'), options));
    const outcomes: boolean[] = [];
    let reached = true;
    for (let k = 1; reached; k++) {
      reached = false;
      let calls = 0;
      const isLate = await abortAt((abort, options) => {
        const count = () => {
          if (++calls !== k) return undefined;
          reached = true;
          abort();
          return undefined;
        };
        const work = () => run(at(inputName), at('out'), options);
        return onFileSystem(when === 'before' ? { before: count } : { after: count }, work);
      });
      outcomes.push(isLate);
    }
    expect(outcomes.length).toBeGreaterThan(20);
    // Too late is only what comes after the file is there or about to be, and once it is, it stays so.
    const firstLate = outcomes.indexOf(true);
    expect(outcomes.slice(firstLate)).not.toContain(false);
    expect(outcomes.length - firstLate).toBeLessThan(10);
  });

  it('rejects when no read or write is in progress any more', async () => {
    const mine = new Error('mine');
    const ends: [unknown, (controller: AbortController) => void][] = [
      [reason, (controller) => controller.abort(reason)],
      [
        mine,
        () => {
          throw mine;
        },
      ],
    ];
    for (const [expected, end] of ends) {
      let underWay = 0;
      const atClose: number[] = [];
      const isTransfer = (name: string) => name === 'read' || name === 'write';
      const before = (name: string) => {
        if (name === 'handle.close' || name === 'close') atClose.push(underWay);
        if (!isTransfer(name)) return undefined;
        underWay++;
        return sleep(5);
      };
      const after = (name: string) => {
        if (isTransfer(name)) underWay--;
      };
      const controller = new AbortController();
      let calls = 0;
      const onProgress = () => {
        if (++calls === 2) end(controller);
      };
      const options = { signal: controller.signal, onProgress };
      const work = () => run(at(inputName), at('out'), options);
      const error = await untouched(() => onFileSystem({ before, after }, work));
      expect(error).toBe(expected);
      expect(underWay).toBe(0);
      // Otherwise pending calls would reach another file with the same number.
      expect(new Set(atClose)).toEqual(new Set([0]));
    }
  });

  it('after any number of turns of the event loop', async () => {
    let lates = 0;
    for (let k = 0; lates < 3; k = Math.ceil(k * 1.2) + 1) {
      const isLate = await abortAt((abort, options) => {
        let turns = 0;
        let timer: NodeJS.Immediate | undefined;
        const turn = () => {
          if (turns++ === k) abort();
          else timer = setImmediate(turn);
        };
        turn();
        return run(at(inputName), at('out'), options).finally(() => clearImmediate(timer));
      });
      if (isLate) lates += 1;
    }
  });
});

describe.each(WAYS)('a fault of the file system while a file is %s', (_, inputName, run) => {
  /** Every call fails in turn; `check` sees what came of it. */
  async function failEach(
    code: string,
    check: (call: string, error: unknown, replaced: boolean) => void,
  ): Promise<string[]> {
    await run(at(inputName), at('out'));
    const seen: string[] = [];
    for (let k = 1; ; k++) {
      writeFileSync(at('out'), OLD);
      const before = snapshot(here());
      let calls = 0;
      let failed: string | undefined;
      const fault = Object.assign(new Error(`${code}: made for the test`), { code });
      const fail = (name: string, args: unknown[]) => {
        if (++calls !== k) return undefined;
        // Holding the folder that the output goes into: without that its path is used.
        const isHolding = args[0] === here() || /^\/proc\/self\/fd\/\d+$/.test(String(args[0]));
        failed = isHolding ? `hold by ${name}` : name;
        return fault;
      };
      const error = await onFileSystem({ before: fail }, () => run(at(inputName), at('out'))).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (failed === undefined) return seen;
      seen.push(failed);
      const label = `${failed}, call ${k}: ${(error as Error | undefined)?.message}`;
      expect(temporaries(here()), label).toEqual([]);
      expect(openIn(here()), label).toEqual([]);
      if (error !== undefined) {
        // An error says that nothing has happened.
        expect(snapshot(here()), label).toEqual(before);
        expect(error, label).toBeInstanceOf(BundleSealError);
        expect((error as BundleSealError).code, label).toBe('ERR_FILE');
        expect([at(inputName), at('out')], label).toContain((error as BundleSealError).path);
        expect((error as BundleSealError).cause, label).toBe(fault);
      }
      check(label, error, error === undefined);
    }
  }

  it('is ERR_FILE with its cause, and the previous file does not change', async () => {
    const tolerated: string[] = [];
    const seen = await failEach('EIO', (call, _error, replaced) => {
      if (replaced) tolerated.push(call);
    });
    expect(seen.length).toBeGreaterThan(15);
    expect(seen).toContain('rename');
    // Nothing that reading, writing and flushing say is passed over.
    const grave = /^(handle\.)?(open|read|write|stat|fstat|chmod|sync|fsync|rename)\b/;
    const atEnd = seen.indexOf('rename');
    const first = seen.slice(0, atEnd + 1).filter((name) => grave.test(name)).length;
    const passed = tolerated.filter((label) => Number(/call (\d+)/.exec(label)?.[1]) <= atEnd + 1);
    expect(first).toBeGreaterThan(10);
    expect(passed.filter((label) => grave.test(label))).toEqual([]);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EMFILE', 'EBUSY'])(
    'such as %s says what to do',
    async (code) => {
      await failEach(code, (label, error) => {
        if (error === undefined) return;
        expect((error as Error).message, label).toMatch(/make room|choose|check|close/);
      });
    },
  );

  it('during the clean-up does not hide the first one', async () => {
    const first = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    const second = Object.assign(new Error('EIO'), { code: 'EIO' });
    const before = (name: string) => {
      if (/^(handle\.)?write$/.test(name)) return first;
      return /^(rm|unlink|handle\.close)$/.test(name) ? second : undefined;
    };
    const work = onFileSystem({ before }, () => run(at(inputName), at('out')));
    expect((await rejection(work, 'ERR_FILE')).cause).toBe(first);
    expect(readFileSync(at('out')).equals(OLD)).toBe(true);
    // Left by a run that is over: the next one takes it away.
    expect(temporaries(here()).length).toBe(1);
    await run(at(inputName), at('out'));
    expect(temporaries(here())).toEqual([]);
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

describe('a disk', () => {
  const outside = makeFolder();
  let module: string;

  beforeAll(async () => {
    chmodSync(outside, 0o755);
    module = await buildModule(outside);
  });
  afterAll(() => rmSync(outside, { recursive: true, force: true }));

  interface Disk {
    readonly folder: string;
    /** Runs what meets this disk. */
    readonly on: (work: () => Promise<unknown>) => Promise<unknown>;
    readonly isReal: boolean;
    /** Mounts it anew with these options; a made-up one has no faults from then on. */
    change(options: string): void;
    remove(): void;
  }

  /**
   * A file system of its own. Where this user may not mount one: in CI, where nothing is left out, a folder with
   * `faults`, else nothing.
   */
  function mount(options: string, faults: FileSystemHooks): Disk | undefined {
    const place = at('disk');
    mkdirSync(place);
    try {
      const how = ['-t', 'tmpfs', '-o', options, 'tmpfs', place];
      execFileSync('mount', how, { stdio: 'ignore' });
    } catch {
      if (process.env['CI'] === undefined) {
        console.warn('A full disk: skipped, as this user may not mount one. Run as root for it.');
        return undefined;
      }
      let isFaulty = true;
      return {
        folder: place,
        isReal: false,
        on: (work) => (isFaulty ? onFileSystem(faults, work) : work()),
        change: () => {
          isFaulty = false;
        },
        remove: () => {},
      };
    }
    return {
      folder: place,
      isReal: true,
      on: (work) => work(),
      change: (more) => execFileSync('mount', ['-o', `remount,${more}`, place]),
      remove: () => execFileSync('umount', [place]),
    };
  }

  const noSpace = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });

  it('that is full leaves the old file whole, and works again with room', async ({ skip }) => {
    const before = (name: string, args: unknown[]) =>
      name === 'write' && (args[4] as number) > 2 ** 20 ? noSpace : undefined;
    const disk = mount('size=1m', { before });
    if (disk === undefined) return skip();
    const out = join(disk.folder, 'out');
    try {
      const large = bytesOf(3 * 2 ** 20);
      writeFileSync(at('large'), large);
      await encryptFile(at('large'), at('large.sealed'), { privateKey });
      writeFileSync(out, OLD);
      for (const work of [
        () => encryptFile(at('large'), out, { privateKey }),
        () => decryptFile(at('large.sealed'), out, { publicKey }),
        () => encryptFile(at('large'), join(disk.folder, 'new'), { privateKey }),
      ]) {
        const error = await rejection(disk.on(work), 'ERR_FILE');
        expect((error.cause as NodeJS.ErrnoException).code).toBe('ENOSPC');
        expect(error.message).toContain('make room');
        expect(readdirSync(disk.folder)).toEqual(['out']);
        expect(readFileSync(out).equals(OLD)).toBe(true);
        expect(openIn(disk.folder)).toEqual([]);
      }
      disk.change('size=8m');
      await disk.on(() => decryptFile(at('large.sealed'), out, { publicKey }));
      expect(Buffer.compare(readFileSync(out), large)).toBe(0);
    } finally {
      disk.remove();
    }
  });

  it.for([
    ['without room for one more name', 'nr_inodes=2', 'ENOSPC'],
    ['that is read-only', 'ro', 'EROFS'],
  ] as const)('%s is refused', async ([, options, code], { skip }) => {
    const fault = Object.assign(new Error(code), { code });
    const before = (name: string, args: unknown[]) =>
      name === 'open' && args[1] === 'wx' ? fault : undefined;
    const disk = mount(options === 'ro' ? 'size=1m' : options, { before });
    if (disk === undefined) return skip();
    const out = join(disk.folder, 'out');
    try {
      writeFileSync(out, OLD);
      if (options === 'ro' && disk.isReal) disk.change('ro');
      const work = () => encryptFile(at('plain'), out, { privateKey });
      const error = await rejection(disk.on(work), 'ERR_FILE');
      expect((error.cause as NodeJS.ErrnoException).code).toBe(code);
      expect(readdirSync(disk.folder)).toEqual(['out']);
      expect(readFileSync(out).equals(OLD)).toBe(true);
    } finally {
      disk.remove();
    }
  });

  it.skipIf(process.platform === 'win32')(
    'that accepts no file of this size keeps the old one',
    async () => {
      const large = bytesOf(3 * 2 ** 20);
      writeFileSync(at('large'), large);
      await encryptFile(at('large'), at('large.sealed'), { privateKey });
      const jobs = [
        ['encryptFile', 'large', 'out', { privateKey }],
        ['decryptFile', 'large.sealed', 'out', { publicKey }],
        ['encryptFile', 'large', 'new', { privateKey }],
        ['encryptFile', 'plain', 'small', { privateKey }],
      ].map(([call, input, output, options]) => ({
        call: call as 'encryptFile',
        input: at(input as string),
        output: at(output as string),
        options: options as object,
      }));
      const before = snapshot(here());
      const answer = await startChild(module, { jobs }, 2 ** 20).ended;
      const codes = answer?.errors.map((error) => [error?.code, error?.cause]);
      const tooLarge = ['ERR_FILE', 'EFBIG'];
      expect(codes).toEqual([tooLarge, tooLarge, tooLarge, [undefined, undefined]]);
      rmSync(at('small'));
      expect(snapshot(here())).toEqual(before);
    },
  );

  it('that another user owns does not change', async ({ skip }) => {
    if (process.getuid?.() !== 0) {
      console.warn('Files of another user: skipped, as only root can become one.');
      return skip();
    }
    const NOBODY = 65_534;
    chmodSync(dirname(here()), 0o755);
    chmodSync(at('plain'), 0o644);
    mkdirSync(at('open'));
    mkdirSync(at('shared'));
    mkdirSync(at('drop'));
    chmodSync(at('drop'), 0o733);
    chmodSync(at('open'), 0o777);
    chmodSync(at('shared'), 0o1777);
    writeFileSync(at('secret'), plain, { mode: 0o600 });
    writeFileSync(join(at('shared'), 'out'), OLD);
    const jobs = [
      // The input is not theirs to read, the folder not theirs to write, the file not theirs to replace.
      ['secret', 'open/new'],
      ['plain', 'new'],
      ['plain', 'out'],
      ['plain', 'shared/out'],
      ['plain', 'open/new'],
      // A folder that others may write into and not look into.
      ['plain', 'drop/new'],
    ].map(([input, output]) => ({
      call: 'encryptFile' as const,
      input: at(input as string),
      output: at(output as string),
      options: { privateKey },
    }));
    const before = snapshot(here());
    const answer = await startChild(module, { jobs, user: NOBODY }).ended;
    const codes = answer?.errors.map((error) => error && [error.code, error.cause]);
    expect(codes?.slice(0, 3)).toEqual(Array(3).fill(['ERR_FILE', 'EACCES']));
    expect(codes?.[3]).toEqual(['ERR_FILE', 'EPERM']);
    expect(codes?.slice(4)).toEqual([null, null]);
    expect(answer?.errors[0]?.message).toContain('permissions');
    for (const name of ['open', 'drop']) expect(readdirSync(at(name))).toEqual(['new']);
    expect(readdirSync(at('shared'))).toEqual(['out']);
    expect(readFileSync(join(at('shared'), 'out')).equals(OLD)).toBe(true);
    expect(snapshot(here())).toEqual(before);
  });

  it('holds files of any size in the same memory', async () => {
    emptyFile('small', 2 ** 22);
    emptyFile('large', 200 * 2 ** 20);
    const memoryFor = async (name: string) => {
      const [sealedName, openedName] = [`${name}.sealed`, `${name}.opened`];
      const jobs = [
        {
          call: 'encryptFile' as const,
          input: at(name),
          output: at(sealedName),
          options: { privateKey },
        },
        {
          call: 'decryptFile' as const,
          input: at(sealedName),
          output: at(openedName),
          options: { publicKey },
        },
      ];
      const answer = await startChild(module, { jobs }).ended;
      expect(answer?.errors).toEqual([null, null]);
      for (const done of [sealedName, openedName]) rmSync(at(done));
      return (answer?.maxMemory ?? Number.NaN) / 1024;
    };
    const [small, large] = [await memoryFor('small'), await memoryFor('large')];
    // In MiB. The second thread of the large one has a heap of its own, and the collector of garbage takes its time if the
    // machine is busy.
    expect(large - small).toBeLessThan(150);
  });
});
