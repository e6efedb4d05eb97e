import DRKit
import Foundation
import GRDB
import Testing

@testable import StateStore

@Suite("The state store's file")
struct FileTests {
  private func failure(_ path: String) -> DRError? {
    do throws(DRError) {
      _ = try StateStore(path: path)
      return nil
    } catch { return error }
  }

  private func mode(_ path: String) throws -> Int {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test("Only its owner can read it, nor its WAL")
  func modes() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      try await store.record([1], for: StepKey(run: id(1), step: "a"))
      for file in ["", "-wal", "-shm"] { #expect(try mode(path + file) == 0o600) }
      try store.close()
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
      let again = try StateStore(path: path)
      #expect(try mode(path) == 0o600)
      try again.close()
    }
  }

  @Test("A newer schema is refused, and the file left as it was")
  func newer() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      try await store.save(RunRecord(id: id(1), key: key, began: at(0)))
      try await store.pool.write { db in
        try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99-the-future')")
      }
      try store.close()
      let error = failure(path)
      #expect(error?.kind == .unfit)
      #expect(error?.reason.contains("newer drkit") == true)
      #expect(error?.remedy.isEmpty == false)
      let queue = try DatabaseQueue(path: path)
      #expect(try await queue.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM runs") } == 1)
    }
  }

  @Test("A point of a store from before there were proofs is read as it was")
  func oldPoints() async throws {
    try await withDatabase { path in
      let queue = try DatabaseQueue(path: path)
      try Schema.migrator.migrate(queue, upTo: "1-history")
      let names = (id(1) as RunID).description
      try await queue.write { db in
        try db.execute(
          sql: """
            INSERT INTO points VALUES ('\(names)', '\(key.domain)', '\(key.destination)', 1, 2, '[]', '[]');
            INSERT INTO sealed_images VALUES ('\(names)', 0, '\(names)', '\(names)', '\(names)', 5, 'aa');
            """)
      }
      try queue.close()
      let store = try StateStore(path: path)
      let image = try #require(try await store.newestPoint(key)?.images.first)
      #expect(image.digest == FileDigest(size: 5, sha256: "aa"))
      #expect(image.proof == nil)
      try store.close()
    }
  }

  /// As `3-divergences` left it.
  @Test("A point of a store from before there were verdicts has none; the next one keeps its own")
  func pointsWithoutVerdicts() async throws {
    try await withDatabase { path in
      let queue = try DatabaseQueue(path: path)
      try Schema.migrator.migrate(queue, upTo: "3-divergences")
      let name = (id(1) as RunID).description
      try await queue.write { db in
        try db.execute(
          sql: """
            INSERT INTO points VALUES
              ('\(name)', '\(key.domain)', '\(key.destination)', 1, 2, '["a: b"]', '["c: d"]', '\(name)');
            """)
      }
      try queue.close()
      let store = try StateStore(path: path)
      let old = try #require(try await store.point(of: id(1)))
      #expect(old.machines == nil && old.diverged == id(1) && old.leftOut == ["c: d"])
      #expect(try await store.newestPoint(key) == old)
      let verdicts = MachineVerdict.Grade.allCases.enumerated().map { index, grade in
        MachineVerdict(
          machine: id(UInt64(index)), name: "vm \"ü\" \(index)", grade: grade,
          remarks: index == 0 ? [] : ["a\nb", "c, d"])
      }
      let new = RecoveryPoint(
        run: id(2), key: key, instant: at(1), sealed: at(2), images: [], notInPoint: [], machines: verdicts)
      try await store.save(new)
      try store.close()
      let again = try StateStore(path: path)
      #expect(try await again.point(of: id(2)) == new)
      #expect(try await again.newestPoint(key) == new)
      #expect(try await again.point(of: id(1)) == old)
      #expect(try await again.point(of: id(3)) == nil)
    }
  }

  @Test func anotherProgramsDatabaseIsRefused() async throws {
    try await withDatabase { path in
      let queue = try DatabaseQueue(path: path)
      try await queue.write { db in try db.execute(sql: "CREATE TABLE recipes (name TEXT)") }
      try queue.close()
      #expect(failure(path)?.reason.contains("another program") == true)
    }
  }

  @Test("Garbage, a directory, a corrupt page: a clear error with a remedy, no crash")
  func corrupt() async throws {
    try await withDatabase { path in
      try Data("This is no database, but long enough to look like one. ".utf8).write(
        to: URL(fileURLWithPath: path))
      let garbage = failure(path)
      #expect(garbage?.kind == .unfit)
      #expect(garbage?.remedy.contains("move the file away") == true)
    }
    try await withDatabase { path in
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      #expect(failure(path)?.kind == .unfit)
    }
    try await withDatabase { path in
      let store = try StateStore(path: path)
      for number in 0..<200 {
        try await store.record(
          [UInt8](repeating: 7, count: 500), for: StepKey(run: id(1), step: "s", item: "\(number)"))
      }
      try await store.pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
      try store.close()
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      for index in (bytes.count / 2)..<(bytes.count - 4096) {
        bytes[index] = UInt8(truncatingIfNeeded: index &* 7)
      }
      try bytes.write(to: URL(fileURLWithPath: path))
      // Deep inside: opening does not read that far, the full check does.
      let damaged = try StateStore(path: path)
      let deep = #expect(throws: DRError.self) { try damaged.checkWhole() }
      #expect(deep?.kind == .unfit)
      #expect(deep?.remedy.contains("move the file away") == true)
      try damaged.close()
      for index in 8192..<(bytes.count - 4096) { bytes[index] = UInt8(truncatingIfNeeded: index &* 7) }
      try bytes.write(to: URL(fileURLWithPath: path))
      let error = failure(path)
      #expect(error?.kind == .unfit, "\(error?.description ?? "opened")")
      #expect(error?.reason.contains("SQLite error") == true)
    }
  }

  @Test("Whoever only looks makes no file")
  func lookingOnly() async throws {
    try await withDatabase { path in
      let error = #expect(throws: DRError.self) { try StateStore(existing: path) }
      #expect(error?.kind == .unfit)
      #expect(error?.reason == "there is no state file at \(path)")
      #expect(!FileManager.default.fileExists(atPath: path))
      try StateStore(path: path).close()
      let store = try StateStore(existing: path)
      try store.checkWhole()
      try store.close()
    }
  }

  @Test func aPathThatCantBeMadeIsUnfit() async throws {
    try await withDatabase { path in
      for wrong in [path + "/x", path + ".d/state.sqlite", "/proc/drkit.sqlite"] {
        let error = failure(wrong)
        #expect(error?.kind == .unfit, "\(wrong)")
        #expect(error?.remedy.isEmpty == false)
      }
    }
  }

  @Test("Many connections may make the same file at once")
  func madeAtOnce() async throws {
    for _ in 0..<5 {
      try await withDatabase { path in
        let errors = await withTaskGroup(of: DRError?.self) { group in
          for _ in 0..<6 { group.addTask { failure(path) } }
          return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
        }
        #expect(errors.isEmpty, "\(errors)")
      }
    }
  }

  @Test("A writer that another process keeps waiting says transient")
  func locked() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      let holder = try DatabaseQueue(path: path)
      let kind = try await holder.writeWithoutTransaction { db in
        try db.execute(sql: "BEGIN IMMEDIATE")
        defer { try? db.execute(sql: "ROLLBACK") }
        // On a thread of its own: this closure holds the lock meanwhile.
        let done = DispatchSemaphore(value: 0)
        let result = Box()
        Task.detached {
          do throws(DRError) {
            try await store.record([1], for: StepKey(run: id(1), step: "a"))
          } catch { result.kind = error.kind }
          done.signal()
        }
        done.wait()
        return result.kind
      }
      #expect(kind == .transient)
      try await store.record([1], for: StepKey(run: id(1), step: "a"))
    }
  }

  private final class Box: @unchecked Sendable {
    var kind: DRError.Kind?
  }

  @Test func aClosedStoreSaysSo() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      try store.close()
      let error = await #expect(throws: DRError.self) { try await store.run(id(1)) }
      #expect(error?.kind == .unfit)
    }
  }
}
