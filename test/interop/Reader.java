// Opens sealed bundles with nothing but the JDK, whose classes Android has too. From docs/format.md alone.

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

public final class Reader {
  static final byte[] MAGIC = "BNDLSEAL".getBytes(StandardCharsets.US_ASCII);
  static final long MAX_CHUNKS = 1 << 20;

  /** The bundle was refused; the message is a code of docs/errors.md. */
  static final class Refused extends Exception {
    Refused(String code) {
      super(code);
    }
  }

  static void require(boolean holds, String code) throws Refused {
    if (!holds) throw new Refused(code);
  }

  /**
   * Opens a bundle. The output appears only after all of it is verified.
   *
   * @return the metadata: JSON, or empty. Parse it, and compare its appId and sequence, before the output is used.
   */
  static String open(Path sealed, Path output, RSAPublicKey key)
      throws IOException, GeneralSecurityException, Refused {
    Path unproven = Paths.get(output + ".part");
    long fileSize = Files.size(sealed);
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(sealed)))) {
      // 1. The fixed part. Each field is checked before it is used.
      require(fileSize >= 56, "ERR_LENGTH_INVALID");
      byte[] fixed = take(in, 56);
      ByteBuffer fields = ByteBuffer.wrap(fixed);
      require(Arrays.equals(Arrays.copyOf(fixed, 8), MAGIC), "ERR_HEADER_INVALID");
      require(fixed[8] == 2 && fixed[9] == 1, "ERR_VERSION_UNSUPPORTED");
      require(fixed[11] == 0, "ERR_HEADER_INVALID");
      require(fixed[10] >= 12 && fixed[10] <= 24, "ERR_HEADER_INVALID");
      int chunkSize = 1 << fixed[10];
      int k = fields.getShort(12) & 0xffff;
      require(k >= 384 && k <= 1024, "ERR_HEADER_INVALID");
      int metadataLength = fields.getShort(14) & 0xffff;
      require(metadataLength % 8 == 0, "ERR_HEADER_INVALID");
      long size = fields.getLong(16);
      require(size >= 0 && size < 1L << 53, "ERR_HEADER_INVALID");
      long count = Math.max(1, (size + chunkSize - 1) / chunkSize);
      require(count <= MAX_CHUNKS, "ERR_LIMIT_EXCEEDED");

      // 2. The key. Its encoding is the SubjectPublicKeyInfo.
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      byte[] keyId = sha256.digest(key.getEncoded());
      require(MessageDigest.isEqual(keyId, Arrays.copyOfRange(fixed, 24, 56)), "ERR_KEY_MISMATCH");

      // 3. The signature: the whole block is compared and not parsed.
      long headerLength = 56 + metadataLength + 32 * count + k;
      require(fileSize >= headerLength, "ERR_LENGTH_INVALID");
      byte[] metadata = take(in, metadataLength);
      byte[] digests = take(in, (int) (32 * count));
      BigInteger signature = new BigInteger(1, take(in, k));
      BigInteger n = key.getModulus();
      require(n.bitLength() == 8 * k && signature.compareTo(n) < 0, "ERR_SEAL_INVALID");
      sha256.update(fixed);
      sha256.update(metadata);
      byte[] headDigest = sha256.digest(digests);
      byte[] block = unsigned(signature.modPow(key.getPublicExponent(), n), k);
      byte[] sessionKey = Arrays.copyOfRange(block, k - 96, k - 64);
      byte[] checksum = Arrays.copyOfRange(block, k - 64, k - 32);
      byte[] expected = new byte[k];
      Arrays.fill(expected, 2, k - 105, (byte) 0xff);
      expected[1] = 1;
      ByteBuffer.wrap(expected, k - 104, 104)
          .put(MAGIC).put(sessionKey).put(checksum).put(headDigest);
      require(MessageDigest.isEqual(block, expected), "ERR_SEAL_INVALID");

      // 4. The metadata. Android: also `new JSONObject(text)`.
      String text = utf8(metadata);

      // 5. The body's length.
      require(fileSize == headerLength + size + 16 * count, "ERR_LENGTH_INVALID");

      // 6. Each chunk: first its digest, then its tag.
      SecretKeySpec aes = new SecretKeySpec(sessionKey, "AES");
      Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
      MessageDigest whole = MessageDigest.getInstance("SHA-256");
      try (OutputStream out = Files.newOutputStream(unproven)) {
        for (int i = 0; i < count; i++) {
          long length = Math.min(chunkSize, size - (long) i * chunkSize);
          byte[] encrypted = take(in, (int) length + 16);
          byte[] digest = Arrays.copyOfRange(digests, 32 * i, 32 * i + 32);
          require(MessageDigest.isEqual(sha256.digest(encrypted), digest), "ERR_CHUNK_INVALID");
          byte[] nonce = ByteBuffer.allocate(12).putInt(7, i).array();
          nonce[11] = (byte) (i == count - 1 ? 1 : 0);
          gcm.init(Cipher.DECRYPT_MODE, aes, new GCMParameterSpec(128, nonce));
          byte[] plain = gcm.doFinal(encrypted);
          whole.update(plain);
          out.write(plain);
        }
      } catch (AEADBadTagException wrong) {
        throw new Refused("ERR_CHUNK_INVALID");
      }

      // 7. The bundle as a whole.
      require(MessageDigest.isEqual(whole.digest(), checksum), "ERR_CHECKSUM_MISMATCH");
      Files.move(unproven, output, StandardCopyOption.ATOMIC_MOVE);
      return text;
    } finally {
      Files.deleteIfExists(unproven);
    }
  }

  static byte[] take(DataInputStream in, int length) throws IOException {
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return bytes;
  }

  /** An integer as `length` bytes: BigInteger gives a sign, and no leading zeros. */
  static byte[] unsigned(BigInteger value, int length) {
    byte[] bytes = value.toByteArray();
    byte[] padded = new byte[length];
    int from = Math.max(0, bytes.length - length);
    System.arraycopy(bytes, from, padded, length - (bytes.length - from), bytes.length - from);
    return padded;
  }

  /** Strict, where `new String` would put replacement characters. */
  static String utf8(byte[] bytes) throws Refused {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString().trim();
    } catch (CharacterCodingException wrong) {
      throw new Refused("ERR_HEADER_INVALID");
    }
  }

  /** The public key's DER (SubjectPublicKeyInfo), then bundles: each opens beside itself, as `.zip`. */
  public static void main(String[] arguments) throws Exception {
    byte[] der = Files.readAllBytes(Paths.get(arguments[0]));
    KeyFactory factory = KeyFactory.getInstance("RSA");
    RSAPublicKey key = (RSAPublicKey) factory.generatePublic(new X509EncodedKeySpec(der));
    for (int i = 1; i < arguments.length; i++) {
      try {
        System.out.println(open(Paths.get(arguments[i]), Paths.get(arguments[i] + ".zip"), key));
      } catch (Refused refused) {
        System.out.println(refused.getMessage());
      }
    }
  }
}
