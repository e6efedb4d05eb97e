import DRKit
import GRDB

/// The lease of a domain at a destination. Compared and taken in one immediate transaction, so that of two processes
/// that ask at once one gets `.busy`.
extension StateStore {
  public func takeLease(
    _ key: DestinationKey, owner: RunID, now: Instant, until expiry: Instant
  ) async throws(DRError) {
    try await write("take the lease", key.description) { db in
      let held = try Row.fetchOne(
        db, sql: "SELECT owner, expiry FROM leases WHERE domain = ? AND destination = ?",
        arguments: [key.domain, key.destination])
      if let held {
        let holder: String = held["owner"]
        let end = Instant(nanoseconds: held["expiry"])
        // A lease ends *at* its expiry.
        guard holder == owner.description || end <= now else {
          throw DRError(
            .busy, "take the lease", key.description,
            reason: "another executor, \(holder), holds it for \((end - now).wholeSeconds) s, and renews it",
            remedy: "wait for its run to end; the lease of one that died ends by itself")
        }
      }
      try db.execute(
        sql: """
          INSERT INTO leases (domain, destination, owner, expiry) VALUES (?, ?, ?, ?)
          ON CONFLICT (domain, destination) DO UPDATE SET owner = excluded.owner, expiry = excluded.expiry
          """,
        arguments: [key.domain, key.destination, owner.description, expiry.nanoseconds])
    }
  }

  /// Gives the lease back. Success when another owner holds it (by now), or nobody. Done even in a cancelled task.
  public func releaseLease(_ key: DestinationKey, owner: RunID) async throws(DRError) {
    // In a task of its own: GRDB refuses a cancelled one, and a run that was told to stop releases in one.
    let release = Task { () -> Result<Void, DRError> in
      do throws(DRError) {
        try await write("release the lease", key.description) { db in
          try db.execute(
            sql: "DELETE FROM leases WHERE domain = ? AND destination = ? AND owner = ?",
            arguments: [key.domain, key.destination, owner.description])
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try await release.value.get()
  }
}
