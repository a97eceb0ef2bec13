// What an error of the file system tells the user.

import { describe, expect, it } from 'vitest';
import { checkPath, fileError, onFile, UNREADABLE } from '../../../src/files/error.ts';
import { failureOf } from '../../support/errors.ts';

const withCode = (code: string) => Object.assign(new Error(`${code}: something`), { code });

describe('an error of the file system', () => {
  it.each([
    ...['ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'],
    ...['EFBIG', 'EMFILE', 'ENFILE', 'EBUSY', 'ERR_ACCESS_DENIED', 'ELOOP', 'ENAMETOOLONG'],
    ...['EINVAL', 'EIO', 'ESTALE'],
  ])('with the code %s says what is wrong and what to do, and keeps its cause', async (code) => {
    const cause = withCode(code);
    const error = fileError('a "b"', UNREADABLE, cause);
    expect(error).toMatchObject({ code: 'ERR_FILE', path: 'a "b"', cause });
    expect(error.message).toMatch(/^"a \\"b\\"" can't be read: [-A-Za-z' ]{10,}, [-a-z ]{10,}$/);
    expect(error.message).not.toContain(code);
    const { message } = error;
    expect(await failureOf(onFile('a "b"', UNREADABLE, Promise.reject(cause)))).toMatchObject({
      message,
      cause,
    });
  });

  it('with another code names the code', () => {
    expect(fileError('a', UNREADABLE, withCode('ENXIO')).message).toBe(
      '"a" can\'t be read: the system says ENXIO',
    );
  });

  it('without a code or a cause says no more than what is wrong', () => {
    const cause = new Error('no code');
    expect(fileError('a', UNREADABLE, cause)).toMatchObject({
      message: '"a" can\'t be read',
      cause,
    });
    const error = fileError('a', 'was changed');
    expect(error.message).toBe('"a" was changed');
    expect('cause' in error).toBe(false);
  });
});

describe('a path', () => {
  it.each<[unknown, string]>([
    [5, 'dir expected a path as a string, got a number'],
    ['', 'dir expected a path, got an empty string'],
    ['a\0b', 'dir expected a path, got one with a NUL in it'],
  ])('of %j is refused: %s', (path, message) => {
    expect(() => checkPath('dir', path)).toThrow(new TypeError(message));
  });

  it('of any other text is accepted', () => {
    for (const path of [' ', '.', 'a/b', 'C:\\a'])
      expect(() => checkPath('dir', path)).not.toThrow();
  });
});
