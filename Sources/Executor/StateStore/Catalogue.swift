import DRKit
import GRDB

/// Runs and recovery points. Newest first means by `began` (points: by `instant`), equal ones by id, larger first.
extension StateStore: Catalogue {
  /// Finished runs of one key whose journals are kept, for whoever wants to know what happened.
  static let keptJournals = 20

  /// With a run that has ended, the journals of much older ones go.
  public func save(_ run: RunRecord) async throws(DRError) {
    try await write("save the run", run.id.description) { db in
      try RunRows.save(run, db)
      if run.outcome != .running {
        try RunRows.pruneSteps(run.key, keeping: Self.keptJournals, db)
      }
    }
  }

  public func unfinishedRun(_ key: DestinationKey) async throws(DRError) -> RunRecord? {
    try await read("find the unfinished run", key.description) { db in
      try RunRows.fetch(
        db, "WHERE domain = ? AND destination = ? AND outcome = ?",
        [key.domain, key.destination, RunOutcome.running.rawValue], limit: 1
      ).first
    }
  }

  public func run(_ id: RunID) async throws(DRError) -> RunRecord? {
    try await read("read the run", id.description) { db in
      try RunRows.fetch(db, "WHERE id = ?", [id.description], limit: 1).first
    }
  }

  /// - Parameter limit: how many at most; none for zero or less.
  public func runs(_ key: DestinationKey?, limit: Int) async throws(DRError) -> [RunRecord] {
    guard limit > 0 else { return [] }
    return try await read("list the runs", key?.description ?? "all") { db in
      if let key {
        try RunRows.fetch(
          db, "WHERE domain = ? AND destination = ?", [key.domain, key.destination], limit: limit)
      } else {
        try RunRows.fetch(db, "", [], limit: limit)
      }
    }
  }

  public func save(_ point: RecoveryPoint) async throws(DRError) {
    try await write("save the recovery point", point.run.description) { db in
      try PointRows.save(point, db)
    }
  }

  public func point(of run: RunID) async throws(DRError) -> RecoveryPoint? {
    try await read("read the run's recovery point", run.description) { db in try PointRows.point(db, of: run)
    }
  }

  public func newestPoint(_ key: DestinationKey) async throws(DRError) -> RecoveryPoint? {
    try await read("read the newest recovery point", key.description) { db in
      try PointRows.newest(db, key)
    }
  }

  /// Deletes all that is kept of a destination: runs, journals, points, the lease. One transaction.
  public func forget(_ key: DestinationKey) async throws(DRError) {
    try await write("forget the destination", key.description) { db in
      let arguments: StatementArguments = [key.domain, key.destination]
      let mine = "domain = ? AND destination = ?"
      try db.execute(
        sql: "DELETE FROM steps WHERE run IN (SELECT id FROM runs WHERE \(mine))", arguments: arguments)
      // Phases and sealed images go with what they belong to.
      for table in ["runs", "points", "leases", "rsync_limits"] {
        try db.execute(sql: "DELETE FROM \(table) WHERE \(mine)", arguments: arguments)
      }
    }
  }
}
