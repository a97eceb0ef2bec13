// Keys of users that this library does not accept. OpenSSL 3 and ssh-keygen made them for these tests only. They are
// constants, so that the tests run in a browser too.

/** PEM with its body in one line. */
function pem(label: string, body: string): string {
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

export const ecPkcs8: string = pem(
  'PRIVATE KEY',
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4JQCnoukrCt/X9CpOuMEEM5bpBpNHy5MLNXxgV+tdxmhRANCAASf5zixgm41r2asjrnGACYy3/UmJ12+AMjzznPLj0+VRLla5PyFxdPpCitFwm+ZLMgpz9+5G/hvL26fo55z91G4',
);
export const ecSec1: string = pem(
  'EC PRIVATE KEY',
  'MHcCAQEEIOCUAp6LpKwrf1/QqTrjBBDOW6QaTR8uTCzV8YFfrXcZoAoGCCqGSM49AwEHoUQDQgAEn+c4sYJuNa9mrI65xgAmMt/1JiddvgDI885zy49PlUS5WuT8hcXT6QorRcJvmSzIKc/fuRv4by9un6Oec/dRuA==',
);
export const ecSpki: string = pem(
  'PUBLIC KEY',
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEn+c4sYJuNa9mrI65xgAmMt/1JiddvgDI885zy49PlUS5WuT8hcXT6QorRcJvmSzIKc/fuRv4by9un6Oec/dRuA==',
);
export const ed25519Pkcs8: string = pem(
  'PRIVATE KEY',
  'MC4CAQAwBQYDK2VwBCIEILmIpyRLIaLNoYdSMwEjL5No9vB/7cV/UstdeG7gsE7h',
);
export const ed25519Spki: string = pem(
  'PUBLIC KEY',
  'MCowBQYDK2VwAyEAqAI7eZOnpVQM6ac9ZE56k5HXbZo64l7ceHXxcUclUSE=',
);
export const x25519Spki: string = pem(
  'PUBLIC KEY',
  'MCowBQYDK2VuAyEA+nOpub4s4QXToLoihX1oQuCq8/GJ81HqJ7pYtWF+YH0=',
);
export const encryptedPkcs8: string = pem(
  'ENCRYPTED PRIVATE KEY',
  'MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhLwxZDS6/mxwICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEE/WFKCen6br8T3ODERzQY4EgZDE51mDfWhfgxwC4iO2UwOgvpB5gelX5Xe1L6sXgD6Kd7hRvD35VDLsMXNUZvdw5YjSHLlj2W4Jde6oRAoiYoZR2Z2yYeqrck/ImajyqLsZ81suvoYJOTGNJc2ynzoD3PLR3uClKItaH1lcb6ysZIAXDDuA7nq65uVzIMz7kze7270m8KdfO7dz4KP/tgdimL0=',
);
export const openSshPrivate: string = pem(
  'OPENSSH PRIVATE KEY',
  'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQAAACCDBV8LmGhJ6MySL4wUiSElfbI3H72QNE09f53yN2yp+wAAAIgk0CSXJNAklwAAAAtzc2gtZWQyNTUxOQAAACCDBV8LmGhJ6MySL4wUiSElfbI3H72QNE09f53yN2yp+wAAAEA0gPj6qtf0fLgQScEbDLj9HAUgtt1ccdxJeSS1kPLdbIMFXwuYaEnozJIvjBSJISV9sjcfvZA0TT1/nfI3bKn7AAAABHRlc3QB',
);
export const certificate: string = pem(
  'CERTIFICATE',
  'MIIBdTCCARugAwIBAgIUTsF9798FOuzH+3FywyoWtUT8WTIwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjMwNzA5MTBaGA8yMTI2MTAzMDA3MDkxMFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJ/nOLGCbjWvZqyOucYAJjLf9SYnXb4AyPPOc8uPT5VEuVrk/IXF0+kKK0XCb5ksyCnP37kb+G8vbp+jnnP3UbijUzBRMB0GA1UdDgQWBBQwBUgpIEy52S9Bu5xo+Hcok+KhdDAfBgNVHSMEGDAWgBQwBUgpIEy52S9Bu5xo+Hcok+KhdDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIB6mKHY4jYzdcEGGzi9NxTvAtD/I9sAODEiPR9BUjDrSAiEA/H87+FxGma672pSvZ4W3vn1hK6QfrmSOYevRDkLggXI=',
);
export const certificateRequest: string = pem(
  'CERTIFICATE REQUEST',
  'MIHJMHECAQAwDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJ/nOLGCbjWvZqyOucYAJjLf9SYnXb4AyPPOc8uPT5VEuVrk/IXF0+kKK0XCb5ksyCnP37kb+G8vbp+jnnP3UbigADAKBggqhkjOPQQDAgNIADBFAiEA3cSkPvaaVHSDEKjgX2Gq3+CWFmefn1biAGCJQ5XJWY0CIAs8J5M9Xf+6fAHO+Z3pJg4e9zWsTRZeCuUgmQq55r/8',
);
export const rsa2048Pkcs8: string = pem(
  'PRIVATE KEY',
  'MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCeQAUs+K1RjLlzK1ScrzVRhg8ZEStLK8bFA8Owd9TMq2XHAd7P1gHFdWbi4tx70U9vt2UoFnvYC6AVxW2TWikwtkivlTRwWoZ66y5QPbt4eC/dk8VnXLJa6Ewd4YTyP0EYTa7c6skDpwpWdglmEcwuh5j6QtMm36Ss+TlxNxBz5iJce3Wlo+h/4Wz05//N7Y4nuP4NpKxIWMzRi9USr3LLsNOXii0Nx+NnqIex7utEKjGrVGbar/dwUpR+DnHbTlcGtJk1BPi+D/ZcLgce4BEmzJnfVO315omS1Mr9daoCs0avNAMpp++lOpoxrrVte2eguNtGHdqWC/CAwfVdV5x5AgMBAAECggEAAesJylrkuj4f5MQOjHbcbKsDc8eGTSzsokTdN6j/SLsFqsM1WMEQDbYgnHywLfd3tkV3/kdQmVvBmoLXPd0gir2jU2eAxMv4/V8I44knIQkZ5sHzzMfYt0BP1sPhfMlrxG2P9CvvXE6Obn5a06R5v+aFBZUWRfHg2PeNJbfZumVwkyCBitBzVWIdNfgbzRkA4XHHtFDXmBxc5Rwpb50yAKjAiQVawqKA1RBpbo8BBDjqmxiRGKyOUzXaIAQH6QA6mORfH9nqiE9jgkDYkrLn3jdqkHbYYIIuLqMDiZmMciwWTbT7l4wIiVYasnNtmOA5TvhLVA6jvJ60GaO1mZ7coQKBgQDJt5rCBnG0SKx/ja/C233V7G/DU53e3qi9bfmXdA4AsRUS5CKn/9X3T3DBWZpofBSE9w9lYR46xcOQXSy7lh5xrcoO6wicS7ze0WTArlXPqhCui7kpBXsGh3SXTTyAunnCNOx/eVmifRRlL3N692H4AEgGBUsVMR0xtcv5ZzGpUQKBgQDI1fHFszulO/66gtvkSqrhoie+6qgcRKY4U4CE0wm8DvXawKvCd/M40Xss9As0qAEj8xoE3JeC5NCZBAhq23/3doWAs4RDTt+NpQtg/qICv4XSSBk4S/1AYA+j+OvmWTtTHHNoe6MBS4AC95wZqWg8FNZS9cxPvDc/hO/owGv2qQKBgQC2fITkDOJmv+xWRL8CIIGZu5lscsP6sSKkpM5NBu/4DjvLaFo19AwE/Xg7Yy1+YupJVB04kQDBGNKQUsq6Ndf67cdDcbvLcfU++t4UNmNpSChpT/xFsTCYOojurDAVIR4v5KMju4uspU2DMMdfMlgN/WsrDzTayiDoLNiIG6Rg0QKBgQDE2IWne9xLQPmT/2zdXp4Ml24Tf1YUlujArn96MIsLCzLIHS58Zis7ln7/eZd+Hek4Pi9Tco8CWZlnUP+bFNdhSobhtZI+kpEk+Q6lHA7ZWLUmfUpS1pA7x6us0O8OkIlIFcu8Lep/+2tV/THAKT4kHVxQZeDCij0wgfDPlcJ8OQKBgDRZdc4q8m+cd9R4NRV4OYWI6LnbpyciOBo5gtjUsb/AvZnhvoB8rfat6ZXjNvY7eW4ju+82WxRSUvR2WgGp8yn4X4vllDigZm9LPw0h8Skb8/pk6FIg3rWBTI2jCsTWgMN3iryH8+CoU4PxfsIEOyDVO6I0lw9BkcrU59TJxneK',
);
export const rsa2048Spki: string = pem(
  'PUBLIC KEY',
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnkAFLPitUYy5cytUnK81UYYPGRErSyvGxQPDsHfUzKtlxwHez9YBxXVm4uLce9FPb7dlKBZ72AugFcVtk1opMLZIr5U0cFqGeusuUD27eHgv3ZPFZ1yyWuhMHeGE8j9BGE2u3OrJA6cKVnYJZhHMLoeY+kLTJt+krPk5cTcQc+YiXHt1paPof+Fs9Of/ze2OJ7j+DaSsSFjM0YvVEq9yy7DTl4otDcfjZ6iHse7rRCoxq1Rm2q/3cFKUfg5x205XBrSZNQT4vg/2XC4HHuARJsyZ31Tt9eaJktTK/XWqArNGrzQDKafvpTqaMa61bXtnoLjbRh3algvwgMH1XVeceQIDAQAB',
);
export const pssSpki: string = pem(
  'PUBLIC KEY',
  'MIIBoDALBgkqhkiG9w0BAQoDggGPADCCAYoCggGBANObgU9/OKfW0b6zvkGogpUfEkKSWRbRR9LIiCOEySVRfDBy3SPG69rJcb+w3Gnb+7KOJ+aCQ4ffW88c78aCjY8E0A5hyQk06LPlubAs9w6UVI3oq9pUhvqc35wMkdU6TipiEjIm3shdtofV7jgDzcQfXgmOekOhle/889w1k+W4OaAfFRYgcX8p6lIBB+JCB36gVImTvpsOMnbkxMO0G5TroZDaB/m6Cz8ieINF4fd638wHBgeK7QAk1w29I7P1UScyhj4MuYYvv3G5RNai7iUZAVZithe7fsiI7DCW6MK3Xch8oIA+KAA8fL8aQMAV4Wk6VvXYjQm0+KtlUXcLeYX+gHvZDXm+10wD16KkiLCny4OScCJkShDY7gwXVXOKmwG0L6eSDYRJrEQikyOG++VYUahBlWy0XTqzJeEl2CGRwnojbbmWiG+bSl4DnTVYd2aDpkdY9gTUJ5XK6Mqlb29b0XEyoW8YUgJZIBRfkd6EfKR9p8526x2XsVy5D1EqWQIDAQAB',
);
export const dsaPkcs8: string = pem(
  'PRIVATE KEY',
  'MIIBWwIBADCCATMGByqGSM44BAEwggEmAoGBAIudEVPCKFqh1Xghpf+DrS9NudQN0n2niBSKTJyenOXIfHpDA1sEVsiMaZtMNidzNT7CYLQjghT6rPiNDv7YtDAPasgYs0tIFsi76xakP8hOe5DlfitCrRCEEDLfCa1UHGYGgxYRVr5TRtkXVSdWCkwUyyBf4/CnBNkc39jvU+/pAh0A0LZHr4FenovEOFT6kGPQIVZ5R1frEgPm2OSBFwKBgHk0eDTl3Xuq6ASINVjO+ilZ4D11TFOdxJ2fBm8XRrniUpWQuTPFgNnH+OKxlSoyfQktuU1dQtyb2E6jPPaLkIX81B5wDUMHD3PrOKoMrcxXjN3RpDlFbgcbAui9FmTXo8uV50shuMkonGvnJoAqEOfuW7uwqXK+xYbhM5CJDfZGBB8CHQCv6rfT9TBKBgaWIM9aVfYkRwXXznRKlsM0FMOu',
);
export const dsaTraditional: string = pem(
  'DSA PRIVATE KEY',
  'MIIBywIBAAKBgQCLnRFTwihaodV4IaX/g60vTbnUDdJ9p4gUikycnpzlyHx6QwNbBFbIjGmbTDYnczU+wmC0I4IU+qz4jQ7+2LQwD2rIGLNLSBbIu+sWpD/ITnuQ5X4rQq0QhBAy3wmtVBxmBoMWEVa+U0bZF1UnVgpMFMsgX+PwpwTZHN/Y71Pv6QIdANC2R6+BXp6LxDhU+pBj0CFWeUdX6xID5tjkgRcCgYB5NHg05d17qugEiDVYzvopWeA9dUxTncSdnwZvF0a54lKVkLkzxYDZx/jisZUqMn0JLblNXULcm9hOozz2i5CF/NQecA1DBw9z6ziqDK3MV4zd0aQ5RW4HGwLovRZk16PLledLIbjJKJxr5yaAKhDn7lu7sKlyvsWG4TOQiQ32RgKBgG7BbmWF1F5yVBuUMXu3FYBKNIk00lD4i1f1K6nLqLMfmXF/8/91ow9bJ++16bEag08aC7mlJeDUVIsNo2MSJ4qGIlo3x8SX18hbnVukYVRwjEbKu6G/0Cyf+9FzBTDVZ0eAx+ZYiM6g5EFiCuaHUXx2VfjHkniiQFB+BIoUN6C7Ah0Ar+q30/UwSgYGliDPWlX2JEcF1850SpbDNBTDrg==',
);
export const dsaSpki: string = pem(
  'PUBLIC KEY',
  'MIIBvjCCATMGByqGSM44BAEwggEmAoGBAIudEVPCKFqh1Xghpf+DrS9NudQN0n2niBSKTJyenOXIfHpDA1sEVsiMaZtMNidzNT7CYLQjghT6rPiNDv7YtDAPasgYs0tIFsi76xakP8hOe5DlfitCrRCEEDLfCa1UHGYGgxYRVr5TRtkXVSdWCkwUyyBf4/CnBNkc39jvU+/pAh0A0LZHr4FenovEOFT6kGPQIVZ5R1frEgPm2OSBFwKBgHk0eDTl3Xuq6ASINVjO+ilZ4D11TFOdxJ2fBm8XRrniUpWQuTPFgNnH+OKxlSoyfQktuU1dQtyb2E6jPPaLkIX81B5wDUMHD3PrOKoMrcxXjN3RpDlFbgcbAui9FmTXo8uV50shuMkonGvnJoAqEOfuW7uwqXK+xYbhM5CJDfZGA4GEAAKBgG7BbmWF1F5yVBuUMXu3FYBKNIk00lD4i1f1K6nLqLMfmXF/8/91ow9bJ++16bEag08aC7mlJeDUVIsNo2MSJ4qGIlo3x8SX18hbnVukYVRwjEbKu6G/0Cyf+9FzBTDVZ0eAx+ZYiM6g5EFiCuaHUXx2VfjHkniiQFB+BIoUN6C7',
);
/** RSA-1024 with a passphrase, in the form before PKCS#8. */
export const encryptedLegacy: string = pem(
  'RSA PRIVATE KEY',
  'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,09A2BA8951C2D1054A34F3D8C483E5BA\n\noXosqVfSBXEatHFjfT8K/XMFKZfvdDfySwF2UqGDvlYyZN4ZGIeS1t580Hc9z3nywUvQlxCGSpYQHjLbmfEgtoneNGK4Iqgo2vQCwRYmt1ggnGccURkKysiHnkzX7C1YItuHOkVT9ZjozWrSGOOEM+qSTG0AmRL3xPdyOpn/vdoT6lUFPcxZbsrGJteBGsFx2kmr37fahDgLxkQ8Skg+wFkzpASB+zZ81JFNaQ1XSPg9r2Mq23/G4bR4DX306XRpodGlnp4gKUXi/holenYv7QIF5RWYYIt8dNfrFOUQmLw2HJsE7jsgYl6d3Vto8jOQGQaPCQzOjpx1bBowB5tQ9kKV7YfsiphOEOfnO+014+pWaCCBN/ON9e/Hxe3M8yfKIxPYKmNagX92xI6itvBoRUi7Xv0dxufPPNvyokYUPeZ1DwaHG14Z00aEhYXTqo4JSzsx/nQiiVqSQ614k9hsO8TbpkrAbXK5mZbtstp8wKhfbSXmmJZQDYHOTPfBpy/boW+xNt+kHwKRa6hq1+mbcrxXkLlBVyrw/58bMUlsaAG+JsqzP1gj3Dj0RqUqVTaThqgsMGBj3+ml4r7xF5WyVaYCqYrTdnFTXgnRoLjcIUK8K8Si32Pl+IL4M4Ne2pRmB58izrJbABmGaD2hMbSDmwhGVrHnfxElvLMcQ71O/iJqHzoCW0bNtGD/Qo6I+bbHJfVJssrM+i66zpvUNP6uCXhMHvZFrJrxTGwPkkZZdBWqHiw+LqIDQk1xb/Tywo516N5IySse5h5KuYJxlhjyn1mSOpmm8+E6sN7dw15yV2WxGIeKoo03ldwJdJLQoTZs',
);
export const sshRsaPublic: string =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCeQAUs+K1RjLlzK1ScrzVRhg8ZEStLK8bFA8Owd9TMq2XHAd7P1gHFdWbi4tx70U9vt2UoFnvYC6AVxW2TWikwtkivlTRwWoZ66y5QPbt4eC/dk8VnXLJa6Ewd4YTyP0EYTa7c6skDpwpWdglmEcwuh5j6QtMm36Ss+TlxNxBz5iJce3Wlo+h/4Wz05//N7Y4nuP4NpKxIWMzRi9USr3LLsNOXii0Nx+NnqIex7utEKjGrVGbar/dwUpR+DnHbTlcGtJk1BPi+D/ZcLgce4BEmzJnfVO315omS1Mr9daoCs0avNAMpp++lOpoxrrVte2eguNtGHdqWC/CAwfVdV5x5 test@example';
/** RFC 4716: four dashes and a space. */
export const ssh2Public: string =
  '---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQABAAABAQCeQAUs+K1RjLlzK1ScrzVRhg8ZEStLK8bFA8Owd9TMq2XHAd7P1gHFdWbi4tx70U9vt2UoFnvYC6AVxW2TWikwtkivlTRwWoZ66y5QPbt4eC/dk8VnXLJa6Ewd4YTyP0EYTa7c6skDpwpWdglmEcwuh5j6QtMm36Ss+TlxNxBz5iJce3Wlo+h/4Wz05//N7Y4nuP4NpKxIWMzRi9USr3LLsNOXii0Nx+NnqIex7utEKjGrVGbar/dwUpR+DnHbTlcGtJk1BPi+D/ZcLgce4BEmzJnfVO315omS1Mr9daoCs0avNAMpp++lOpoxrrVte2eguNtGHdqWC/CAwfVdV5x5\n---- END SSH2 PUBLIC KEY ----\n';
export const ecJwk: Readonly<Record<string, string>> = {
  kty: 'EC',
  x: 'n-c4sYJuNa9mrI65xgAmMt_1JiddvgDI885zy49PlUQ',
  y: 'uVrk_IXF0-kKK0XCb5ksyCnP37kb-G8vbp-jnnP3Ubg',
  crv: 'P-256',
  d: '4JQCnoukrCt_X9CpOuMEEM5bpBpNHy5MLNXxgV-tdxk',
};
export const ed25519Jwk: Readonly<Record<string, string>> = {
  crv: 'Ed25519',
  d: 'uYinJEshos2hh1IzASMvk2j28H_txX9Sy114buCwTuE',
  x: 'qAI7eZOnpVQM6ac9ZE56k5HXbZo64l7ceHXxcUclUSE',
  kty: 'OKP',
};

/** The DER of a PEM block, read without the code under test. */
export function derOf(text: string): Uint8Array<ArrayBuffer> {
  const body = text.replace(/-----[A-Z0-9 ]+-----/g, '').replace(/\s+/g, '');
  return Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
}

// Long enough that no word of a message matches by chance.
const RUN = 12;

/** Fails if the error contains any 12 consecutive characters of the key's base64 or hex. */
export function expectNoKeyMaterial(error: Error, input: unknown): void {
  const shown = `${error.message}\n${error.stack}\n${JSON.stringify(error)}\n${String(error.cause)}`;
  const secret = spellings(input);
  for (let at = 0; at + RUN <= shown.length; at++) {
    const run = shown.slice(at, at + RUN);
    if (/^[A-Za-z0-9+/_=-]+$/.test(run) && secret.includes(run)) {
      throw new Error(`the error shows key material: ${error.message}`);
    }
  }
}

function spellings(input: unknown): string {
  if (typeof input === 'string') {
    return input
      .replace(/-----[^-]+-----/g, '')
      .replace(/\\r|\\n/g, '')
      .replace(/[ \t\r\n]+/g, '');
  }
  if (input instanceof ArrayBuffer) return spellings(new Uint8Array(input));
  if (input instanceof Uint8Array) {
    const bytes = Array.from(input);
    return [
      btoa(String.fromCharCode(...bytes)),
      bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(''),
      spellings(String.fromCharCode(...bytes)),
    ].join('\n');
  }
  return JSON.stringify(input) ?? '';
}
