// A stand-in for the calls of Apple's Security that the reader makes, by OpenSSL.

import COpenSSL
import Foundation

public let kSecAttrKeyType = "type"
public let kSecAttrKeyTypeRSA = "rsa"
public let kSecAttrKeyClass = "class"
public let kSecAttrKeyClassPublic = "public"

public enum SecKeyAlgorithm { case rsaEncryptionRaw }

public final class SecKey {
  let rsa: OpaquePointer
  init(_ rsa: OpaquePointer) { self.rsa = rsa }
  deinit { RSA_free(rsa) }
}

/// Takes a PKCS#1 key, as Security does.
public func SecKeyCreateWithData(_ data: Data, _ attributes: [String: String], _ error: Any?) -> SecKey? {
  [UInt8](data).withUnsafeBufferPointer { bytes in
    var at = bytes.baseAddress
    guard let rsa = d2i_RSAPublicKey(nil, &at, bytes.count) else { return nil }
    return SecKey(rsa)
  }
}

public func SecKeyGetBlockSize(_ key: SecKey) -> Int { Int(RSA_size(key.rsa)) }

public func SecKeyCreateEncryptedData(
  _ key: SecKey, _ algorithm: SecKeyAlgorithm, _ data: Data, _ error: Any?
) -> Data? {
  let input = [UInt8](data)
  var output = [UInt8](repeating: 0, count: SecKeyGetBlockSize(key))
  let length = RSA_public_encrypt(Int32(input.count), input, &output, key.rsa, RSA_NO_PADDING)
  return length < 0 ? nil : Data(output.prefix(Int(length)))
}
