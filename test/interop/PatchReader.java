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
   * Makes the new image from the old one. It is returned only after all of it is verified.
   *
   * @param patch the plain patch: open its seal first, and check its kind and appId
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

    // 2. The release on the device.
    require(oldLength == oldImage.length, "base: length");
    byte[] id = releaseId(filesOf(ByteBuffer.wrap(oldImage)));
    require(MessageDigest.isEqual(id, from), "base: release id");

    // 3. The limits, before memory is allocated.
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
  final Model kinds = new Model(8, 12);
  final Model finds = new Model(5, 960);
  final Model highs = new Model(16, 512);
  final Model lows = new Model(16, 1024);
  final Model numbers = new Model(32, 16);
  final Model lengths = new Model(32, 20);
  final int[][] tables = new int[4][65_536];

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
  }

  int byteAt(int i) {
    return i < 0 ? 0 : space[i] & 0xff;
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

  int plainBits(int n) throws Refused {
    range >>>= n;
    long value = code / range;
    require(value < 1 << n, "coded bytes: plain bits");
    code -= value * range;
    widen();
    return (int) value;
  }

  final class Model {
    final int[][] counts;
    final int[] totals;

    Model(int symbols, int contexts) {
      counts = new int[contexts][symbols];
      for (int[] each : counts) Arrays.fill(each, 1);
      totals = new int[contexts];
      Arrays.fill(totals, symbols);
    }

    int symbol(int context) throws Refused {
      int[] c = counts[context];
      long part = range / totals[context];
      long share = code / part;
      require(share < totals[context], "coded bytes: symbol");
      int symbol = 0;
      int below = 0;
      while (below + c[symbol] <= share) below += c[symbol++];
      code -= part * below;
      range = part * c[symbol];
      widen();
      c[symbol] += 24;
      totals[context] += 24;
      if (totals[context] > 8192) {
        totals[context] = 0;
        for (int i = 0; i < c.length; i++) totals[context] += c[i] = c[i] + 1 >> 1;
      }
      return symbol;
    }
  }

  static int slot(int value, int salt) {
    int m = (value + salt * 0x2545F491) * 0x9E3779B1;
    m ^= m >>> 15;
    m *= 0x85EBCA77;
    return (m ^ m >>> 13) & 65_535;
  }

  // Instructions.

  void instruction() throws Refused {
    int kind = kinds.symbol(history * 3 + Math.min(run, 2));
    if (kind == 7) {
      space[at] = (byte) literal();
      made(1);
    } else if (kind == 6) {
      long length = number(numbers, 12 + history) + 1L;
      require(length <= end - at, "instruction: length of plain bytes");
      for (int i = 0; i < length; i++) space[at + i] = (byte) plainBits(8);
      made((int) length);
    } else {
      copy(kind);
    }
  }

  void made(int literalBytes) {
    at += literalBytes;
    run += literalBytes;
    history = history << 1 & 3;
  }

  int literal() throws Refused {
    int few = Math.min(run, 3); // The page's `short`.
    int a = at - alignment;
    boolean aligned = a >= 1 && a + 2 < oldLength;
    int here = aligned ? byteAt(a) : 0;
    int around = aligned ? byteAt(a - 1) << 24 | here << 16 | byteAt(a + 1) << 8 | byteAt(a + 2) : 0;
    int last = byteAt(at - 1);
    int before = byteAt(at - 3) << 16 | byteAt(at - 2) << 8 | last;
    int[] slots = {
      slot(around, 4 + few + 8 * last),
      slot(around, 4096 + few),
      slot(here << 16 | few << 8 | last, 4100),
      slot(before, 4101)
    };
    int q = tables[0][slots[0]] >> 9;
    int[] t = new int[4];
    int present = 0;
    int different = 0;
    for (int i = 0; i < 4; i++) {
      t[i] = tables[i][slots[i]] & 511;
      if (t[i] != 0) present += 1 << i;
      boolean isNew = t[i] != 0;
      for (int j = 0; j < i; j++) isNew &= t[j] != t[i];
      if (isNew) different++;
    }
    int s = finds.symbol(((Math.min(run, 2) * 16 + present) * 5 + different) * 4 + q);
    int entry;
    if (s < 4) {
      entry = t[s];
      require(entry != 0, "instruction: literal from an empty table");
    } else {
      int x = run == 0 ? here : last;
      int z = run == 0 ? 0 : 1;
      int high = highs.symbol(256 * z + x);
      entry = 256 + 16 * high + lows.symbol((32 * z + (x >> 3)) * 16 + high);
    }
    for (int i = 0; i < 4; i++) tables[i][slots[i]] = entry;
    if (t[0] == entry) tables[0][slots[0]] = entry + 512 * Math.min(q + 1, 3);
    return entry;
  }

  int number(Model model, int context) throws Refused {
    int width = model.symbol(context);
    if (width <= 1) return width;
    int value = 1;
    for (int left = width - 1; left > 0; ) {
      int n = Math.min(left, 8);
      value = value << n | plainBits(n);
      left -= n;
    }
    return value;
  }

  void copy(int kind) throws Refused {
    long from;
    if (kind < 4) {
      from = at - distances[kind];
    } else if (kind == 4) {
      boolean below = number(numbers, history) != 0;
      long offset = number(numbers, 4 + history);
      from = at - alignment + (below ? -offset : offset);
    } else {
      from = at - 1L - number(numbers, 8 + history);
    }
    require(from >= 0 && from < at, "instruction: source of a copy");
    int source = (int) from;
    long length = number(lengths, 4 * Math.min(kind, 4) + Math.min(run, 3)) + 1L;
    require(length <= end - at, "instruction: length of a copy");
    for (int i = 0; i < length; i++) space[at + i] = space[source + i];
    int distance = at - source;
    System.arraycopy(distances, 0, distances, 1, Math.min(kind, 3));
    distances[0] = distance;
    if (source < oldLength) alignment = distance;
    at += (int) length;
    run = 0;
    history = (history << 1 | 1) & 3;
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
