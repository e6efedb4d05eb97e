import DRKit
import Foundation
import GRDB
import Testing

@testable import StateStore

@Suite("The journal in SQLite")
struct JournalTests {
  @Test("A value is recorded once, and is there after a reopening")
  func immutable() async throws {
    try await withDatabase { path in
      let key = StepKey(run: id(1), step: "quiesce.snapshot", item: "vm-1")
      let other = StepKey(run: id(1), step: "quiesce.snapshot", item: "vm-2")
      let bytes: [UInt8] = [0, 1, 255, 0]
      do {
        let store = try StateStore(path: path)
        #expect(try await store.value(for: key) == nil)
        try await store.record(bytes, for: key)
        try await store.record(bytes, for: key)
        let error = await #expect(throws: DRError.self) { try await store.record([1], for: key) }
        #expect(error?.kind == .refused)
        #expect(try await store.value(for: key) == bytes)
        try await store.record([], for: other)
        try store.close()
      }
      let again = try StateStore(path: path)
      #expect(try await again.value(for: key) == bytes)
      #expect(try await again.value(for: other) == [])
      #expect(try await again.value(for: StepKey(run: id(2), step: "quiesce.snapshot", item: "vm-1")) == nil)
      #expect(try await again.value(for: StepKey(run: id(1), step: "quiesce.snapshot")) == nil)
    }
  }

  @Test("The database itself refuses a change, and syncs every commit")
  func guarded() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      try await store.record([1], for: StepKey(run: id(1), step: "a"))
      #expect(throws: (any Error).self) {
        try store.pool.writeWithoutTransaction { db in try db.execute(sql: "UPDATE steps SET value = x'02'") }
      }
      // 2 is FULL.
      let synchronous = try await store.pool.writeWithoutTransaction { db in
        try Int.fetchOne(db, sql: "PRAGMA synchronous")
      }
      #expect(synchronous == 2)
      let mode = try await store.read("test", "") { db in try String.fetchOne(db, sql: "PRAGMA journal_mode")
      }
      #expect(mode == "wal")
      let foreignKeys = try await store.write("test", "") { db in
        try Int.fetchOne(db, sql: "PRAGMA foreign_keys")
      }
      #expect(foreignKeys == 1)
    }
  }

  @Test("Two connections that record the same step agree on the first value")
  func contention() async throws {
    try await withDatabase { path in
      let stores = [try StateStore(path: path), try StateStore(path: path)]
      let key = StepKey(run: id(1), step: "replicate.checkpoint")
      let refused = await withTaskGroup(of: Bool.self) { group in
        for number in 0..<20 {
          group.addTask {
            do throws(DRError) {
              try await stores[number % 2].record([UInt8(number)], for: key)
              return false
            } catch { return error.kind == .refused }
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(refused == 19)
      #expect(try await stores[0].value(for: key) == (try await stores[1].value(for: key)))
    }
  }

  @Test("10,000 records: found, guarded, and added to, one durable commit each")
  func many() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      func key(_ number: Int) -> StepKey { StepKey(run: id(1), step: "s", item: "\(number)") }
      // Most of them in one transaction: 10,000 commits would measure the disk (0.2 to 4 ms each here).
      let run: RunID = id(1)
      try await store.write("fill", "") { db in
        for number in 0..<9_700 {
          try db.execute(
            sql: "INSERT INTO steps (run, step, item, value) VALUES (?, 's', ?, ?)",
            arguments: [run.description, "\(number)", Data("\(number)".utf8)])
        }
      }
      for number in 9_700..<10_000 { try await store.record(Array("\(number)".utf8), for: key(number)) }
      let other = try StateStore(path: path)
      for number in stride(from: 0, to: 10_000, by: 97) {
        #expect(try await other.value(for: key(number)) == Array("\(number)".utf8))
      }
      let refused = await #expect(throws: DRError.self) { try await other.record([0], for: key(5_000)) }
      #expect(refused?.kind == .refused)
    }
  }

  @Test func aCancelledTaskHearsStopped() async throws {
    try await withDatabase { path in
      let store = try StateStore(path: path)
      let task = Task {
        while !Task.isCancelled { await Task.yield() }
        do throws(DRError) {
          try await store.record([1], for: StepKey(run: id(1), step: "a"))
          return DRError.Kind?.none
        } catch { return error.kind }
      }
      task.cancel()
      #expect(await task.value == .stopped)
      #expect(try await store.value(for: StepKey(run: id(1), step: "a")) == nil)
    }
  }
}
