// Arguments: triples of a patch, an old image, and where to write the new one. Prints "applied", or the check that failed.

import Foundation

let contents = { (path: String) in [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
for i in stride(from: 1, to: CommandLine.arguments.count, by: 3) {
  let paths = CommandLine.arguments[i..<(i + 3)]
  do {
    let image = try applyPatch(try contents(paths[i]), to: try contents(paths[i + 1]))
    try Data(image).write(to: URL(fileURLWithPath: paths[i + 2]))
    print("applied")
  } catch let refused as PatchRefused {
    print(refused.check)
  }
}
