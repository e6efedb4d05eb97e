import GRDB

/// The database's schema as a list of migrations. A migration that was released is never edited: add another.
///
/// Instants are whole nanoseconds since the epoch (UTC), identifiers are canonical lower-case UUID text, so that
/// `ORDER BY` sorts both as DRKit does. The tables:
/// - `runs` with `phases`: the history, one row a run, and one a finished phase of it;
/// - `steps`: the journal; a row is written once and never updated (a trigger sees to it);
/// - `points` with `sealed_images`: the recovery points;
/// - `divergences`: the destinations that failed their proof and are not repaired yet;
/// - `rsync_limits`: the bandwidth limits that drkit set on sessions;
/// - `leases`: who may run for a domain at a destination.
enum Schema {
  /// `PRAGMA application_id`, "drkt": tells our file from any other program's.
  static let applicationID: Int32 = 0x6472_6b74
  /// STRICT tables came with SQLite 3.37.0 (2021-11-27, sqlite.org/stricttables.html).
  static let oldestSQLite = (3, 37)

  static let tables = [
    "runs", "phases", "steps", "points", "sealed_images", "leases", "divergences", "rsync_limits",
  ]

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1-history", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try db.execute(sql: history)
    }
    migrator.registerMigration("2-proofs", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: proofs)
    }
    migrator.registerMigration("3-divergences", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: divergences)
    }
    migrator.registerMigration("4-rsync-limits", foreignKeyChecks: .immediate) { db in
      try db.execute(sql: rsyncLimits)
    }
    migrator.registerMigration("5-verdicts", foreignKeyChecks: .immediate) { db in
      // NULL: a point from before.
      try db.execute(sql: "ALTER TABLE points ADD COLUMN machines TEXT")
    }
    return migrator
  }

  private static let rsyncLimits = """
    CREATE TABLE rsync_limits (
      domain TEXT NOT NULL,
      destination TEXT NOT NULL,
      ours TEXT NOT NULL,
      before TEXT NOT NULL,
      PRIMARY KEY (domain, destination)
    ) STRICT, WITHOUT ROWID;
    """

  /// `points.diverged`: the run that had found the destination diverged when the point was sealed.
  private static let divergences = """
    CREATE TABLE divergences (
      domain TEXT NOT NULL,
      destination TEXT NOT NULL,
      run TEXT NOT NULL CHECK (length(run) = 36),
      found INTEGER NOT NULL,
      image TEXT NOT NULL,
      reason TEXT NOT NULL,
      settings TEXT,
      PRIMARY KEY (domain, destination)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE points ADD COLUMN diverged TEXT CHECK (length(diverged) = 36);
    """

  /// How much of an image was compared. NULL in all: a point from before, whose digest is plain SHA-256 of every byte.
  private static let proofs = """
    ALTER TABLE sealed_images ADD COLUMN block INTEGER CHECK (block > 0);
    ALTER TABLE sealed_images ADD COLUMN read INTEGER CHECK (read >= 0);
    ALTER TABLE sealed_images ADD COLUMN proof TEXT;
    """

  private static let history = """
    CREATE TABLE runs (
      id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
      domain TEXT NOT NULL,
      destination TEXT NOT NULL,
      began INTEGER NOT NULL,
      ended INTEGER,
      outcome TEXT NOT NULL,
      failure TEXT,
      left_over TEXT NOT NULL
    ) STRICT;
    CREATE INDEX runs_by_key ON runs (domain, destination, began DESC, id DESC);
    CREATE INDEX runs_by_time ON runs (began DESC, id DESC);

    CREATE TABLE phases (
      run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      ordinal INTEGER NOT NULL,
      phase TEXT NOT NULL,
      began INTEGER NOT NULL,
      ended INTEGER NOT NULL,
      note TEXT NOT NULL,
      PRIMARY KEY (run, ordinal)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE steps (
      run TEXT NOT NULL CHECK (length(run) = 36),
      step TEXT NOT NULL,
      item TEXT NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (run, step, item)
    ) STRICT;
    CREATE TRIGGER steps_are_immutable BEFORE UPDATE ON steps
    BEGIN SELECT RAISE(ABORT, 'a journalled step is never changed'); END;

    CREATE TABLE points (
      run TEXT NOT NULL PRIMARY KEY CHECK (length(run) = 36),
      domain TEXT NOT NULL,
      destination TEXT NOT NULL,
      instant INTEGER NOT NULL,
      sealed INTEGER NOT NULL,
      not_in_point TEXT NOT NULL,
      left_out TEXT NOT NULL
    ) STRICT;
    CREATE INDEX points_by_key ON points (domain, destination, instant DESC, sealed DESC, run DESC);

    CREATE TABLE sealed_images (
      run TEXT NOT NULL REFERENCES points (run) ON DELETE CASCADE,
      ordinal INTEGER NOT NULL,
      machine TEXT NOT NULL,
      disk TEXT NOT NULL,
      volume TEXT NOT NULL,
      size INTEGER NOT NULL CHECK (size >= 0),
      sha256 TEXT NOT NULL,
      PRIMARY KEY (run, ordinal)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE leases (
      domain TEXT NOT NULL,
      destination TEXT NOT NULL,
      owner TEXT NOT NULL CHECK (length(owner) = 36),
      expiry INTEGER NOT NULL,
      PRIMARY KEY (domain, destination)
    ) STRICT, WITHOUT ROWID;
    """
}
