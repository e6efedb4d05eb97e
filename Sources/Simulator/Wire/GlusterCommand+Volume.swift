import DRKit
import GlusterCLI
import Simulator

/// `volume info|get|set VOLUME …`
extension GlusterCommand {
  func volumeInfo(_ words: [String], _ face: AnswerFace, _ session: SessionModel) -> CommandResult {
    let volume = volume(session)
    let wanted = words.first ?? volume.name
    guard wanted == volume.name else {
      let why = "Volume \(wanted) does not exist"
      guard face.isXML else { return face.plain("", exit: 1, error: why + "\n") }
      // The only failure with a number of its own (seen on 10.3).
      return face.document(
        GlusterDocument(
          opRet: -1, opErrno: 30_806, opErrstr: "Volume does not exist",
          content: [.group("volInfo", [.group("volumes", [.text("count", "0")])])]))
    }
    guard face.isXML else { return face.plain(plainInfo(volume)) }
    return face.document(
      GlusterDocument(content: [
        .group("volInfo", [.group("volumes", [.group("volume", info(volume)), .text("count", "1")])])
      ]))
  }

  private func info(_ volume: VolumeModel) -> [GlusterDocument.Node] {
    let bricks = volume.subvolumes.flatMap { $0 }
    let width = volume.subvolumes.first?.count ?? 1
    let kind = Self.kind(volume)
    let options = reconfigured(volume)
    return [
      .text("name", volume.name), .text("id", Self.uuid(ofVolume: volume.name)), .text("status", "1"),
      .text("statusStr", "Started"), .text("snapshotCount", "0"), .text("brickCount", "\(bricks.count)"),
      .text("distCount", "\(volume.subvolumes.count)"), .text("replicaCount", "\(width)"),
      .text("arbiterCount", "0"), .text("disperseCount", "0"), .text("redundancyCount", "0"),
      .text("type", kind.number), .text("typeStr", kind.word), .text("transport", "0"),
      .group("bricks", bricks.map(Self.brick)), .text("optCount", "\(options.count)"),
      .group(
        "options",
        options.map { .group("option", [.text("name", $0.name), .text("value", $0.value)]) }),
    ]
  }

  private static func kind(_ volume: VolumeModel) -> (number: String, word: String) {
    let isReplicated = (volume.subvolumes.first?.count ?? 1) > 1
    switch (isReplicated, volume.subvolumes.count > 1) {
    case (false, _): return ("0", "Distribute")
    case (true, false): return ("2", "Replicate")
    case (true, true): return ("7", "Distributed-Replicate")
    }
  }

  /// Text beside elements: libxml2 writes such an element in one line.
  private static func brick(_ brick: BrickName) -> GlusterDocument.Node {
    let name = GlusterDocument.escaped(brick.description)
    let host = uuid(of: brick.node)
    return .line(
      "<brick uuid=\"\(host)\">\(name)<name>\(name)</name><hostUuid>\(host)</hostUuid>"
        + "<isArbiter>0</isArbiter></brick>")
  }

  private func plainInfo(_ volume: VolumeModel) -> String {
    let bricks = volume.subvolumes.flatMap { $0 }
    var lines = [
      " ", "Volume Name: \(volume.name)", "Type: \(Self.kind(volume).word)",
      "Volume ID: \(Self.uuid(ofVolume: volume.name))", "Status: Started", "Snapshot Count: 0",
      "Number of Bricks: \(bricks.count)", "Transport-type: tcp", "Bricks:",
    ]
    lines += bricks.enumerated().map { "Brick\($0.offset + 1): \($0.element)" }
    lines.append("Options Reconfigured:")
    lines += reconfigured(volume).map { "\($0.name): \($0.value)" }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: Options

  /// What somebody has set, newest first, as a volume with a session has it (seen on 10.3).
  private func reconfigured(_ volume: VolumeModel) -> [(name: String, value: String)] {
    var options: [(name: String, value: String)] = []
    if cluster == .primary {
      options += [
        ("changelog.changelog", "on"), ("geo-replication.ignore-pid-check", "on"),
        ("geo-replication.indexing", "on"),
      ]
    } else {
      // The hook of `create push-pem` set it: once set it is listed, on or off.
      options.append(("features.read-only", volume.isReadOnly ? "on" : "off"))
    }
    return options + [
      ("network.remote-dio", "enable"), ("performance.stat-prefetch", "off"), ("performance.io-cache", "off"),
      ("performance.read-ahead", "off"), ("performance.quick-read", "off"),
      ("features.shard-block-size", Self.size(volume.shardSize)), ("features.shard", "on"),
      ("storage.fips-mode-rchecksum", "on"), ("transport.address-family", "inet"), ("nfs.disable", "on"),
    ]
  }

  /// As an administrator writes it: 64MB, for what is 64 MiB.
  private static func size(_ bytes: Int64) -> String {
    bytes % (1 << 20) == 0 ? "\(bytes >> 20)MB" : "\(bytes)"
  }

  /// The value of an option, nil for one that is not known.
  private func value(_ name: String, _ volume: VolumeModel) -> String? {
    if let set = reconfigured(volume).first(where: { $0.name == name }) { return set.value }
    switch name {
    case "changelog.rollover-time":
      // The default is marked, and 15 s is what every simulated volume has unless a test says otherwise.
      let seconds = volume.rollover.wholeSeconds
      return seconds == 15 ? "15 (DEFAULT)" : "\(seconds)"
    case "features.read-only": return "off"
    default: return nil
    }
  }

  func volumeGet(_ words: [String], _ face: AnswerFace, _ session: SessionModel) -> CommandResult {
    guard words.count == 2 else { return face.unrecognised(words) }
    let volume = volume(session)
    let why: String
    if words[0] != volume.name {
      why = "Volume \(words[0]) does not exist"
    } else if let value = value(words[1], volume) {
      guard face.isXML else { return face.plain(Self.optionTable(words[1], value)) }
      let option: [GlusterDocument.Node] = [.text("Option", words[1]), .text("Value", value)]
      return face.document(
        GlusterDocument(content: [.group("volGetopts", [.text("count", "1"), .group("Opt", option)])]))
    } else {
      why = "Did you mean features.shard?"
    }
    let output = "volume get option: failed: \(why)"
    guard face.isXML else { return face.plain("", exit: 1, error: output + "\n") }
    // opErrno 0 and exit code 1, unlike the other commands (run on 10.3).
    var result = face.document(
      GlusterDocument(
        opRet: -1, opErrstr: why, content: [.text("cliOp", "volGetopts"), .text("output", output)]))
    result.status = .exited(1)
    return result
  }

  private static func optionTable(_ name: String, _ value: String) -> String {
    func line(_ left: String, _ right: String) -> String {
      left + String(repeating: " ", count: max(1, 41 - left.count)) + right
        + String(repeating: " ", count: max(0, 39 - right.count)) + "\n"
    }
    return line("Option", "Value") + line("------", "-----") + line(name, value)
  }

  /// `features.read-only` is what is set in a simulated world; the other options are as they were built.
  func volumeSet(_ words: [String], _ face: AnswerFace, _ session: inout SessionModel) -> CommandResult {
    guard words.count == 3 else { return face.unrecognised(words) }
    let volume = volume(session)
    if words[0] != volume.name {
      return setAnswer(face, why: "Volume \(words[0]) does not exist")
    }
    guard cluster == .secondary, words[1] == "features.read-only" else {
      return setAnswer(face, why: "option : \(words[1]) does not exist")
    }
    switch words[2] {
    case "on", "enable", "yes", "true", "1": session.secondary.setReadOnly(true)
    case "off", "disable", "no", "false", "0": session.secondary.setReadOnly(false)
    default:
      return setAnswer(
        face,
        why: "Error in validating value: '\(words[2])' is not a valid boolean for \(words[1])")
    }
    return setAnswer(face, why: nil)
  }

  private func setAnswer(_ face: AnswerFace, why: String?) -> CommandResult {
    guard face.isXML else {
      return why.map { face.plain("", exit: 1, error: "volume set: failed: \($0)\n") }
        ?? face.plain("volume set: success\n")
    }
    return face.document(
      GlusterDocument(
        opRet: why == nil ? 0 : -1, opErrno: why == nil ? 0 : 30_800, opErrstr: why ?? "",
        content: [
          .text("cliOp", "volSet"),
          .text("output", why == nil ? "Set volume successful" : "Set volume unsuccessful"),
        ]))
  }
}
