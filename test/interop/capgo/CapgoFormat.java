// Capgo's format by the ciphers that the plugin calls on Android, RSA/ECB/PKCS1Padding and AES/CBC/PKCS5Padding, and by
// nothing else: keys, numbers and texts are told apart by whoever calls this.
//
// java CapgoFormat.java open public.der iv r(key) r(digest) encrypted plain   prints what the checksum holds
// java CapgoFormat.java make private.der iv key digest plain encrypted        prints r(key) and r(digest)

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

public class CapgoFormat {
    public static void main(String[] args) throws Exception {
        HexFormat hex = HexFormat.of();
        boolean open = args[0].equals("open");
        byte[] der = Files.readAllBytes(Path.of(args[1]));
        byte[] iv = hex.parseHex(args[2]);
        byte[] sessionKey = hex.parseHex(args[3]);
        byte[] digest = hex.parseHex(args[4]);
        byte[] input = Files.readAllBytes(Path.of(args[5]));

        KeyFactory factory = KeyFactory.getInstance("RSA");
        Key key = open
            ? factory.generatePublic(new X509EncodedKeySpec(der))
            : factory.generatePrivate(new PKCS8EncodedKeySpec(der));
        int mode = open ? Cipher.DECRYPT_MODE : Cipher.ENCRYPT_MODE;
        Cipher rsa = Cipher.getInstance("RSA/ECB/PKCS1Padding");
        rsa.init(mode, key);
        byte[] otherKey = rsa.doFinal(sessionKey);
        byte[] otherDigest = rsa.doFinal(digest);

        Cipher aes = Cipher.getInstance("AES/CBC/PKCS5Padding");
        aes.init(mode, new SecretKeySpec(open ? otherKey : sessionKey, "AES"), new IvParameterSpec(iv));
        Files.write(Path.of(args[6]), aes.doFinal(input));
        if (!open) System.out.println(hex.formatHex(otherKey));
        System.out.println(hex.formatHex(otherDigest));
    }
}
