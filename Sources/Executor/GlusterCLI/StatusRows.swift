import DRKit

/// The rows of `status detail --xml`.
///
/// Both vocabularies are read: `primary_*`, `secondary_*` (seen on 10.3) and `master_*`, `slave_*` (older releases,
/// cli/src/cli-xml-output.c).
enum StatusRows {
  /// - Returns: sorted by brick: gluster's order changes from call to call.
  /// - Throws: `.missing` when the answer holds no session of the volume; `.malformed`.
  static func read(_ root: XMLTree, session: SessionName) throws(DRError) -> [WorkerStatus] {
    let volumes = try root.require("geoRep").all("volume").filter {
      $0.child("name")?.text == session.primaryVolume
    }
    let sessions = volumes.flatMap { $0.child("sessions")?.all("session") ?? [] }
    guard !sessions.isEmpty else {
      throw DRError(
        .missing, "read the geo-replication status", session.description,
        reason: root.child("opErrstr")?.known ?? "gluster knows no such session",
        remedy: "create the session, or correct the configuration")
    }
    let pairs = sessions.flatMap { $0.all("pair") }
    // One volume may have sessions of several users to one secondary: another one's workers are not this session's.
    let ours = pairs.filter { pair in
      pair.child(["secondary_user", "slave_user"])?.known.map { $0 == session.secondaryUser } ?? true
    }
    guard !ours.isEmpty || pairs.isEmpty else {
      let user = pairs.first?.child(["secondary_user", "slave_user"])?.known ?? "?"
      throw DRError(
        .missing, "read the geo-replication status", session.description,
        reason: "gluster knows the session of \(user) only, not of \(session.secondaryUser)",
        remedy: "correct `session-user` in the configuration")
    }
    var rows: [WorkerStatus] = []
    for pair in ours { rows.append(try row(pair)) }
    rows.sort { $0.brick < $1.brick }
    for (a, b) in zip(rows, rows.dropFirst()) where a.brick == b.brick {
      throw DRError(
        .malformed, "read the geo-replication status", session.description,
        reason: "two workers for the brick \(a.brick)", remedy: XMLTree.remedy)
    }
    return rows
  }

  private static func row(_ pair: XMLTree) throws(DRError) -> WorkerStatus {
    let brick = BrickName(
      node: try name(pair, ["primary_node", "master_node"]),
      path: try name(pair, ["primary_brick", "master_brick"]))
    return WorkerStatus(
      brick: brick,
      state: state(try pair.require("status").text),
      crawl: crawl(pair.child("crawl_status")?.known),
      entriesPending: try count(pair, "entry"),
      dataPending: try count(pair, "data"),
      metadataPending: try count(pair, "meta"),
      failures: try count(pair, "failures"),
      lastSynced: try time(pair, "last_synced"),
      checkpointTime: try time(pair, "checkpoint_time"),
      checkpointCompleted: try completed(pair.child("checkpoint_completed")))
  }

  private static func time(_ pair: XMLTree, _ name: String) throws(DRError) -> Instant? {
    guard let node = pair.child(name), let text = node.known else { return nil }
    return try StatusTime.instant(text, node.path)
  }

  private static func name(_ pair: XMLTree, _ names: [String]) throws(DRError) -> String {
    guard let found = pair.child(names), let text = found.known else {
      throw DRError(
        .malformed, "read the geo-replication status", "\(pair.path)/\(names[0])", reason: "missing or empty",
        remedy: XMLTree.remedy)
    }
    return text
  }

  private static func count(_ pair: XMLTree, _ name: String) throws(DRError) -> Int64? {
    guard let node = pair.child(name), node.known != nil else { return nil }
    let value = try node.integer()
    guard value >= 0 else {
      throw DRError(
        .malformed, "read the geo-replication status", node.path, reason: "\(value) is negative",
        remedy: XMLTree.remedy)
    }
    return value
  }

  private static func completed(_ node: XMLTree?) throws(DRError) -> Bool? {
    guard let node, let text = node.known else { return nil }
    switch text {
    case "Yes": return true
    case "No": return false
    default:
      throw DRError(
        .malformed, "read the geo-replication status", node.path, reason: "\"\(text)\" is neither Yes nor No",
        remedy: XMLTree.remedy)
    }
  }

  private static func state(_ text: String) -> WorkerState {
    switch text {
    case "Created": .created
    case "Initializing...", "Initializing": .initializing
    case "Active": .active
    case "Passive": .passive
    case "Paused": .paused
    case "Stopped": .stopped
    case "Faulty": .faulty
    default: .unknown(text)
    }
  }

  private static func crawl(_ text: String?) -> CrawlState {
    switch text {
    case nil: .none
    case "Hybrid Crawl": .hybrid
    case "History Crawl": .history
    case "Changelog Crawl": .changelog
    case let text?: .unknown(text)
    }
  }
}
