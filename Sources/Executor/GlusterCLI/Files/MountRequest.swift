import DRKit

/// What the mount helper is told, by the executor and by the agent alike.
package struct MountRequest: Hashable, Sendable {
  /// `server:/volume`.
  package let subject: String
  package let server: String
  /// Where mounts are attached for a moment.
  package let directory: String
  private let options: String

  /// - Parameters:
  ///   - server: a node of the cluster, as the volume's bricks name it.
  ///   - backupServers: further nodes to ask for the volume's description.
  ///   - logFile: the client's log; nil for `/var/log/glusterfs/drkit-VOLUME.log`.
  /// - Throws: `.unfit` for names that the mount helper, a shell script, could misread.
  package init(
    server: String, volume: String, backupServers: [String], directory: String, logFile: String?
  ) throws(DRError) {
    let logFile = logFile ?? "/var/log/glusterfs/drkit-\(volume).log"
    for name in [server] + backupServers { try Self.check(name, allowing: ".-:%_", "a server") }
    try Self.check(volume, allowing: "-_.", "a volume")
    for path in [directory, logFile] {
      try Self.check(path, allowing: "/-_.+@", "a path")
      guard path.hasPrefix("/") else {
        throw DRError(
          .unfit, "mount a volume", path, reason: "the path is not absolute", remedy: "begin it with /")
      }
    }
    subject = "\(server):/\(volume)"
    self.server = server
    self.directory = directory
    var options = ["log-level=WARNING", "log-file=\(logFile)"]
    // Nothing remembered by the kernel between two calls of one view.
    options += ["attribute-timeout=0", "entry-timeout=0", "negative-timeout=0"]
    if !backupServers.isEmpty {
      options.append("backup-volfile-servers=\(backupServers.joined(separator: ":"))")
    }
    self.options = options.joined(separator: ",")
  }

  private static func check(_ text: String, allowing marks: String, _ what: String) throws(DRError) {
    let isClean = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || marks.contains($0)) }
    guard !text.isEmpty, isClean, !text.hasPrefix("-") else {
      throw DRError(
        .unfit, "mount a volume", String(text.prefix(200)), reason: "this is no name of \(what)",
        remedy: "use letters, digits and \(marks)")
    }
  }

  /// Of the program `mount`, which has to run on this host, as root.
  package func arguments(at point: String) -> [String] { ["-t", "glusterfs", "-o", options, subject, point] }

  /// What a `mount` that failed means.
  /// - Parameters:
  ///   - reason: its first words, for a human.
  ///   - text: all that it said.
  package func failure(_ reason: String, _ text: String) -> DRError {
    if text.contains("must be superuser") || text.contains("only root can") {
      return DRError(.unfit, "mount a volume", subject, reason: reason, remedy: "run drkit as root")
    }
    if text.contains("unknown filesystem type") {
      return DRError(
        .unfit, "mount a volume", subject, reason: reason,
        remedy: "install the glusterfs FUSE client on this host")
    }
    return DRError(
      .transient, "mount a volume", subject, reason: reason,
      remedy: "see that glusterd answers on \(server), that the volume is started, and the client's log")
  }
}
