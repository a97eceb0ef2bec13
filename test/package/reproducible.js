// Whether the same source makes the same tarball, byte for byte: packed from two fresh copies of the tree, in folders
// of other names and depths, with other times on the files, in other time zones, languages and umasks. One Node and one
// npm: another's gzip may write other bytes.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

const PLACES = [
  { folder: 'a', time: '2001-02-03T04:05:06Z', umask: '022', env: { TZ: 'UTC', LC_ALL: 'C' } },
  {
    folder: 'another place/further down/b',
    time: '2031-12-30T23:59:58Z',
    umask: '077',
    env: { TZ: 'Asia/Kathmandu', LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: '1' },
  },
];

const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' });
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Copies the working tree, committed or not, without the files that git ignores. */
function copyTree(target, time) {
  const listed = git('ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0');
  for (const path of listed) {
    if (path === '' || !existsSync(join(ROOT, path))) continue;
    mkdirSync(dirname(join(target, path)), { recursive: true });
    copyFileSync(join(ROOT, path), join(target, path));
    utimesSync(join(target, path), new Date(time), new Date(time));
  }
}

function pack({ folder, time, umask, env }, temporary) {
  const target = join(temporary, folder);
  const out = join(target, 'packed');
  copyTree(target, time);
  // Hard links: a copy in all that a build can see of it, and made at once.
  execFileSync('cp', ['-al', join(ROOT, 'node_modules'), join(target, 'node_modules')]);
  mkdirSync(out);
  execFileSync('sh', ['-c', `umask ${umask} && npm pack --silent --pack-destination packed`], {
    cwd: target,
    env: { ...process.env, ...env },
  });
  const [name] = readdirSync(out);
  const bytes = readFileSync(join(out, name));
  execFileSync('tar', ['-xzf', name], { cwd: out });
  const files = new Map();
  const unpacked = join(out, 'package');
  for (const entry of readdirSync(unpacked, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(unpacked.length + 1), sha256(readFileSync(path)));
  }
  return { name, bytes, files };
}

const temporary = mkdtempSync(join(tmpdir(), 'bundleseal-reproducible-'));
try {
  const [first, second] = PLACES.map((place) => pack(place, temporary));
  if (first.files.size < 10) throw new Error('the tarball is all but empty');
  if (first.bytes.equals(second.bytes)) {
    console.log(`${first.name}: packed twice, equal bytes, sha256 ${sha256(first.bytes)}`);
  } else {
    console.log(`${first.name}: packed twice, the bytes differ`);
    const paths = new Set([...first.files.keys(), ...second.files.keys()]);
    const differing = [...paths].filter((path) => first.files.get(path) !== second.files.get(path));
    for (const path of differing.slice(0, 20)) console.log(`  ${path}`);
    if (differing.length > 20) console.log(`  and ${differing.length - 20} more`);
    if (differing.length === 0) console.log('  only in modes, times or the order of the files');
    process.exitCode = 1;
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
