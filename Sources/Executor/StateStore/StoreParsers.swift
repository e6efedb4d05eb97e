import DRKit
import Foundation
import GRDB
import Glibc

/// The state file as somebody, or something, may have left it.
package enum StoreParsers {
  package static let all = [file, log]

  private static let key = DestinationKey(domain: "vms", destination: "dr")
  private static let run = RunID(high: 7, low: 1)
  private static let steps = 12

  private static func step(_ number: Int) -> StepKey { StepKey(run: run, step: "s", item: "\(number)") }
  private static func value(_ number: Int) -> [UInt8] { [UInt8](repeating: UInt8(number), count: 700) }

  private static func path() -> String { NSTemporaryDirectory() + "/drkit-fuzz-\(getpid()).sqlite" }

  private static func clear(_ path: String) {
    for end in ["", "-wal", "-shm", "-journal"] { unlink(path + end) }
  }

  /// A store's file and write-ahead log, as a process that is killed leaves them: the history in the file, the journalled
  /// steps in the log, one commit each.
  package static func killed(at path: String) async throws -> (file: [UInt8], log: [UInt8]) {
    clear(path)
    defer { clear(path) }
    let store = try StateStore(path: path)
    try await store.save(
      RunRecord(
        id: run, key: key, began: Instant(epochSeconds: 1_700_000_000), outcome: .failed, failure: .stopped,
        leftOver: ["x"],
        phases: [
          PhaseRecord(
            phase: .preflight, began: Instant(epochSeconds: 1_700_000_000),
            ended: Instant(epochSeconds: 1_700_000_001), note: "fine")
        ]))
    let digest = FileDigest(size: 1 << 30, sha256: "aa")
    let image = SealedImage(machine: .blank, disk: .blank, volume: .blank, digest: digest)
    try await store.save(
      RecoveryPoint(
        run: run, key: key, instant: Instant(epochSeconds: 1_700_000_000),
        sealed: Instant(epochSeconds: 1_700_000_001), images: [image], notInPoint: ["x"]))
    try await store.takeLease(
      key, owner: run, now: Instant(epochSeconds: 1_700_000_000), until: Instant(epochSeconds: 1_700_000_009))
    _ = try await store.pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
    for number in 0..<steps { try await store.record(value(number), for: step(number)) }
    let found = (
      [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))),
      [UInt8](
        try Data(contentsOf: URL(fileURLWithPath: path + "-wal")))
    )
    try store.close()
    return found
  }

  /// How many of the steps a store holds.
  /// - Throws: `FuzzedFlaw` when they are not the first ones, each with its own value.
  package static func recovered(_ store: StateStore) async throws -> Int {
    var count = 0
    for number in 0..<steps {
      guard let found = try await store.value(for: step(number)) else { continue }
      guard found == value(number) else { throw FuzzedFlaw("step \(number) came back with another value") }
      guard count == number else { throw FuzzedFlaw("step \(number) is there, and step \(count) is not") }
      count += 1
    }
    return count
  }

  @Sendable private static func files() async throws -> [[UInt8]] { [try await killed(at: path()).file] }
  @Sendable private static func logs() async throws -> [[UInt8]] { [try await killed(at: path()).log] }

  private static func put(_ bytes: [UInt8], at path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  static let file = FuzzedParser("state-file", share: 1, corpus: files) {
    bytes in
    let path = path()
    clear(path)
    defer { clear(path) }
    try put(bytes, at: path)
    let store = try StateStore(path: path)
    defer { try? store.close() }
    _ = try await store.runs(nil, limit: 10)
    _ = try await store.newestPoint(key)
    _ = try await store.value(for: step(0))
    try? await store.takeLease(
      key, owner: .blank, now: Instant(epochSeconds: 0), until: Instant(epochSeconds: 1))
    try await store.record([1], for: StepKey(run: .blank, step: "t"))
  }

  /// The file is whole, the log is not: what comes back are the first so many of the steps.
  static let log = FuzzedParser("state-log", share: 1, corpus: logs) {
    bytes in
    let path = path()
    clear(path)
    defer { clear(path) }
    try put(try await whole.file(path), at: path)
    try put(bytes, at: path + "-wal")
    let store = try StateStore(path: path)
    defer { try? store.close() }
    _ = try await recovered(store)
    guard try await store.newestPoint(key)?.run == run else {
      throw FuzzedFlaw("a point in the file is gone")
    }
  }

  /// Made once for a process.
  private actor Whole {
    private var made: [UInt8]?
    func file(_ path: String) async throws -> [UInt8] {
      if let made { return made }
      let found = try await StoreParsers.killed(at: path).file
      made = found
      return found
    }
  }
  private static let whole = Whole()
}
