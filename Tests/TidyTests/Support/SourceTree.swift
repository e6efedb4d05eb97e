import Foundation

/// What a rule has found, as a compiler would say it.
struct Violation: Hashable, Sendable, CustomStringConvertible {
  var path: String
  var line: Int
  var text: String
  var description: String { "\(path):\(line): \(text)" }
}

struct SourceFile: Sendable {
  /// Relative to the package's root.
  let path: String
  let text: String
  let lines: [Substring]
  /// Empty unless it is Swift.
  let tokens: [Token]

  init(path: String, text: String) {
    self.path = path
    self.text = text
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    self.lines = lines
    tokens = path.hasSuffix(".swift") ? SwiftTokens.of(text) : []
  }

  var isSwift: Bool { path.hasSuffix(".swift") }
  var name: String { String(path.split(separator: "/").last ?? "") }
  func isUnder(_ folder: String) -> Bool { path.hasPrefix(folder + "/") }
}

/// Every text file of the package, read once.
enum SourceTree {
  static let root: URL = {
    var directory = URL(filePath: #filePath).deletingLastPathComponent()
    while !FileManager.default.fileExists(atPath: directory.appending(path: "Package.swift").path) {
      directory = directory.deletingLastPathComponent()
    }
    return directory
  }()

  static let files: [SourceFile] = read("").sorted { $0.path < $1.path }
  static var swift: [SourceFile] { files.filter(\.isSwift) }

  static func file(_ path: String) -> SourceFile? { files.first { $0.path == path } }
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }

  /// Hidden names are builds, environments and git's own, but for these.
  private static let hidden: Set<String> = [".ci", ".gitignore", ".swift-format", ".github"]
  private static let skipped: Set<String> = ["__pycache__", "Package.resolved"]

  private static func read(_ folder: String) -> [SourceFile] {
    let base = folder.isEmpty ? root : root.appending(path: folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: base.path)) ?? []
    return names.flatMap { name -> [SourceFile] in
      if name.hasPrefix(".") && !hidden.contains(name) || skipped.contains(name) { return [] }
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      var isFolder: ObjCBool = false
      let full = root.appending(path: path).path
      guard FileManager.default.fileExists(atPath: full, isDirectory: &isFolder) else { return [] }
      if isFolder.boolValue { return read(path) }
      guard let data = FileManager.default.contents(atPath: full), !data.contains(0),
        let text = String(data: data, encoding: .utf8)
      else { return [] }
      return [SourceFile(path: path, text: text)]
    }
  }
}
