// m^d mod n by the Chinese remainder theorem without any blinding.

function power(base, exponent, modulus) {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

/** @param {import('../../src/keys/rsa.ts').RsaPrivateKey} key @param {bigint} message */
export function unblinded({ p, q, dp, dq, qi }, message) {
  const sp = power(message % p, dp, p);
  const sq = power(message % q, dq, q);
  const h = (((qi * (sp - sq)) % p) + p) % p;
  return sq + q * h;
}
