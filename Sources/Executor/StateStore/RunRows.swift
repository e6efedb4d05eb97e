import DRKit
import GRDB

/// Runs as rows.
enum RunRows {
  static func save(_ run: RunRecord, _ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO runs (id, domain, destination, began, ended, outcome, failure, left_over)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET
          domain = excluded.domain, destination = excluded.destination, began = excluded.began,
          ended = excluded.ended, outcome = excluded.outcome, failure = excluded.failure,
          left_over = excluded.left_over
        """,
      arguments: [
        run.id.description, run.key.domain, run.key.destination, run.began.nanoseconds,
        run.ended?.nanoseconds, run.outcome.rawValue, try run.failure.map { try StoredJSON.text($0) },
        try StoredJSON.text(run.leftOver),
      ])
    try db.execute(sql: "DELETE FROM phases WHERE run = ?", arguments: [run.id.description])
    for (ordinal, phase) in run.phases.enumerated() {
      try db.execute(
        sql: "INSERT INTO phases (run, ordinal, phase, began, ended, note) VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [
          run.id.description, ordinal, phase.phase.rawValue, phase.began.nanoseconds, phase.ended.nanoseconds,
          phase.note,
        ])
    }
  }

  /// Forgets the journal of finished runs but for the newest ones of the key: nothing asks for it any more, and it is what makes
  /// the file grow. Runs and points stay.
  static func pruneSteps(_ key: DestinationKey, keeping newest: Int, _ db: Database) throws {
    try db.execute(
      sql: """
        DELETE FROM steps WHERE run IN (
          SELECT id FROM runs WHERE domain = ? AND destination = ? AND outcome <> ?
          ORDER BY began DESC, id DESC LIMIT -1 OFFSET ?)
        """,
      arguments: [key.domain, key.destination, RunOutcome.running.rawValue, newest])
  }

  /// Newest first.
  static func fetch(
    _ db: Database, _ condition: String, _ arguments: StatementArguments, limit: Int
  ) throws -> [RunRecord] {
    let rows = try Row.fetchAll(
      db, sql: "SELECT * FROM runs \(condition) ORDER BY began DESC, id DESC LIMIT ?",
      arguments: arguments + [limit])
    return try rows.map { row in
      let id: RunID = try StoredText.identifier(row, "id")
      let failure: String? = row["failure"]
      let ended: Int64? = row["ended"]
      return RunRecord(
        id: id, key: DestinationKey(domain: row["domain"], destination: row["destination"]),
        began: Instant(nanoseconds: row["began"]), ended: ended.map { Instant(nanoseconds: $0) },
        outcome: try StoredText.word(row, "outcome"),
        failure: try failure.map { try StoredJSON.value(DRError.self, $0, column: "runs.failure") },
        leftOver: try StoredJSON.value([String].self, row["left_over"], column: "runs.left_over"),
        phases: try phases(db, of: id))
    }
  }

  private static func phases(_ db: Database, of run: RunID) throws -> [PhaseRecord] {
    let rows = try Row.fetchAll(
      db, sql: "SELECT * FROM phases WHERE run = ? ORDER BY ordinal", arguments: [run.description])
    return try rows.map { row in
      PhaseRecord(
        phase: try StoredText.word(row, "phase"), began: Instant(nanoseconds: row["began"]),
        ended: Instant(nanoseconds: row["ended"]), note: row["note"])
    }
  }
}

/// Columns that hold an identifier or one of our words.
enum StoredText {
  static func identifier<Kind>(_ row: Row, _ column: String) throws -> Identifier<Kind> {
    let text: String = row[column]
    guard let value = Identifier<Kind>(text) else { throw malformed(column, text, "a UUID") }
    return value
  }

  static func optionalIdentifier<Kind>(_ row: Row, _ column: String) throws -> Identifier<Kind>? {
    guard let text: String = row[column] else { return nil }
    guard let value = Identifier<Kind>(text) else { throw malformed(column, text, "a UUID") }
    return value
  }

  static func word<Word: RawRepresentable>(
    _ row: Row, _ column: String
  ) throws -> Word where Word.RawValue == String {
    let text: String = row[column]
    guard let value = Word(rawValue: text) else { throw malformed(column, text, "a known word") }
    return value
  }

  private static func malformed(_ column: String, _ text: String, _ wanted: String) -> DRError {
    DRError(.malformed, "read the state store", column, reason: "\"\(text)\" is not \(wanted)")
  }
}
