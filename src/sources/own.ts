// What this library made or let through. Its streams and sources feed each other, and what a caller's signal or callback
// threw in one of them comes out of the next one as it is, and not as the cause of "the source failed".

const own = new WeakSet<object>();

/** Remembers a stream or a source that this library gives out, or an error that one of them ends with. */
export function markOwn<T>(it: T): T {
  if ((typeof it === 'object' && it !== null) || typeof it === 'function') own.add(it);
  return it;
}

export function isOwn(it: unknown): boolean {
  return own.has(it as object);
}
