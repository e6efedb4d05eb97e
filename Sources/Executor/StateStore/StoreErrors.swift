import DRKit
import Foundation
import GRDB

extension StateStore {
  /// Runs a transaction that changes the file. Immediate: no other writer between its first read and its commit.
  func write<T: Sendable>(
    _ operation: String, _ subject: String, _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(DRError) -> T {
    do {
      return try await pool.write(body)
    } catch {
      throw Self.failure(error, operation, subject, path)
    }
  }

  /// Runs a transaction that only looks, on a snapshot of the file.
  func read<T: Sendable>(
    _ operation: String, _ subject: String, _ body: @escaping @Sendable (Database) throws -> T
  ) async throws(DRError) -> T {
    do {
      return try await pool.read(body)
    } catch {
      throw Self.failure(error, operation, subject, path)
    }
  }

  static func mapping<T>(
    _ operation: String, _ path: String, _ body: () throws -> T
  ) throws(DRError) -> T {
    do {
      return try body()
    } catch {
      throw failure(error, operation, "", path)
    }
  }

  /// SQLite's verdicts in our words (primary result codes, sqlite.org/rescode.html).
  private static func failure(
    _ error: any Error, _ operation: String, _ subject: String, _ path: String
  ) -> DRError {
    if let error = error as? DRError { return error }
    if error is CancellationError || Task.isCancelled { return .stopped }
    let subject = subject.isEmpty ? path : "\(subject) in \(path)"
    guard let error = error as? DatabaseError else {
      return DRError(.malformed, operation, subject, reason: "\(error)")
    }
    let text = "SQLite error \(error.resultCode.rawValue): \(error.message ?? "no message")"
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return DRError(
        .transient, operation, subject, reason: text, remedy: "see which other process holds the file")
    case .SQLITE_FULL, .SQLITE_IOERR:
      return DRError(
        .transient, operation, subject, reason: text, remedy: "see to the file system: space, quota, health")
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      return DRError(
        .unfit, operation, subject, reason: text,
        remedy:
          "move the file away (with its -wal and -shm) and restore a backup of it, or start with a new one: "
          + "the manifests at the secondary still tell what is recoverable")
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_MISUSE:
      return DRError(
        .unfit, operation, subject, reason: text,
        remedy: "the file and its directory must be writable for this user")
    case .SQLITE_INTERRUPT:
      return .stopped
    case .SQLITE_ERROR where error.message?.contains("\"STRICT\"") ?? false:
      return DRError(
        .unfit, operation, subject, reason: "the system's SQLite has no STRICT tables",
        remedy: "install SQLite \(Schema.oldestSQLite.0).\(Schema.oldestSQLite.1) or later")
    default:
      return DRError(.refused, operation, subject, reason: text)
    }
  }
}

/// Small lists and errors as JSON text: for people and tools that look into the file.
enum StoredJSON {
  static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func value<T: Decodable>(_ type: T.Type, _ text: String, column: String) throws -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw DRError(.malformed, "read the state store", column, reason: "no such JSON: \(error)")
    }
  }
}
