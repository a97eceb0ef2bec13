// The messages for the failures of a device's store.

import { describe, expect, it } from 'vitest';
import { BundleSealError } from '../../../src/index.ts';
import { onStore, toStoreError } from '../../../src/update/store-error.ts';

const FULL =
  'the file could not be written: the storage is full. Free some space, then check for updates again. The installed release keeps running';
const FORBIDDEN =
  'the file could not be written: the app has no permission to use the storage. Grant it. The installed release keeps running';
const OTHER = 'the file could not be written: the member cause of this error has the reason';

describe('a failure of a store', () => {
  it.each<[unknown, string]>([
    [new DOMException('no room', 'QuotaExceededError'), FULL],
    [{ code: 'ENOSPC' }, FULL],
    [{ code: 'EDQUOT' }, FULL],
    [new DOMException('no access', 'SecurityError'), FORBIDDEN],
    [{ code: 'EACCES' }, FORBIDDEN],
    [{ code: 'EPERM' }, FORBIDDEN],
    [{ code: 'EROFS' }, FORBIDDEN],
    [new BundleSealError('ERR_FILE', 'no', { cause: { code: 'ENOSPC' } }), FULL],
    [{ code: 'ENOSPC', cause: new Error('another reason') }, OTHER],
    [{ code: 'EIO' }, OTHER],
    [undefined, OTHER],
    [null, OTHER],
    ['text', OTHER],
  ])('has a remedy for %o', (cause, message) => {
    const error = toStoreError('the file could not be written', cause);
    expect(error).toMatchObject({ code: 'ERR_STORE', message });
    expect(error.cause).toBe(cause);
  });

  it('is the same error if the store rejects with ERR_STORE itself', async () => {
    const own = new BundleSealError('ERR_STORE', 'the release is gone');
    await expect(onStore('the file', () => Promise.reject(own))).rejects.toBe(own);
    expect(await onStore('the file', async () => 5)).toBe(5);
  });
});
