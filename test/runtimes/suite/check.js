// The few assertions that the suite needs, with nothing but the language underneath.

export function equal(got, wanted, what = 'value') {
  if (!Object.is(got, wanted)) throw new Error(`${what}: expected ${wanted}, got ${got}`);
}

export function equalBytes(got, wanted, what = 'bytes') {
  equal(Object.prototype.toString.call(got), '[object Uint8Array]', what);
  equal(got.length, wanted.length, `${what}: length`);
  for (let i = 0; i < got.length; i++) equal(got[i], wanted[i], `${what}: byte ${i}`);
}

/** That the work is refused with this code, and a message. Returns the error. */
export async function refused(work, code) {
  const error = await failure(work);
  equal(error.name, 'BundleSealError', `${error}`);
  equal(error.code, code, `code of "${error.message}"`);
  if (error.message.length < 20) throw new Error(`the message says too little: ${error.message}`);
  return error;
}

/** What the work rejects with. */
export async function failure(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was refused');
}
