// Writing past the page cache: which writes go there, and what happens where the system cannot do it.

import { closeSync, constants, openSync, readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { allocateShared } from '../../../src/backend/node-memory.ts';
import { type OutputFile, outputFile } from '../../../src/files/output-file.ts';
import { bytesOf } from '../../support/bytes.ts';
import { rejection } from '../../support/errors.ts';
import { makeFolder, onFileSystem } from '../../support/files.ts';
import { useFolder } from '../../support/use-folder.ts';

const PAGE = 4096;
const { at } = useFolder();

/** Whether the folder for temporary files takes direct writes. Some file systems in memory do not. */
function takesDirect(): boolean {
  const folder = makeFolder();
  try {
    const flags = constants.O_CREAT | constants.O_WRONLY | (constants.O_DIRECT ?? Number.NaN);
    closeSync(openSync(`${folder}/probe`, flags));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const failing = (code: string) => Object.assign(new Error(code), { code });

/** These bytes at the start of a page of memory. */
function atPage(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(allocateShared(bytes.length, true) as SharedArrayBuffer);
  memory.set(bytes);
  return memory.subarray(0, bytes.length);
}

type Write = [kind: 'direct' | 'usual', start: number, length: number];

/**
 * Opens an output and does `work` with it. Returns the writes. `shorten` may change the length of a write, or return
 * its error.
 */
async function writesOf(
  work: (file: OutputFile) => Promise<unknown>,
  shorten: (write: Write) => number | Error = ([, , length]) => length,
): Promise<Write[]> {
  const handle: FileHandle = await open(at('out'), 'w+');
  const writes: Write[] = [];
  const before = (name: string, args: unknown[]) => {
    if (name !== 'write') return undefined;
    const [fd, , , length, start] = args as number[];
    const write: Write = [fd === handle.fd ? 'usual' : 'direct', start as number, length as number];
    const result = shorten(write);
    if (typeof result !== 'number') return result;
    args[3] = result;
    writes.push([write[0], write[1], result]);
    return undefined;
  };
  const file = outputFile(at('out'), handle);
  try {
    await onFileSystem({ before }, () => work(file));
  } finally {
    await file.endDirect();
    await handle.close();
  }
  return writes;
}

describe.skipIf(!takesDirect())('an output', () => {
  const bytes = bytesOf(3 * PAGE + 100);

  it('gets whole pages directly, and the rest through the page cache', async () => {
    const writes = await writesOf(async (file) => {
      expect(await file.goDirect()).toBe(true);
      await file.write(atPage(bytes), PAGE);
      await file.write(bytes.subarray(0, 50), 0);
      await file.write(bytes.subarray(0, PAGE), 50);
      await file.endDirect();
      await file.write(bytes.subarray(0, PAGE), 0);
    });
    expect(writes).toEqual([
      ['direct', PAGE, 3 * PAGE],
      ['usual', 4 * PAGE, 100],
      ['usual', 0, 50],
      ['usual', 50, PAGE],
      ['usual', 0, PAGE],
    ]);
    expect(readFileSync(at('out')).subarray(PAGE + 50)).toEqual(Buffer.from(bytes.subarray(50)));
  });

  it('is written on at the next page if a direct write is short, and not past a part of a page', async () => {
    let count = 0;
    const writes = await writesOf(
      async (file) => {
        await file.goDirect();
        await file.write(atPage(bytes), 0);
      },
      ([kind, , length]) => (kind === 'usual' ? length : ([PAGE, 512][count++] ?? length)),
    );
    expect(writes).toEqual([
      ['direct', 0, PAGE],
      ['direct', PAGE, 512],
      ['usual', PAGE + 512, 2 * PAGE + 100 - 512],
    ]);
    expect(readFileSync(at('out'))).toEqual(Buffer.from(bytes));
  });

  it('is written through the page cache once the file system has refused a direct write', async () => {
    let refused = 0;
    const refuse = ([kind, , length]: Write) => {
      if (kind === 'usual') return length;
      refused += 1;
      return failing('EINVAL');
    };
    const writes = await writesOf(async (file) => {
      await file.goDirect();
      await file.write(atPage(bytes), 0);
      await file.write(atPage(bytes), 4 * PAGE);
    }, refuse);
    expect(refused).toBe(1);
    expect(writes.map(([kind]) => kind)).toEqual(['usual', 'usual']);
    expect(readFileSync(at('out')).subarray(4 * PAGE)).toEqual(Buffer.from(bytes));
  });

  it.each(['direct', 'usual'])('fails with the error of a %s write', async (kind) => {
    const work = writesOf(
      async (file) => {
        await file.goDirect();
        await file.write(atPage(bytes), 0);
      },
      ([which, , length]) => (which === kind ? failing('ENOSPC') : length),
    );
    const error = await rejection(work, 'ERR_FILE');
    expect(error.path).toBe(at('out'));
    expect(error.message).toContain("can't be written: the disk is full");
  });

  it.each([
    ['cannot be opened twice', 'open'],
    ['cannot be compared', 'handle.stat'],
  ])('uses the page cache if the file %s', async (_, call) => {
    const handle = await open(at('out'), 'w+');
    const file = outputFile(at('out'), handle);
    const before = (name: string) => (name === call ? failing('EACCES') : undefined);
    expect(await onFileSystem({ before }, () => file.goDirect())).toBe(false);
    await file.write(atPage(bytes), 0);
    await file.endDirect();
    await handle.close();
    expect(readFileSync(at('out'))).toEqual(Buffer.from(bytes));
  });

  it('does not write directly into another file', async () => {
    const handle = await open(at('out'), 'w+');
    const file = outputFile(at('out'), handle);
    const stats = await handle.stat({ bigint: true });
    let asked = 0;
    const stat = async () => Object.assign(stats, { ino: BigInt(asked++) });
    Object.assign(handle, { stat });
    const isDirect = await file.goDirect();
    expect([isDirect, asked]).toEqual([false, 1]);
    await handle.close();
  });

  it('ends with the error of closing the second handle', async () => {
    const handle = await open(at('out'), 'w+');
    const file = outputFile(at('out'), handle);
    const before = (name: string) => (name === 'handle.close' ? failing('EIO') : undefined);
    const work = onFileSystem({ before }, async () => {
      await file.goDirect();
      await file.endDirect();
    });
    const error = await rejection(work, 'ERR_FILE');
    expect(error.message).toContain("can't be written: the disk or the network drive");
    // It was closed all the same, and is not closed again.
    await file.endDirect();
    await handle.close();
  });
});

describe('a flush of an output', () => {
  it.each([
    ['EINVAL', 'resolves', ''],
    ['EIO', 'rejects', "can't be flushed to the disk: the disk or the network drive reports"],
  ])('that fails with %s %s', async (code, outcome, message) => {
    const handle = await open(at('out'), 'w+');
    const file = outputFile(at('out'), handle);
    let flushes = 0;
    const before = (name: string) => {
      if (name !== 'handle.datasync') return undefined;
      flushes += 1;
      return failing(code);
    };
    const work = onFileSystem({ before }, () => file.flush());
    if (outcome === 'resolves') await work;
    else expect((await rejection(work, 'ERR_FILE')).message).toContain(message);
    expect(flushes).toBe(1);
    await handle.close();
  });
});
