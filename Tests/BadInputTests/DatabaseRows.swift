import AgentProtocol
import DRKit
import Foundation
import GRDB
import Testing

@testable import StateStore

extension BadInput {
  private static func file(_ shown: String, _ make: @escaping @Sendable (String) async throws -> Void)
    -> BadInput
  {
    BadInput(.database, shown) {
      try await Scratch.with { directory in
        let path = directory + "/drkit.sqlite"
        try await make(path)
        _ = try StateStore(path: path)
      }
    }
  }

  static let databaseRows: [BadInput] = [
    file("garbage") { try Scratch.put(Array(repeating: UInt8(ascii: "x"), count: 5_000), $0) },
    file("a directory") {
      try FileManager.default.createDirectory(atPath: $0, withIntermediateDirectories: false)
    },
    file("another program's database") { path in
      let queue = try DatabaseQueue(path: path)
      try await queue.write { db in try db.execute(sql: "CREATE TABLE recipes (name TEXT)") }
      try queue.close()
    },
    file("a newer drkit's schema") { path in
      let store = try StateStore(path: path)
      try await store.pool.write { db in
        try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99-the-future')")
      }
      try store.close()
    },
    file("a page of zeros") { path in
      let whole = try await StoreParsers.killed(at: path).file
      try Scratch.put(
        whole.prefix(4_096) + [UInt8](repeating: 0, count: 4_096) + whole.dropFirst(8_192), path)
    },
    file("a file cut in the middle") { path in
      let whole = try await StoreParsers.killed(at: path).file
      try Scratch.put(whole.prefix(whole.count / 2), path)
    },
    BadInput(.database, "a directory that does not exist") {
      try await Scratch.with { _ = try StateStore(path: "\($0)/state/drkit.sqlite") }
    },
  ]

  private static func talk(_ shown: String, _ lines: String...) -> BadInput {
    BadInput(.agent, shown) {
      let output = Array((lines.joined(separator: "\n") + (lines.isEmpty ? "" : "\n")).utf8)
      _ = try AgentTranscript.result(of: output, DigestPlan(block: 1 << 20), subject: "a1:images/x")
    }
  }

  private static let hello = "{\"say\":\"hello\",\"protocol\":1,\"threads\":2}"

  static let agentRows: [BadInput] = [
    talk("nothing"), talk("Last login: Mon Nov 23", "Last login: Mon Nov 23"),
    talk("another version", "{\"say\":\"hello\",\"protocol\":2}"),
    talk("hello, and no more", hello),
    talk(
      "a block before the file", hello,
      "{\"say\":\"block\",\"index\":0,\"sha256\":\"\(String(repeating: "a", count: 64))\"}"),
    talk(
      "a file of 8 EiB", hello,
      "{\"say\":\"file\",\"size\":9223372036854775807,\"block\":1048576,\"blocks\":1}"),
    talk(
      "a wrong root", hello, "{\"say\":\"file\",\"size\":0,\"block\":1048576,\"blocks\":0}",
      "{\"say\":\"done\",\"blocks\":0,\"root\":\"\(String(repeating: "a", count: 64))\"}"),
    BadInput(.agent, "asked: digest --block many") {
      _ = try AgentRequest(arguments: ["digest", "--directory", "/x", "--path", "y", "--block", "many"])
    },
  ]
}
