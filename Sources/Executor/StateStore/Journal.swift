import DRKit
import Foundation
import GRDB

extension StateStore: Journal {
  public func value(for key: StepKey) async throws(DRError) -> [UInt8]? {
    try await read("read a journalled step", key.label) { db in try Self.value(db, key) }
  }

  public func record(_ value: [UInt8], for key: StepKey) async throws(DRError) {
    try await write("journal a step", key.label) { db in
      if let known = try Self.value(db, key) {
        guard known == value else {
          throw DRError(
            .refused, "journal a step", key.label,
            reason: "the step has been recorded with another value (\(known.count) bytes, now \(value.count))"
          )
        }
        return
      }
      try db.execute(
        sql: "INSERT INTO steps (run, step, item, value) VALUES (?, ?, ?, ?)",
        arguments: [key.run.description, key.step, key.item, Data(value)])
    }
  }

  private static func value(_ db: Database, _ key: StepKey) throws -> [UInt8]? {
    let data = try Data.fetchOne(
      db, sql: "SELECT value FROM steps WHERE run = ? AND step = ? AND item = ?",
      arguments: [key.run.description, key.step, key.item])
    return data.map { [UInt8]($0) }
  }
}

extension StepKey {
  fileprivate var label: String { item.isEmpty ? "\(run) \(step)" : "\(run) \(step) \(item)" }
}
