// The machine in the names of temporary files, so that no machine removes the files that another one is writing.
// @vitest-environment-options { "own": "machine" }

import { afterEach, describe, expect, it, vi } from 'vitest';

/** What the system says. An undefined text cannot be read. */
interface Machine {
  readonly host?: string;
  readonly id?: string | undefined;
  readonly namespace?: string | undefined;
  readonly boot?: string | undefined;
  readonly hasProcesses?: boolean;
}

const USUAL = {
  host: 'build',
  id: '0123456789abcdef0123456789abcdef\n',
  namespace: 'pid:[4026531836]',
  boot: '89abcdef-0123-4567-89ab-cdef01234567\n',
  hasProcesses: true,
};

const system = vi.hoisted(() => ({ machine: {} as Machine }));

function orMissing(text: string | undefined): string {
  if (text === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
  return text;
}

vi.mock(import('node:fs'), async (original) => {
  const real = await original();
  const readFileSync = ((path: string, ...rest: never[]) => {
    const { id, boot, hasProcesses } = system.machine;
    if (path === '/etc/machine-id') return orMissing(id);
    if (path === '/proc/sys/kernel/random/boot_id') return orMissing(boot);
    if (/^\/proc\/\d+\/stat$/.test(path) && hasProcesses === false) return orMissing(undefined);
    return real.readFileSync(path, ...rest);
  }) as typeof real.readFileSync;
  const readlinkSync = ((path: string, ...rest: never[]) =>
    path === '/proc/self/ns/pid'
      ? orMissing(system.machine.namespace)
      : real.readlinkSync(path, ...rest)) as typeof real.readlinkSync;
  return { ...real, readFileSync, readlinkSync, default: real };
});

vi.mock(import('node:os'), async (original) => {
  const real = await original();
  return { ...real, hostname: () => system.machine.host ?? '', default: real };
});

afterEach(() => vi.resetModules());

/** Starts the module anew on such a machine. */
async function on(machine: Machine) {
  system.machine = { ...USUAL, ...machine };
  vi.resetModules();
  return import('../../../src/files/temporary.ts');
}

const PARTS =
  /^\.app\.[0-9a-f]{16}_(?<place>[0-9a-f]+)_(?<boot>[0-9a-f]+)_(?<start>\d+)-(?<pid>\d+)-/;

type Parts = Readonly<Record<'place' | 'boot' | 'start', string>>;

async function partsOn(machine: Machine): Promise<Parts> {
  const { nameTemporary } = await on(machine);
  return PARTS.exec(await nameTemporary('app'))?.groups as unknown as Parts;
}

describe('the place in a temporary name', () => {
  it('is the same for each process of a machine', async () => {
    const { place } = await partsOn({});
    expect(place).toMatch(/^[0-9a-f]{16}$/);
    expect((await partsOn({})).place).toBe(place);
    expect((await partsOn({ boot: 'another', id: USUAL.id.trim() })).place).toBe(place);
  });

  it('differs between machines, between containers, and if the system hides them', async () => {
    const places = new Set<string>();
    for (const machine of [
      {},
      { host: 'other' },
      { id: 'fedcba9876543210fedcba9876543210\n' },
      { id: undefined },
      { namespace: 'pid:[4026532000]' },
      { namespace: undefined },
      { id: undefined, namespace: undefined },
      // The same characters in other parts.
      { host: 'build0', id: USUAL.id.slice(1) },
    ]) {
      places.add((await partsOn(machine)).place);
    }
    expect(places.size).toBe(8);
  });
});

describe('the boot in a temporary name', () => {
  it.each([
    [USUAL.boot, '89abcdef0123'],
    ['a-b-c', 'abc'],
    ['', '0'],
    [undefined, '0'],
  ])('is the beginning of its id: %j', async (boot, expected) => {
    expect((await partsOn({ boot })).boot).toBe(expected);
  });
});

describe('a process on a system that says of no process when it started', () => {
  it('has the start 0, and other processes are gone or unknown', async () => {
    const { start } = await partsOn({ hasProcesses: false });
    expect(start).toBe('0');
    const { fateOfTemporary, forgetTemporary, nameTemporary } = await on({ hasProcesses: false });
    const own = await nameTemporary('app');
    forgetTemporary(own);
    const fateOf = (pid: number) =>
      fateOfTemporary('app', own.replace(`_0-${process.pid}-`, `_0-${pid}-`));
    expect(await fateOf(process.ppid)).toBe('unknown');
    // Above the largest number of a process on Linux.
    expect(await fateOf(2 ** 22 + 1)).toBe('gone');
    // A system that knew the start, for example before /proc was hidden, wrote the name.
    const known = own.replace(`_0-${process.pid}-`, `_123-${process.ppid}-`);
    expect(await fateOfTemporary('app', known)).toBe('unknown');
  });
});
