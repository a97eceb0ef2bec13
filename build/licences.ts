// Collects the licences of bundled packages, which have to be published with them. Licence checkers read installed
// packages, but only the bundler knows the bundled ones, so this is a plugin.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';

/**
 * Licences that require only that their text is included. Any other licence stops the build until a maintainer has
 * read it.
 */
export const ALLOWED: readonly string[] = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
];

export interface Licensed {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly text: string;
}

/** A package's licence and the text that has to be published. */
export function licenceOf(folder: string): Licensed {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!ALLOWED.includes(license)) {
    throw new Error(
      `${name} ${version} has the licence ${license}: not one of ${ALLOWED.join(', ')}`,
    );
  }
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)([.-]|$)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim());
  if (texts.length === 0) {
    throw new Error(`${name} ${version} comes without the text of its licence`);
  }
  return { name, version, license, text: texts.join('\n\n') };
}

/** Finds the packages of `node_modules` in a bundle. The metafile's paths begin in `root`. */
export function bundledLicences(metafile: Metafile, root: string): Licensed[] {
  const folders = new Set<string>();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
      if (folder !== undefined && bytesInOutput > 0) folders.add(resolve(root, folder));
    }
  }
  // The same version may be installed in two places.
  const byName = new Map<string, Licensed>();
  for (const each of [...folders].map(licenceOf)) byName.set(`${each.name} ${each.version}`, each);
  return [...byName.keys()].sort().map((name) => byName.get(name) as Licensed);
}

/**
 * Writes the licences of bundled packages to a file. Fails the build if a licence is not allowed or has no text.
 */
export function writeLicences(file: string): Plugin {
  return {
    name: 'licences',
    setup({ initialOptions, onEnd }): void {
      initialOptions.metafile = true;
      onEnd(({ metafile }) => {
        if (metafile === undefined) return;
        const root = initialOptions.absWorkingDir ?? process.cwd();
        const sections = bundledLicences(metafile, root).map(
          ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`,
        );
        const head =
          'What cli.js and the files of cli/ hold of others, and under which licences.\n';
        writeFileSync(file, [head, ...sections].join(`\n${'-'.repeat(80)}\n\n`));
      });
    },
  };
}
