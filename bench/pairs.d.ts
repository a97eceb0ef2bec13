export function filesOf(
  name: string,
  folder: string,
  version: string,
): Record<string, Uint8Array<ArrayBuffer>>;
