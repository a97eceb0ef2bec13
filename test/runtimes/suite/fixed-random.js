// The same bytes from the same session key: there is no way to hand one in, so the platform's source of
// randomness is what gives it.

/** Runs the work while the first draws are the given ones; later draws (blinding, say) are real. */
export async function withDraws(draws, work) {
  const source = globalThis.crypto;
  const own = Object.getOwnPropertyDescriptor(source, 'getRandomValues');
  const real = source.getRandomValues.bind(source);
  const left = [...draws];
  const value = (array) => {
    if (left[0]?.length !== array.length) return real(array);
    array.set(left.shift());
    return array;
  };
  Object.defineProperty(source, 'getRandomValues', { value, configurable: true });
  try {
    const made = await work();
    if (left.length > 0) throw new Error('the library drew its session key from elsewhere');
    return made;
  } finally {
    if (own === undefined) delete source.getRandomValues;
    else Object.defineProperty(source, 'getRandomValues', own);
  }
}
