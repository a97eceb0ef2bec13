// The command line and headers that say more than is so.

import { truncate } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { encryptBundle } from '../../../../src/index.ts';
import { useCli, withProject } from '../../../support/cli.ts';
import { keyB } from '../../../support/vectors.ts';

useCli();

describe('a header that claims 2^25 chunks, in a sparse file of that length', () => {
  it('is inspected without reading its digests, and is refused without allocation if they are needed', async () => {
    await withProject(async (project) => {
      const { bytes } = await encryptBundle(new Uint8Array(10), { privateKey: keyB.pkcs8 });
      bytes[10] = 12;
      new DataView(bytes.buffer).setBigUint64(16, 2n ** 25n * 4096n);
      await project.write('forged.sealed', bytes);
      await truncate(project.path('forged.sealed'), 2 ** 31);
      await project.write('key.pub', keyB.spki);
      await project.write('key', keyB.pkcs8);
      const inspected = await project.json(['bundle', 'inspect', 'forged.sealed']);
      expect(inspected).toMatchObject({ proven: false, chunkCount: 2 ** 25 });
      for (const command of [
        ['bundle', 'inspect', 'forged.sealed', '--key', 'key.pub'],
        ['bundle', 'reseal', 'forged.sealed', '--from', 'key.pub', '--key', 'key'],
      ]) {
        const { code, stderr } = await project.run(command);
        expect(code).toBe(1);
        expect(stderr).toContain('has 33554432 chunks, and no tool seals more than 1048576');
      }
    });
  });
});
