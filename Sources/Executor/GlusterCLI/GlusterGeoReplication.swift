import DRKit

/// A geo-replication session, driven by the `gluster` command on a node of the primary cluster.
public struct GlusterGeoReplication: GeoReplication {
  public let session: SessionName
  let cli: GlusterAnswer

  /// - Parameters:
  ///   - runner: reaches a primary node (`SubprocessRunner` on it, `SSHRunner` to it), as a user who may run `gluster`.
  ///   - deadline: for one command. gluster's CLI itself gives up after 120 s.
  public init(session: SessionName, runner: any CommandRunner, deadline: TimeSpan = .seconds(150)) {
    self.session = session
    self.cli = GlusterAnswer(runner: runner, deadline: deadline)
  }

  func arguments(_ words: [String]) -> [String] {
    let user = session.secondaryUser == "root" ? "" : "\(session.secondaryUser)@"
    return [
      "volume", "geo-replication", session.primaryVolume,
      "\(user)\(session.secondaryHost)::\(session.secondaryVolume)",
    ] + words
  }

  func xml(
    _ operation: String, _ words: [String], isQuery: Bool = false
  ) async throws(DRError) -> XMLTree {
    try await cli.xml(operation, session.description, arguments(words), isQuery: isQuery)
  }

  /// Sorted by brick. Times are whole seconds.
  public func status() async throws(DRError) -> [WorkerStatus] {
    let operation = "read the geo-replication status"
    let root: XMLTree
    do {
      root = try await xml(operation, ["status", "detail"], isQuery: true)
    } catch {
      throw try await explained(error, operation)
    }
    return try StatusRows.read(root, session: session)
  }

  /// `status --xml` without a session, or for an unknown volume, says just "geo-replication command failed"; without
  /// `--xml` gluster says why (seen on 10.3). So it is asked again in plain words.
  private func explained(_ error: DRError, _ operation: String) async throws(DRError) -> DRError {
    guard error.kind == .transient, error.reason.lowercased() == GlusterFailure.nondescript else {
      return error
    }
    do {
      _ = try await cli.plain(operation, session.description, arguments(["status"]))
      return error
    } catch let plain where plain.kind == .transient {
      return plain.reason.lowercased() == GlusterFailure.nondescript ? error : plain
    }
  }

  public func setCheckpoint() async throws(DRError) -> Instant {
    let operation = "set a checkpoint"
    _ = try await xml(operation, ["config", "checkpoint", "now"])
    let text = try await cli.plain(operation, session.description, arguments(["config", "checkpoint"]))
    let line = CommandResult.firstLine(text) ?? ""
    // 2001 to 2262, where an `Instant` ends: anything else is not an epoch in seconds.
    guard let seconds = Int64(line), (1_000_000_000...Int64.max / 1_000_000_000).contains(seconds) else {
      throw DRError(
        .malformed, operation, session.description, reason: "\"\(line)\" is no checkpoint in epoch seconds",
        remedy: XMLTree.remedy)
    }
    return Instant(epochSeconds: seconds)
  }

  /// Success when the session runs already. A paused session says "already started" as well (seen on 10.3): it is
  /// resumed.
  public func start() async throws(DRError) {
    do {
      _ = try await xml("start geo-replication", ["start"])
    } catch let error where error.reason.lowercased().contains("already started") {
      do {
        _ = try await xml("resume geo-replication", ["resume"])
      } catch let error where error.reason.lowercased().contains("not paused") {
        return
      }
    }
  }

  /// Success when the session does not run.
  public func stop() async throws(DRError) {
    do {
      _ = try await xml("stop geo-replication", ["stop"])
    } catch let error where Self.saysNotRunning(error.reason) {
      return
    } catch let error where error.kind == .refused {
      // Paused, or a node can't confirm: force succeeded in every state tried (10.3).
      _ = try await xml("stop geo-replication", ["stop", "force"])
    }
  }

  private static func saysNotRunning(_ reason: String) -> Bool {
    let words = reason.lowercased()
    return words.contains("not started") || words.contains("not running") || words.contains("is not set up")
  }

  public func primaryGeometry() async throws(DRError) -> VolumeGeometry {
    try await VolumeQueries(cli: cli).geometry(session.primaryVolume)
  }

  /// Of the node that the runner reaches; the others are taken to have the same.
  public func dataMover() async throws(DRError) -> DataMover {
    try await RsyncVersion.ask(cli, of: session.description, site: "primary")
  }
}
