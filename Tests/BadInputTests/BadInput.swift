import DRKit
import Foundation
import StrictYAML
import Testing

/// One bad input: what it is, and a way to give it to drkit for real.
struct BadInput: Sendable, CustomTestStringConvertible {
  enum Kind: String, CaseIterable, Sendable {
    case configuration = "Configuration"
    case scenario = "Scenarios and bed files"
    case engine = "Answers of the engine"
    case gluster = "Answers of gluster"
    case mount = "Mounts and what lies on them"
    case database = "Databases and records"
    case agent = "What an agent says"
  }

  var kind: Kind
  /// As the document shows it; unique within its kind.
  var input: String
  /// The error; nil when there was none.
  var give: @Sendable () async throws -> (any Error)?

  init(
    _ kind: Kind, _ input: String, _ give: @escaping @Sendable () async throws -> Void
  ) {
    self.kind = kind
    self.input = input
    self.give = {
      do {
        try await give()
        return nil
      } catch { return error }
    }
  }

  var testDescription: String { "\(kind.rawValue): \(input)" }

  static let all: [BadInput] = [
    configurationRows, siteRows, scenarioRows, bedRows, engineRows, glusterRows, mountRows, recordRows,
    databaseRows, agentRows,
  ].flatMap { $0 }

  /// The error as it is shown, without the paths that are this run's own.
  func shown() async throws -> String {
    let error = try #require(await give(), "no error")
    return Scratch.hidden(String(describing: error))
  }
}

/// A directory for each row that needs one.
enum Scratch {
  private static let mark = "drkit-bad-input-"

  static func with<T>(_ body: (String) async throws -> T) async throws -> T {
    let path = NSTemporaryDirectory() + mark + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
  }

  /// `DIR` for every directory that `with` made.
  static func hidden(_ text: String) -> String {
    var out = text
    while let found = out.range(of: "[^ (]*\(mark)[0-9A-F-]{36}", options: .regularExpression) {
      out.replaceSubrange(found, with: "DIR")
    }
    return out
  }

  static func put(_ bytes: some Sequence<UInt8>, _ path: String, mode: Int = 0o600) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }
}

/// `text` with `old`, which must be in it, replaced.
func changed(_ text: String, _ old: String, _ new: String) throws -> String {
  try #require(text.contains(old), "\(old)")
  return text.replacing(old, with: new, maxReplacements: 1)
}
