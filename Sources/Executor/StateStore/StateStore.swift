import DRKit
import Foundation
import GRDB

/// The journal and the catalogue in one SQLite file, through GRDB and the system's libsqlite3.
///
/// WAL with `synchronous=FULL`: what `record` or `save` returned from survives the process and a power cut. Several
/// processes may open the file; writers wait up to five seconds for each other. The file has mode 0600.
public struct StateStore: Sendable {
  let pool: DatabasePool
  let path: String

  /// How long a writer waits for another one before it says `.transient`.
  static let busyTimeout: Double = 5

  /// Opens the file at `path`, making it if there is none and bringing an older schema up to date. Blocks for as long
  /// as that takes (milliseconds, at most about ten seconds when another process is in the way).
  /// - Parameter path: in a directory that exists, on a local file system (SQLite's WAL needs shared memory).
  /// - Throws: `.unfit`, with a remedy, for a file that is corrupt, not ours, unwritable, or written by a newer
  ///   drkit (it is left as it was); `.transient` when another process kept it locked.
  public init(path: String) throws(DRError) {
    self.path = path
    try StoreFile.prepare(path)
    self.pool = try Self.mapping("open the state store", path) { try Self.open(path) }
  }

  /// Opens a file that is there; as `init(path:)` otherwise.
  /// - Throws: `.unfit` when there is none, too.
  public init(existing path: String) throws(DRError) {
    guard try StoreFile.size(path) != nil else {
      throw DRError(
        .unfit, "open the state store", path, reason: "there is no state file at \(path)",
        remedy: "`drctl sync` makes it; or name the one that is there under `state`")
    }
    try self.init(path: path)
  }

  /// Reads all of the file and checks its structure. Blocks for as long as that takes.
  /// - Throws: `.unfit` when it is corrupt.
  public func checkWhole() throws(DRError) {
    try Self.mapping("check the state store", path) {
      let verdict = try pool.read { db in try String.fetchOne(db, sql: "PRAGMA quick_check(1)") }
      guard verdict == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: verdict) }
    }
  }

  /// Ends every connection. The store answers `.unfit` afterwards. Without it the file closes when the last copy of
  /// the value goes.
  public func close() throws(DRError) {
    try Self.mapping("close the state store", path) { try pool.close() }
  }

  // MARK: Opening

  private static func open(_ path: String) throws -> DatabasePool {
    try refuseForeign(path)
    // Two processes that make the same file at once trip over each other's first transactions, in places where SQLite
    // does not call the busy handler (switching to WAL, upgrading a read transaction). The loser simply looks again.
    var attempt = 0
    while true {
      do {
        return try openOnce(path)
      } catch let error as DatabaseError where attempt < 40 && Self.isContention(error) {
        attempt += 1
        Thread.sleep(forTimeInterval: 0.05)
      }
    }
  }

  private static func isContention(_ error: DatabaseError) -> Bool {
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CONSTRAINT: true
    // "table … already exists", "duplicate column name": the other process migrated first.
    case .SQLITE_ERROR:
      error.message.map { $0.contains("already exists") || $0.contains("duplicate column name") } ?? false
    default: false
    }
  }

  private static func openOnce(_ path: String) throws -> DatabasePool {
    let pool = try DatabasePool(path: path, configuration: configuration(readonly: false))
    // GRDB sets NORMAL when it switches a pool to WAL, after `prepareDatabase`: so it is set here, on the one
    // connection that writes.
    try pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
    try Schema.migrator.migrate(pool)
    // One look into each table, whatever the file's size: it grows with every run.
    try pool.read { db in
      for table in Schema.tables { _ = try Row.fetchOne(db, sql: "SELECT * FROM \(table) LIMIT 1") }
    }
    return pool
  }

  /// Looks at a file that is there without changing it: a newer schema, or another program's database, stays as it is.
  private static func refuseForeign(_ path: String) throws {
    guard let size = try StoreFile.size(path), size > 0 else { return }
    let queue = try DatabaseQueue(path: path, configuration: configuration(readonly: true))
    defer { try? queue.close() }
    try queue.read { db in
      let mark = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
      // Without our mark: a file whose first migration is still to come holds nothing but what GRDB itself makes.
      let foreign = try Int.fetchOne(
        db, sql: "SELECT count(*) FROM sqlite_schema WHERE tbl_name NOT LIKE 'grdb\\_%' ESCAPE '\\'")
      guard mark == Schema.applicationID || (mark == 0 && foreign == 0) else {
        throw DRError(
          .unfit, "open the state store", path, reason: "the file is another program's SQLite database",
          remedy: "name another file in the configuration")
      }
      if try Schema.migrator.hasBeenSuperseded(db) {
        throw DRError(
          .unfit, "open the state store", path, reason: "a newer drkit has changed the file's schema",
          remedy: "run that version, or start this one with another file")
      }
    }
  }

  private static func configuration(readonly: Bool) -> Configuration {
    var configuration = Configuration()
    configuration.readonly = readonly
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(busyTimeout)
    configuration.maximumReaderCount = 2
    configuration.label = "drkit.state"
    return configuration
  }
}
