// Deflated zeros, which the tests of zip bombs share.

import { zipBundle } from '../../src/zip.ts';

export const MIB: number = 2 ** 20;

/** 8 MiB of zeros, deflated to about 10 kB. */
export async function deflatedZeros(): Promise<Uint8Array> {
  const zip = await zipBundle({ z: new Uint8Array(8 * MIB) });
  const view = new DataView(zip.buffer, zip.byteOffset);
  return zip.subarray(31, 31 + view.getUint32(18, true));
}

export async function drain(files: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of files);
}
