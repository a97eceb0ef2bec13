// Arguments: the public key, and sealed bundles. Prints the metadata of each bundle, or the code of its error.

import Foundation

let contents = { (path: String) in try Data(contentsOf: URL(fileURLWithPath: path)) }
let key = try contents(CommandLine.arguments[1])
for path in CommandLine.arguments.dropFirst(2) {
  do {
    let (bundle, metadata) = try openBundle(try contents(path), publicKey: key)
    try bundle.write(to: URL(fileURLWithPath: path + ".zip"))
    let json = metadata.isEmpty ? Data() : try JSONSerialization.data(withJSONObject: metadata)
    print(String(decoding: json, as: UTF8.self))
  } catch let refused as Refused {
    print(refused.code)
  }
}
