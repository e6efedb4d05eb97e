import DRKit
import GRDB

/// The marks of destinations that failed their proof.
extension StateStore {
  public func divergence(of key: DestinationKey) async throws(DRError) -> Divergence? {
    try await read("read whether the destination is diverged", key.description) { db in
      let row = try Row.fetchOne(
        db, sql: "SELECT * FROM divergences WHERE domain = ? AND destination = ?",
        arguments: [key.domain, key.destination])
      return try row.map { row in
        let settings: String? = row["settings"]
        return Divergence(
          key: key, run: try StoredText.identifier(row, "run"), at: Instant(nanoseconds: row["found"]),
          image: row["image"], reason: row["reason"],
          settings: try settings.map {
            try StoredJSON.value([SessionSetting].self, $0, column: "divergences.settings")
          })
      }
    }
  }

  public func save(_ divergence: Divergence) async throws(DRError) {
    let key = divergence.key
    try await write("mark the destination as diverged", key.description) { db in
      try db.execute(
        sql: """
          INSERT INTO divergences (domain, destination, run, found, image, reason, settings)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (domain, destination) DO UPDATE SET
            run = excluded.run, found = excluded.found, image = excluded.image, reason = excluded.reason,
            settings = excluded.settings
          """,
        arguments: [
          key.domain, key.destination, divergence.run.description, divergence.at.nanoseconds,
          divergence.image, divergence.reason, try divergence.settings.map { try StoredJSON.text($0) },
        ])
    }
  }

  public func clearDivergence(of key: DestinationKey) async throws(DRError) {
    try await write("clear the mark of a diverged destination", key.description) { db in
      try db.execute(
        sql: "DELETE FROM divergences WHERE domain = ? AND destination = ?",
        arguments: [key.domain, key.destination])
    }
  }
}
