// Seals the signed JSON documents: the index and the list of keys.

import type { BackendChoice } from '../backend/backend.ts';
import { encryptObject } from '../bundle/encrypt.ts';
import type { Kind } from '../format/header.ts';
import type { Metadata } from '../format/metadata.ts';
import type { PrivateKeyInput } from '../keys/strict.ts';
import type { Signer } from '../seal/signing-key.ts';
import { encodeUtf8 } from '../utf8.ts';

/** The options of sealing a document. */
export interface DocumentSealing {
  readonly privateKey: PrivateKeyInput | Signer;
  readonly metadata: Metadata;
  readonly signal?: AbortSignal | undefined;
  readonly backend?: BackendChoice | undefined;
}

export async function sealDocument(
  value: unknown,
  kind: Kind,
  { privateKey, metadata, signal, backend }: DocumentSealing,
): Promise<Uint8Array> {
  const options = { privateKey, metadata, signal, ...(backend && { backend }) };
  return (await encryptObject(encodeUtf8(JSON.stringify(value)), options, kind)).bytes;
}
