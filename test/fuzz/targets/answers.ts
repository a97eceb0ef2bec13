// The answers of web servers.

import { BundleSealError } from '../../../src/errors.ts';
import {
  judge,
  parseContentRange,
  parseDate,
  versionOf,
} from '../../../src/sources/http-answer.ts';
import { utf8 } from '../../support/zip.ts';
import { attempt, linear, type Targets, text } from './target.ts';

/** The first line that the server answered with, and its fields. */
function answerOf(input: Uint8Array) {
  const [status, ...lines] = text(input).split('\n');
  const headers = new Headers();
  for (const line of lines) {
    const at = line.indexOf(':');
    try {
      headers.append(line.slice(0, at), line.slice(at + 1));
    } catch {
      // No header of HTTP's; a runtime gives none of these either.
    }
  }
  return { status: Number(status), headers };
}

const VERSION = { size: 1000, etag: '"a"', lastModified: null, ifRange: '"a"' };

const refuse = (what: string) => new BundleSealError('ERR_SOURCE_FAILED', what);

export const ANSWER_TARGETS: Targets = {
  answer: {
    run(input) {
      parseContentRange(text(input));
      parseDate(text(input));
      const answer = answerOf(input);
      attempt(() => versionOf(answer.headers, 1000));
      for (const version of [undefined, VERSION]) {
        for (const [readThrough, compare, ranged] of [
          [false, true, true],
          [true, false, true],
          [false, false, false],
        ] as const) {
          const asked = { from: 0, to: 100, version, compare, readThrough, ranged };
          attempt(() => judge(answer, asked, refuse));
        }
      }
    },
    seeds: async () =>
      [
        '206\ncontent-range: bytes 0-99/1000\netag: "a"\ncontent-length: 100',
        '200\ncontent-length: 1000\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT',
        '416\ncontent-range: bytes */0',
        '416\ncontent-range: bytes */50',
        '200\naccept-ranges: none\ncontent-length: 50',
        'bytes 0-99/*',
        'Sun, 06 Nov 1994 08:49:37 GMT',
      ].map(utf8),
    words: [
      'bytes ',
      '*/',
      '/',
      '-',
      'content-range: ',
      'etag: W/',
      'content-encoding: gzip',
      '9007199254740993',
      '\n',
    ],
    memory: linear,
  },
};
