// Applies patches with nothing but the JDK, whose classes Android has too. From docs/patch-format.md alone.

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

public final class PatchReader {
  static final int MAX_IMAGE = 256 << 20;
  static final int MAX_FILES = 65_536;
  static final byte[] MAGIC = "BNDLDIFF\1\0\0\0\0\0\0\0".getBytes(StandardCharsets.US_ASCII);

  /** The patch was refused (ERR_PATCH_INVALID); the message says which check failed. */
  static final class Refused extends Exception {
    Refused(String check) {
      super(check);
    }
  }

  static void require(boolean holds, String check) throws Refused {
    if (!holds) throw new Refused(check);
  }

  /**
   * Makes the new image of the old one. Nothing is returned before all of it is proven.
   *
   * @param patch the plain patch: its seal is opened, and its kind and appId are checked
   * @return the new image; {@link #filesOf} gives its files
   */
  static ByteBuffer apply(byte[] patch, byte[] oldImage) throws GeneralSecurityException, Refused {
    // 1. The header.
    require(patch.length >= 96, "header: length");
    require(Arrays.equals(Arrays.copyOf(patch, 16), MAGIC), "header: magic, version or zeros");
    byte[] from = Arrays.copyOfRange(patch, 16, 48);
    byte[] to = Arrays.copyOfRange(patch, 48, 80);
    long oldLength = ByteBuffer.wrap(patch).getLong(80);
    long newLength = ByteBuffer.wrap(patch).getLong(88);

    // 2. The release that is here.
    require(oldLength == oldImage.length, "base: length");
    byte[] id = releaseId(filesOf(ByteBuffer.wrap(oldImage)));
    require(MessageDigest.isEqual(id, from), "base: release id");

    // 3. The limits, before memory is taken.
    require(oldLength <= MAX_IMAGE, "limit: old image");
    require(newLength >= 1 && newLength <= MAX_IMAGE, "limit: new image");

    // 4 and 5. The instructions and their end.
    PatchReader reader = new PatchReader(patch, oldImage, (int) newLength);
    while (reader.at < reader.end) reader.instruction();
    require(reader.next == patch.length && reader.code == 0, "coded bytes: end");

    // 6 and 7. The new image.
    ByteBuffer image = slice(ByteBuffer.wrap(reader.space), oldImage.length, reader.end);
    require(MessageDigest.isEqual(releaseId(filesOf(image)), to), "result: release id");
    return image;
  }

  // The decoder: its state, by the names of the page.

  final byte[] patch;
  final byte[] space;
  final int oldLength;
  final int end;
  int next = 96;
  long range = 0xffffffffL;
  long code = 0;
  int at;
  int alignment;
  final int[] distances = new int[4];
  int history = 0;
  int run = 0;
  final Predictor kinds;
  final Predictor literals;
  final Predictor ends;
  final Predictor shortSpans;
  final Predictor longSpans;
  final Predictor numbers;

  PatchReader(byte[] patch, byte[] oldImage, int newLength) throws Refused {
    this.patch = patch;
    oldLength = oldImage.length;
    end = oldLength + newLength;
    space = Arrays.copyOf(oldImage, end);
    at = oldLength;
    alignment = oldLength;
    Arrays.fill(distances, oldLength);
    require(nextByte() == 0, "coded bytes: start");
    for (int i = 0; i < 4; i++) code = code << 8 | nextByte();
    int most = 4 + bits(newLength);
    kinds = new Predictor(most, 11, 3, 12, 16, 18, 16);
    literals = new Predictor(most, 32, 6, 16, 18, 19, 21);
    ends = new Predictor(most, 96, 2, 10, 18, 19, 19);
    shortSpans = new Predictor(most, 48, 2, 10, 18, 19, 19);
    longSpans = new Predictor(most, 6, 3, 12, 12, 13, 16);
    numbers = new Predictor(most, 8, 3, 12, 13, 14, 14);
  }

  int byteAt(int i) {
    return i < 0 || i >= end ? 0 : space[i] & 0xff;
  }

  static int bits(int value) {
    return 32 - Integer.numberOfLeadingZeros(value);
  }

  // The range coder.

  int nextByte() throws Refused {
    require(next < patch.length, "coded bytes: cut short");
    return patch[next++] & 0xff;
  }

  void widen() throws Refused {
    while (range < 1 << 24) {
      range <<= 8;
      code = (code << 8 | nextByte()) & 0xffffffffL;
    }
  }

  int codedBit(int probability) throws Refused {
    long bound = (range >>> 12) * probability;
    int bit = code < bound ? 1 : 0;
    if (bit == 0) code -= bound;
    range = bit == 1 ? bound : range - bound;
    widen();
    return bit;
  }

  byte plainByte() throws Refused {
    range >>>= 8;
    long value = code / range;
    require(value <= 255, "coded bytes: plain byte");
    code -= value * range;
    widen();
    return (byte) value;
  }

  // Predictions.

  static final int[] KNOTS = {
    1, 2, 3, 6, 10, 16, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2047, 2549, 2994, 3348, 3607,
    3785, 3901, 3975, 4022, 4050, 4068, 4079, 4085, 4089, 4092, 4093, 4094
  };
  static final int[] STRETCH = new int[4096];
  static final int[] RATES = new int[256];

  static {
    for (int q = 0, v = -2047; q < 4096; q++) {
      while (v < 2047 && squash(v) < q) v++;
      STRETCH[q] = v;
    }
    for (int n = 0; n < 256; n++) RATES[n] = (10_240 + 5 * n + 8) / (10 * n + 16);
  }

  static int squash(int v) {
    int k = v + 2048 >> 7;
    int f = v + 2048 & 127;
    return KNOTS[k] * (128 - f) + KNOTS[k + 1] * f + 64 >> 7;
  }

  static int limit(int value, int most) {
    return Math.max(-most, Math.min(most, value));
  }

  static int hash(int value, int salt) {
    int m = (value + salt * 0x2545F491) * 0x9E3779B1;
    m ^= m >>> 15;
    m *= 0x85EBCA77;
    return m ^ m >>> 13;
  }

  final class Predictor {
    final int rate;
    final int[][] tables = new int[4][]; // Each entry: P << 8 | n.
    final int[] weights;
    final int[] inUse = new int[4];
    final int[] inputs = new int[4];
    int[] contexts;

    Predictor(int most, int sets, int rate, int... bits) {
      this.rate = rate;
      weights = new int[4 * sets];
      Arrays.fill(weights, 5461);
      for (int i = 0; i < 4; i++) {
        tables[i] = new int[1 << Math.min(bits[i], most)];
        Arrays.fill(tables[i], 1 << 19 << 8);
      }
    }

    int bit(int node, int set) throws Refused {
      int sum = 0;
      for (int i = 0; i < 4; i++) {
        inUse[i] = (contexts[i] ^ node) & tables[i].length - 1;
        inputs[i] = STRETCH[tables[i][inUse[i]] >>> 16];
        sum += weights[4 * set + i] * inputs[i];
      }
      int p = squash(limit(sum >> 14, 2047));
      int bit = codedBit(p);
      int error = (4096 * bit - p) * rate;
      for (int i = 0; i < 4; i++) {
        int weight = weights[4 * set + i] + (inputs[i] * error + 2048 >> 12);
        weights[4 * set + i] = limit(weight, 131_071);
        int n = tables[i][inUse[i]] & 255;
        int prediction = tables[i][inUse[i]] >>> 8;
        prediction += (bit * 0xfffff - prediction) * RATES[n] >> 10;
        tables[i][inUse[i]] = prediction << 8 | Math.min(n + 1, 255);
      }
      return bit;
    }

    void set(int... contexts) {
      this.contexts = contexts;
    }
  }

  // Instructions.

  void instruction() throws Refused {
    int last = byteAt(at - 1);
    int two = last << 8 | byteAt(at - 2);
    int few = Math.min(run, 3); // The page's `short`.
    int a = at - alignment;
    boolean aligned = a >= 1 && a + 2 < oldLength;
    int here = aligned ? byteAt(a) : 0;
    int around = aligned ? byteAt(a - 1) << 24 | here << 16 | byteAt(a + 1) << 8 | byteAt(a + 2) : 0;
    kinds.set(
        hash(history << 8 | few, 10),
        hash(two << 8 | few, 11),
        hash(around, 12 + few),
        hash(here << 16 | last << 8 | Math.min(run, 20), 16));
    if (kinds.bit(1, Math.min(run, 7)) == 0) {
      literals.set(
          hash(last, 1) & ~15,
          hash(two, 2) & ~15,
          hash(here << 16 | few << 8 | last, 3) & ~15,
          hash(around, 4 + few) & ~15);
      int high = half(8 * few);
      for (int i = 0; i < 4; i++) literals.contexts[i] = hash(literals.contexts[i], 60 + high) & ~15;
      space[at] = (byte) (high << 4 | half(8 * few + 4));
      made(1);
      return;
    }
    int kind = 1;
    for (int j = 0; j < 3; j++) kind = 2 * kind + kinds.bit(kind + 1, 8 + j);
    kind -= 8;
    require(kind < 7, "instruction: kind");
    if (kind < 6) {
      copy(kind);
      return;
    }
    long length = number(3) + 1L;
    require(length <= end - at, "instruction: length of plain bytes");
    for (int i = 0; i < length; i++) space[at + i] = plainByte();
    made((int) length);
  }

  void made(int literalBytes) {
    at += literalBytes;
    run += literalBytes;
    history = history << 1 & 255;
  }

  int half(int firstSet) throws Refused {
    int node = 1;
    for (int j = 0; j < 4; j++) node = 2 * node + literals.bit(node, firstSet + j);
    return node - 16;
  }

  int number(int type) throws Refused {
    numbers.set(
        hash(type, 20),
        hash(type << 8 | history & 3, 21),
        hash(type << 8 | Math.min(run, 255), 22),
        hash(type << 8 | byteAt(at - 1), 23));
    int node = 1;
    for (int i = 0; i < 5; i++) node = 2 * node + numbers.bit(node, type);
    int width = node - 32;
    if (width <= 1) return width;
    int value = 1;
    for (int j = width - 2; j >= 0; j--) {
      node = value < 8 ? 256 + 16 * width + value : 1024 + 32 * width + j;
      value = 2 * value + numbers.bit(node, 4 + type);
    }
    return value;
  }

  void copy(int kind) throws Refused {
    long from;
    if (kind < 4) {
      from = at - distances[kind];
    } else if (kind == 4) {
      boolean below = number(0) != 0;
      long offset = number(1);
      from = at - alignment + (below ? -offset : offset);
    } else {
      from = at - 4L - number(2);
    }
    require(from >= 0 && at - from >= 4, "instruction: source of a copy");
    int source = (int) from;
    int length = copyBytes(kind, source);
    int distance = at - source;
    int moved = kind < 4 ? kind : 3;
    System.arraycopy(distances, 0, distances, 1, moved);
    distances[0] = distance;
    if (source < oldLength) alignment = distance;
    at += length;
    run = 0;
    history = (history << 1 | 1) & 255;
  }

  /** Makes the bytes of a copy; returns how many. */
  int copyBytes(int kind, int source) throws Refused {
    int[] spans = {1, 4, 32, 256, 2048, 16384};
    int bound = end - at;
    boolean inside = false;
    space[at] = space[source];
    int m = 1;
    int level = levelOf(m);
    while (m < bound) {
      int until = Math.min(m + spans[level], bound);
      if (inside && until == bound || endsWithin(level, m, kind, source + m)) {
        if (level == 0) break;
        inside = true;
        bound = until;
        level--;
      } else {
        for (; m < until; m++) space[at + m] = space[source + m];
        if (!inside) level = levelOf(m);
      }
    }
    return m;
  }

  static int levelOf(int m) {
    return m < 32 ? 1 : m < 1024 ? 2 : m < 8192 ? 3 : m < 65536 ? 4 : 5;
  }

  /** The page's `question`. */
  boolean endsWithin(int level, int m, int kind, int from) throws Refused {
    int last = byteAt(from - 1);
    int following = byteAt(from); // The page's `next`.
    int second = byteAt(from + 1);
    int ahead = following << 24 | second << 16 | byteAt(from + 2) << 8 | byteAt(from + 3);
    int between = last << 16 | following << 8 | Math.min(m, 8) << 4 | kind;
    if (level == 0) {
      ends.set(
          hash(kind << 8 | Math.min(m, 31), 30),
          hash(between, 31),
          hash(ahead, 32),
          hash(last << 24 | byteAt(from - 2) << 16 | following << 8 | second, 33));
      return ends.bit(0, kind << 4 | Math.min(m, 15)) == 1;
    }
    if (level == 1) {
      shortSpans.set(
          hash(kind << 8 | Math.min(m, 32), 40),
          hash(between, 41),
          hash(ahead, 42),
          hash(last << 16 | second << 8 | following, 43));
      return shortSpans.bit(0, kind << 3 | Math.min(m >> 2, 7)) == 1;
    }
    longSpans.set(
        hash(bits(m) << 8 | level << 4 | kind, 50),
        hash(last << 8 | level, 51),
        hash(level << 8 | history & 31, 52),
        hash(following << 16 | last << 8 | level, 53));
    return longSpans.bit(0, level) == 1;
  }

  // Images, their paths and release ids.

  /** The files of an image, by their paths, as views of it. */
  static Map<String, ByteBuffer> filesOf(ByteBuffer image) throws Refused {
    Map<String, Integer> sizes = new LinkedHashMap<>();
    Set<String> files = new HashSet<>();
    Set<String> folders = new HashSet<>();
    String previous = "";
    long total = 0;
    int at = 0;
    while (at < image.limit() && image.get(at) != '\n') {
      require(sizes.size() < MAX_FILES, "limit: files");
      int start = at;
      while (at < image.limit() && image.get(at) != '\n') at++;
      require(at < image.limit() && at - start <= 10 + 1 + 1024, "list: line");
      byte[] line = new byte[at++ - start];
      slice(image, start, at - 1).get(line);
      int space = 0;
      while (space < line.length && line[space] != ' ') space++;
      String digits = new String(line, 0, space, StandardCharsets.US_ASCII);
      require(digits.matches("0|[1-9][0-9]{0,9}"), "list: size");
      require(space < line.length, "list: path");
      byte[] name = Arrays.copyOfRange(line, space + 1, line.length);
      // As Latin-1, a string compares as its bytes do.
      String bytes = new String(name, StandardCharsets.ISO_8859_1);
      require(previous.compareTo(bytes) < 0, "list: order");
      previous = bytes;
      String path = utf8(name);
      require(name.length <= 1024 && isSafe(path), "list: path");
      require(isAlone(fold(path), files, folders), "list: two paths for one file");
      total += Long.parseLong(digits);
      require(total <= image.limit(), "list: total");
      sizes.put(path, Integer.parseInt(digits));
    }
    require(at < image.limit() && !sizes.isEmpty(), "list: end");
    at++;
    require(total == image.limit() - at, "list: total");
    Map<String, ByteBuffer> contents = new LinkedHashMap<>();
    for (Map.Entry<String, Integer> file : sizes.entrySet()) {
      contents.put(file.getKey(), slice(image, at, at + file.getValue()));
      at += file.getValue();
    }
    return contents;
  }

  static ByteBuffer slice(ByteBuffer image, int from, int to) {
    ByteBuffer view = image.duplicate();
    view.limit(to);
    view.position(from);
    return view.slice();
  }

  static final Pattern UNSAFE = Pattern.compile("[\\x00-\\x1f\\x7f-\\x9f\\\\<>:\"|?*]");
  static final Pattern DEVICE =
      Pattern.compile("(?is)(con|prn|aux|nul|conin\\$|conout\\$|(com|lpt)[0-9¹²³]) *(\\..*)?");
  static final String STAMP = fold("bundleseal-release.json");

  static boolean isSafe(String path) {
    if (!Normalizer.isNormalized(path, Normalizer.Form.NFC) || UNSAFE.matcher(path).find()) return false;
    String[] names = path.split("/", -1);
    for (String name : names) {
      if (name.isEmpty() || name.endsWith(".") || name.endsWith(" ")) return false;
      if (name.getBytes(StandardCharsets.UTF_8).length > 255) return false;
      if (DEVICE.matcher(name).matches()) return false;
    }
    return names.length <= 65 && !fold(names[0]).equals(STAMP);
  }

  /** Whether a folded path is neither a file nor a folder of those before it, and lies in no file. */
  static boolean isAlone(String path, Set<String> files, Set<String> folders) {
    if (folders.contains(path) || !files.add(path)) return false;
    for (int i = path.indexOf('/'); i != -1; i = path.indexOf('/', i + 1)) {
      if (files.contains(path.substring(0, i))) return false;
      folders.add(path.substring(0, i));
    }
    return true;
  }

  /** At least as strict as full case folding: it also makes "ı" and "i" one. */
  static String fold(String path) {
    String folded = path.toLowerCase(Locale.ROOT).toUpperCase(Locale.ROOT);
    return Normalizer.normalize(folded, Normalizer.Form.NFC);
  }

  static String utf8(byte[] bytes) throws Refused {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException wrong) {
      throw new Refused("list: path");
    }
  }

  static byte[] releaseId(Map<String, ByteBuffer> files) throws GeneralSecurityException {
    MessageDigest id = MessageDigest.getInstance("SHA-256");
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    for (Map.Entry<String, ByteBuffer> file : files.entrySet()) {
      sha256.update(file.getValue().duplicate());
      for (byte b : sha256.digest()) id.update(String.format("%02x", b).getBytes(StandardCharsets.US_ASCII));
      id.update(("  " + file.getKey() + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return id.digest();
  }

  /** Triples of a patch, an old image, and where to write the new one. */
  public static void main(String[] arguments) throws IOException, GeneralSecurityException {
    for (int i = 0; i < arguments.length; i += 3) {
      byte[] patch = Files.readAllBytes(Paths.get(arguments[i]));
      byte[] oldImage = Files.readAllBytes(Paths.get(arguments[i + 1]));
      try {
        ByteBuffer image = apply(patch, oldImage);
        byte[] bytes = new byte[image.remaining()];
        image.get(bytes);
        Files.write(Paths.get(arguments[i + 2]), bytes);
        System.out.println("applied");
      } catch (Refused refused) {
        System.out.println(refused.getMessage());
      }
    }
  }
}
