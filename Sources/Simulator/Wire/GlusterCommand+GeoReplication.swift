import DRKit
import GlusterCLI
import Simulator

/// `volume geo-replication VOLUME [USER@]HOST::VOLUME …`
extension GlusterCommand {
  func geoReplication(
    _ words: [String], _ face: AnswerFace, _ session: inout SessionModel, _ now: Instant
  ) -> CommandResult {
    guard words.count >= 3 else { return face.unrecognised(words) }
    let request = GeoReplicationRequest(
      primary: words[0], secondary: words[1], verb: words[2], rest: Array(words.dropFirst(3)), face: face)
    let why = request.obstacle(session.name, exists: session.exists)
    switch request.verb {
    case "status":
      if let why { return request.statusFailed(why) }
      return status(request, &session)
    case "config":
      if let why { return request.refused(why) }
      return config(request, &session, now)
    case "start":
      if let why { return request.refused(why) }
      if session.isStarted, request.rest != ["force"] {
        return request.refused(
          "geo-replication session between \(request.primary) & \(request.secondary) already started")
      }
      session.start(at: now)
      return request.done("Starting")
    case "stop":
      // With `force` glusterd does not look whether there is a session before it tries (seen on 10.3).
      if why != nil, request.primary == session.name.primaryVolume, request.rest == ["force"] {
        return request.refused("Commit failed on localhost. Please check the log file for more details.")
      }
      if let why { return request.refused(why) }
      let remark = session.isStarted || request.rest == ["force"] ? "" : "geo-replication is not set up"
      session.stop(at: now)
      return request.done("Stopping", remark: remark)
    case "resume":
      if let why { return request.refused(why) }
      // Nobody pauses a simulated session.
      return request.refused(
        "Geo-replication session between \(request.primary) and \(request.secondary) is not Paused.", opRet: 1
      )
    case "delete":
      if let why { return request.refused(why) }
      guard session.delete() else {
        return request.refused(
          "geo-replication session between \(request.primary) & \(request.secondary) is still active. "
            + "Please stop the session and retry."
        )
      }
      return request.done("Deleting", remark: "delete successful")
    case "create":
      if session.exists {
        return request.refused(
          "Session between \(request.primary) and \(request.secondary) is already created.")
      }
      if let why = request.obstacle(session.name, exists: true) { return request.refused(why) }
      // A secondary that holds something is what every renewal meets (seen on 10.3).
      if request.rest == ["push-pem"] {
        return request.refused(
          "\(request.secondary) is not empty. Please delete existing files in \(request.secondary) and retry, or use "
            + "force to continue without deleting the existing files.")
      }
      session.create(at: now)
      return request.done("Creating")
    default: return face.unrecognised([request.verb])
    }
  }

  private func config(
    _ request: GeoReplicationRequest, _ session: inout SessionModel, _ now: Instant
  ) -> CommandResult {
    switch request.rest {
    case ["checkpoint"] where !request.face.isXML:
      // 0 when none was ever set.
      return request.face.plain("\(session.checkpoint?.epochSeconds ?? 0)\n")
    case ["checkpoint", "now"]:
      _ = session.setCheckpoint(at: now)
      return Self.configured(request)
    case [] where request.face.isXML:
      let options =
        [GlusterDocument.Node.text("checkpoint", "\(session.checkpoint?.epochSeconds ?? 0)")]
        + session.settings.map { .text($0.name, $0.value) }
      return request.face.document(GlusterDocument(content: [.group("geoRep", [.group("config", options)])]))
    case let words where words.first == "checkpoint":
      return request.refusedConfig("Invalid Checkpoint label. Use format \"Y-m-d H:M:S\"")
    // It is taken for an option of the command's own, which then prints its help (seen on 10.3).
    case let words where words.count == 2 && words[1].hasPrefix("-"): return request.face.plain("", exit: 1)
    case let words
    where words.count == 2 && session.set(SessionSetting(words[0], Self.trimmed(words[1])), at: now):
      return Self.configured(request)
    case let words
    where words.count == 1 && words[0].hasPrefix("!")
      && session.set(SessionSetting(String(words[0].dropFirst()), ""), at: now):
      return Self.configured(request, "config-del successful")
    default: return request.refusedConfig("Invalid option")
    }
  }

  /// Blanks before and after a value are not kept (seen on 10.3).
  private static func trimmed(_ value: String) -> String {
    var text = value.drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return String(text)
  }

  private static func configured(
    _ request: GeoReplicationRequest, _ words: String = "config-set successful"
  ) -> CommandResult {
    let message = "geo-replication config updated successfully"
    guard request.face.isXML else { return request.face.plain(message + "\n") }
    return request.face.document(
      GlusterDocument(
        opErrstr: words,
        content: [.group("geoRep", [.group("config", [.text("message", message)])])]))
  }

  // MARK: Status

  private func status(_ request: GeoReplicationRequest, _ session: inout SessionModel) -> CommandResult {
    let rows = session.status()
    guard request.face.isXML else { return request.face.plain(StatusTable.text(rows, request)) }
    let pairs = rows.map { GlusterDocument.Node.group("pair", Self.pair($0, request)) }
    let key =
      "\(Self.uuid(of: session.primary.subvolumes[0][0].node)):ssh://\(request.secondary):"
      + Self.uuid(ofVolume: session.secondary.name)
    let one = GlusterDocument.Node.group("session", [.text("session_secondary", key)] + pairs)
    return request.face.document(
      GlusterDocument(content: [
        .group(
          "geoRep",
          [.group("volume", [.text("name", request.primary), .group("sessions", [one])])])
      ]))
  }

  /// `status` and `status detail` have the same fields (seen on 10.3).
  private static func pair(_ row: WorkerStatus, _ request: GeoReplicationRequest) -> [GlusterDocument.Node] {
    let isComplete = row.checkpointCompleted == true
    return [
      .text("primary_node", row.brick.node), .text("primary_brick", row.brick.path),
      .text("secondary_user", request.user), .text("secondary", request.secondary),
      .text("secondary_node", StatusWords.secondaryNode(row.state)),
      .text("status", StatusWords.state(row.state)),
      .text("crawl_status", StatusWords.crawl(row.crawl)),
      .text("entry", StatusWords.count(row.entriesPending)),
      .text("data", StatusWords.count(row.dataPending)),
      .text("meta", StatusWords.count(row.metadataPending)),
      .text("failures", StatusWords.count(row.failures)),
      .text("checkpoint_completed", StatusWords.completed(row.checkpointCompleted)),
      .text("primary_node_uuid", uuid(of: row.brick.node)),
      .text("last_synced", StatusWords.time(row.lastSynced)),
      .text("checkpoint_time", StatusWords.time(row.checkpointTime)),
      // When a worker noticed that is nothing the model keeps: not before what it had synced by then.
      .text("checkpoint_completion_time", isComplete ? StatusWords.time(row.lastSynced) : "N/A"),
    ]
  }
}

/// What was asked of which session, and how its answers look.
struct GeoReplicationRequest: Sendable {
  var primary: String
  /// As it was given: `[user@]host::volume`.
  var secondary: String
  var verb: String
  var rest: [String]
  var face: AnswerFace

  var user: String {
    secondary.split(separator: "@").count > 1 ? String(secondary.prefix { $0 != "@" }) : "root"
  }

  /// Why there is no such session; nil if there is one.
  func obstacle(_ name: SessionName, exists: Bool) -> String? {
    guard primary == name.primaryVolume else { return "Volume \(primary) does not exist" }
    let user = name.secondaryUser == "root" ? "" : "\(name.secondaryUser)@"
    guard exists, secondary == "\(user)\(name.secondaryHost)::\(name.secondaryVolume)" else {
      return "Geo-replication session between \(primary) and \(secondary) does not exist."
    }
    return nil
  }

  private var names: GlusterDocument.Node {
    .group("geoRep", [.text("primary", primary), .text("secondary", secondary)])
  }

  func done(_ doing: String, remark: String = "") -> CommandResult {
    guard face.isXML else {
      return face.plain(
        "\(doing) geo-replication session between \(primary) & \(secondary) has been successful\n")
    }
    return face.document(GlusterDocument(opErrstr: remark, content: [names]))
  }

  /// Exit code 0 with `--xml`.
  func refused(_ why: String, opRet: Int = -1) -> CommandResult {
    guard face.isXML else { return face.geoReplicationFailed(why) }
    return face.document(
      GlusterDocument(opRet: opRet, opErrno: 30_800, opErrstr: why, content: [names]))
  }

  func refusedConfig(_ why: String) -> CommandResult {
    guard face.isXML else { return face.geoReplicationFailed(why) }
    return face.document(
      GlusterDocument(opRet: -1, opErrno: 30_800, opErrstr: why, content: [.group("geoRep", [])]))
  }

  /// Of the two reasons only an unknown volume goes to standard error.
  func statusFailed(_ why: String) -> CommandResult {
    if face.isXML || why.hasPrefix("Volume ") { return face.geoReplicationFailed(why) }
    return face.plain(
      "No active geo-replication sessions between \(primary) and \(secondary)\n" + AnswerFace.failed, exit: 1)
  }
}
