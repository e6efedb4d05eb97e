import DRKit
import GRDB

/// The bandwidth limits that drkit set on sessions.
extension StateStore {
  public func rsyncLimit(of key: DestinationKey) async throws(DRError) -> RsyncLimit? {
    try await read("read the session's bandwidth limit", key.description) { db in
      let row = try Row.fetchOne(
        db, sql: "SELECT * FROM rsync_limits WHERE domain = ? AND destination = ?",
        arguments: [key.domain, key.destination])
      return try row.map { row in
        RsyncLimit(
          key: key, ours: try StoredJSON.value([String].self, row["ours"], column: "rsync_limits.ours"),
          before: try StoredJSON.value([String].self, row["before"], column: "rsync_limits.before"))
      }
    }
  }

  public func save(_ limit: RsyncLimit) async throws(DRError) {
    let key = limit.key
    try await write("remember the session's bandwidth limit", key.description) { db in
      try db.execute(
        sql: """
          INSERT INTO rsync_limits (domain, destination, ours, before) VALUES (?, ?, ?, ?)
          ON CONFLICT (domain, destination) DO UPDATE SET ours = excluded.ours, before = excluded.before
          """,
        arguments: [
          key.domain, key.destination, try StoredJSON.text(limit.ours), try StoredJSON.text(limit.before),
        ])
    }
  }

  public func clearRsyncLimit(of key: DestinationKey) async throws(DRError) {
    try await write("forget the session's bandwidth limit", key.description) { db in
      try db.execute(
        sql: "DELETE FROM rsync_limits WHERE domain = ? AND destination = ?",
        arguments: [key.domain, key.destination])
    }
  }
}
