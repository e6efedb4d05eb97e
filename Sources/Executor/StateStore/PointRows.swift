import DRKit
import GRDB

/// Recovery points as rows.
enum PointRows {
  /// A point that is there stays as it is: a run seals once.
  static func save(_ point: RecoveryPoint, _ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO points
          (run, domain, destination, instant, sealed, not_in_point, left_out, diverged, machines)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run) DO NOTHING
        """,
      arguments: [
        point.run.description, point.key.domain, point.key.destination, point.instant.nanoseconds,
        point.sealed.nanoseconds, try StoredJSON.text(point.notInPoint), try StoredJSON.text(point.leftOut),
        point.diverged?.description,
        try point.machines.map { try StoredJSON.text($0) },
      ])
    guard db.changesCount > 0 else { return }
    for (ordinal, image) in point.images.enumerated() {
      try db.execute(
        sql: """
          INSERT INTO sealed_images (run, ordinal, machine, disk, volume, size, sha256, block, read, proof)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          point.run.description, ordinal, image.machine.description, image.disk.description,
          image.volume.description, image.digest.size, image.digest.sha256, image.digest.block,
          image.digest.read, try image.proof.map { try StoredJSON.text($0) },
        ])
    }
  }

  static func newest(_ db: Database, _ key: DestinationKey) throws -> RecoveryPoint? {
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT * FROM points WHERE domain = ? AND destination = ?
        ORDER BY instant DESC, sealed DESC, run DESC LIMIT 1
        """,
      arguments: [key.domain, key.destination])
    return try row.map { try point(db, $0) }
  }

  static func point(_ db: Database, of run: RunID) throws -> RecoveryPoint? {
    let row = try Row.fetchOne(db, sql: "SELECT * FROM points WHERE run = ?", arguments: [run.description])
    return try row.map { try point(db, $0) }
  }

  private static func point(_ db: Database, _ row: Row) throws -> RecoveryPoint {
    let run: RunID = try StoredText.identifier(row, "run")
    let key = DestinationKey(domain: row["domain"], destination: row["destination"])
    let machines: String? = row["machines"]
    return RecoveryPoint(
      run: run, key: key, instant: Instant(nanoseconds: row["instant"]),
      sealed: Instant(nanoseconds: row["sealed"]), images: try images(db, of: run),
      notInPoint: try StoredJSON.value([String].self, row["not_in_point"], column: "points.not_in_point"),
      leftOut: try StoredJSON.value([String].self, row["left_out"], column: "points.left_out"),
      diverged: try StoredText.optionalIdentifier(row, "diverged"),
      machines: try machines.map {
        try StoredJSON.value([MachineVerdict].self, $0, column: "points.machines")
      })
  }

  private static func images(_ db: Database, of run: RunID) throws -> [SealedImage] {
    let rows = try Row.fetchAll(
      db, sql: "SELECT * FROM sealed_images WHERE run = ? ORDER BY ordinal", arguments: [run.description])
    return try rows.map { row in
      let proof: String? = row["proof"]
      return SealedImage(
        machine: try StoredText.identifier(row, "machine"), disk: try StoredText.identifier(row, "disk"),
        volume: try StoredText.identifier(row, "volume"),
        digest: FileDigest(size: row["size"], sha256: row["sha256"], block: row["block"], read: row["read"]),
        proof: try proof.map { try StoredJSON.value(ContentProof.self, $0, column: "sealed_images.proof") })
    }
  }
}
