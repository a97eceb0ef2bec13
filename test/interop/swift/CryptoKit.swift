// A stand-in for Apple's CryptoKit on Linux, by OpenSSL: the calls that the readers make, with the same constraints on
// their arguments.

import COpenSSL
import Foundation

struct Failure: Error {}

public struct SHA256Digest: Sequence {
  let bytes: [UInt8]
  public func makeIterator() -> IndexingIterator<[UInt8]> { bytes.makeIterator() }
}

public struct SHA256 {
  var all: [UInt8] = []
  public init() {}

  public mutating func update<D: DataProtocol>(data: D) { all.append(contentsOf: data) }

  public func finalize() -> SHA256Digest { SHA256.hash(data: all) }

  public static func hash<D: DataProtocol>(data: D) -> SHA256Digest {
    let input = Array(data)
    var digest = [UInt8](repeating: 0, count: 32)
    COpenSSL.SHA256(input, input.count, &digest)
    return SHA256Digest(bytes: digest)
  }
}

public struct SymmetricKey {
  let bytes: [UInt8]
  public init<D: ContiguousBytes>(data: D) { bytes = data.withUnsafeBytes { Array($0) } }
}

public enum AES {
  public enum GCM {
    public struct Nonce {
      let bytes: [UInt8]
      public init<D: DataProtocol>(data: D) throws {
        bytes = Array(data)
        if bytes.count < 12 { throw Failure() }
      }
    }

    public struct SealedBox {
      let nonce: [UInt8]
      let ciphertext: [UInt8]
      let tag: [UInt8]
      public init<C: DataProtocol, T: DataProtocol>(nonce: Nonce, ciphertext: C, tag: T) throws {
        self.nonce = nonce.bytes
        self.ciphertext = Array(ciphertext)
        self.tag = Array(tag)
        if self.tag.count != 16 { throw Failure() }
      }
    }

    public static func open(_ box: SealedBox, using key: SymmetricKey) throws -> Data {
      let context = EVP_CIPHER_CTX_new()
      defer { EVP_CIPHER_CTX_free(context) }
      var plain = [UInt8](repeating: 0, count: box.ciphertext.count + 16)
      var tag = box.tag
      var length: Int32 = 0
      EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key.bytes, box.nonce)
      EVP_DecryptUpdate(context, &plain, &length, box.ciphertext, Int32(box.ciphertext.count))
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, 16, &tag)
      var rest = [UInt8](repeating: 0, count: 16)
      if EVP_DecryptFinal_ex(context, &rest, &length) != 1 { throw Failure() }
      return Data(plain.prefix(box.ciphertext.count))
    }
  }
}
