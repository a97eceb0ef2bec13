// The floors of CONTRIBUTING.md: imports go down only, and only some rooms hold cryptography.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../../src');

/** From the ground; rooms on one line may only import what is named before them on it. */
const FLOORS: readonly (readonly string[])[] = [
  [
    'errors',
    'limits',
    'bytes',
    'base64',
    'utf8',
    'fold-table',
    'fold',
    'signals',
    'turn',
    'options',
  ],
  ['format'],
  ['backend', 'keys'],
  ['seal'],
  ['sources'],
  ['bundle'],
  ['archive'],
  ['files'],
  ['capgo'],
  ['release'],
  ['index', 'node', 'zip', 'capgo-node'],
  ['cli'],
];

const PRIMITIVES = /^(@noble\/|micro-rsa-dsa-dh|node:crypto)/;
const MAY_HOLD_PRIMITIVES = /^(backend\/(noble|sha256)\.ts|capgo\/cbc-noble\.ts|keys\/|seal\/)/;

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(SRC, from), 'utf8').replace(/^\s*(\*|\/\/).*$/gm, '');
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|import\('([^']+)'\)/g,
  );
  return [...found].map(([, type, fixed, dynamic]) => {
    const target = (fixed ?? dynamic) as string;
    const to = target.startsWith('.')
      ? relative(SRC, normalize(join(SRC, dirname(from), target))).replaceAll('\\', '/')
      : target;
    return { from, to, typeOnly: type !== undefined };
  });
});

const room = (file: string) =>
  (file.includes('/') ? file.split('/')[0] : file.replace(/\.ts$/, '')) as string;
const floor = (file: string) => FLOORS.findIndex((rooms) => rooms.includes(room(file)));
const inside = imports.filter(({ to }) => to.endsWith('.ts'));
const outside = imports.filter(({ to, typeOnly }) => !to.endsWith('.ts') && !typeOnly);
const show = ({ from, to }: Import) => `${from} imports ${to}`;

describe('the layers', () => {
  it('are seen by this test', () => {
    expect(files.length).toBeGreaterThan(25);
    expect(inside.length).toBeGreaterThan(60);
    expect(imports.map(show)).toContain('backend/select.ts imports backend/noble.ts');
  });

  it('have a floor for every file', () => {
    expect(files.filter((file) => floor(file) === -1)).toEqual([]);
  });

  it('import downward only', () => {
    const upward = inside.filter(({ from, to }) => {
      if (room(from) === room(to)) return false;
      const rooms = FLOORS[floor(from)] ?? [];
      return floor(to) === floor(from)
        ? rooms.indexOf(room(to)) >= rooms.indexOf(room(from))
        : floor(to) > floor(from);
    });
    expect(upward.map(show)).toEqual([]);
  });

  it('have no circles', () => {
    const below = new Map(files.map((file) => [file, new Set<string>()]));
    for (const { from, to, typeOnly } of inside) if (!typeOnly) below.get(from)?.add(to);
    const seen = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, `a circle: ${[...path, file].join(' > ')}`).not.toContain(file);
      if (seen.has(file)) return;
      for (const next of below.get(file) ?? []) visit(next, [...path, file]);
      seen.add(file);
    };
    for (const file of files) visit(file, []);
  });

  it("keep cryptography in backend/noble, keys and seal; Capgo's cipher in a room of its own", () => {
    const strangers = outside.filter(
      ({ from, to }) => PRIMITIVES.test(to) && !MAY_HOLD_PRIMITIVES.test(from),
    );
    expect(strangers.map(show)).toEqual([]);
  });

  it('import nothing from outside but primitives, modules of Node, and fflate for archives; the cli what it bundles', () => {
    const strangers = outside.filter(
      ({ from, to }) =>
        !PRIMITIVES.test(to) &&
        !to.startsWith('node:') &&
        !(to === 'fflate' && room(from) === 'archive') &&
        room(from) !== 'cli',
    );
    expect(strangers.map(show)).toEqual([]);
  });

  it('import modules of Node for files and the cli alone: a bundler for browsers would stumble over them', () => {
    const strangers = outside.filter(
      ({ from, to }) => to.startsWith('node:') && !['files', 'cli'].includes(room(from)),
    );
    expect(strangers.map(show)).toEqual([]);
  });

  it('keep the concrete backends from everything but their choice', () => {
    const concrete = inside.filter(
      ({ from, to }) =>
        /^backend\/(node|webcrypto|noble)\.ts$/.test(to) && room(from) !== 'backend',
    );
    expect(concrete.map(show)).toEqual([]);
  });

  it('have files that are understood in one sitting', () => {
    const long = files.filter(
      (file) => readFileSync(join(SRC, file), 'utf8').split('\n').length > 350,
    );
    expect(long).toEqual([]);
  });
});
