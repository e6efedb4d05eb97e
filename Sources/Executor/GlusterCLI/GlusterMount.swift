import DRKit
import Glibc

/// Makes fresh FUSE mounts of a volume on this host, each for one view.
///
/// A mount is attached to a private directory for just as long as it takes to open that directory; then it is detached
/// (`umount -l`) and lives on behind the descriptor, as gsyncd does it. When the descriptor goes, by `close` or because
/// this process was killed, the kernel ends the mount and the glusterfs client with it. Killed in the second between, a
/// mount stays: the next `view()` of any process on the same directory finds and detaches it.
///
/// Never `--client-pid=-1` (as gsyncd mounts): such a client bypasses the shard translator and corrupts (measured).
public struct GlusterMount: Sendable {
  public let server: String
  public let volume: String
  private let options: String
  private let directory: String
  private let runner: any CommandRunner
  private let deadline: TimeSpan
  private let fileDeadline: TimeSpan

  /// - Parameters:
  ///   - server: a node of the cluster, as the volume's bricks name it.
  ///   - backupServers: further nodes to ask for the volume's description.
  ///   - runner: runs `mount` on *this* host, as root: never an `SSHRunner`.
  ///   - directory: where mounts are attached for a moment; made with mode 0700. On a local file system.
  ///   - logFile: the client's log; nil for `/var/log/glusterfs/drkit-VOLUME.log`.
  ///   - deadline: for `mount`.
  ///   - fileDeadline: for one call into the mount; `network.ping-timeout` is 42 s.
  /// - Throws: `.unfit` for names that the mount helper, a shell script, could misread.
  public init(
    server: String, volume: String, backupServers: [String] = [],
    runner: any CommandRunner = SubprocessRunner(), directory: String = "/run/drkit/mounts",
    logFile: String? = nil, deadline: TimeSpan = .seconds(90), fileDeadline: TimeSpan = .seconds(120)
  ) throws(DRError) {
    let logFile = logFile ?? "/var/log/glusterfs/drkit-\(volume).log"
    for name in [server] + backupServers { try Self.check(name, allowing: ".-:%_", "a server") }
    try Self.check(volume, allowing: "-_.", "a volume")
    for path in [directory, logFile] {
      try Self.check(path, allowing: "/-_.+@", "a path")
      guard path.hasPrefix("/") else {
        throw DRError(.unfit, "mount a volume", path, reason: "the path is not absolute")
      }
    }
    self.server = server
    self.volume = volume
    self.runner = runner
    self.directory = directory
    self.deadline = deadline
    self.fileDeadline = fileDeadline
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

  /// Mounts anew. About one second.
  /// - Parameter isCopy: of a secondary volume; decides what an unreadable content means.
  /// - Throws: `.transient` when the volume can't be mounted now; `.unfit` when this process may not mount; `.stopped`.
  public func view(isCopy: Bool = true) async throws(DRError) -> GlusterVolumeView {
    let thread = FileThread(deadline: fileDeadline)
    let subject = "\(server):/\(volume)"
    let directory = directory
    let point = try await thread.perform("mount a volume", subject) { () throws(DRError) in
      try MountPoint(in: directory)
    }
    do throws(DRError) {
      let result = try await runner.run(
        Command(
          "mount", ["-t", "glusterfs", "-o", options, subject, point.path], deadline: deadline,
          outputLimit: 1 << 16))
      guard result.isSuccess else { throw failure(result, subject) }
      let root = try await thread.perform("open a mount", subject) { () throws(DRError) in
        try point.open(subject)
      }
      await thread.finish { point.detach() }
      return GlusterVolumeView(
        VolumeFiles(handle: DirectoryHandle(root), isCopy: isCopy), of: subject, deadline: fileDeadline)
    } catch {
      // Without the directory, a client that is still on its way can't attach any more.
      await thread.finish { point.detach() }
      throw error
    }
  }

  private func failure(_ result: CommandResult, _ subject: String) -> DRError {
    let text = result.errorText + result.text
    if text.contains("must be superuser") || text.contains("only root can") {
      return DRError(
        .unfit, "mount a volume", subject, reason: result.reason, remedy: "run drkit as root")
    }
    if text.contains("unknown filesystem type") {
      return DRError(
        .unfit, "mount a volume", subject, reason: result.reason,
        remedy: "install the glusterfs FUSE client on this host")
    }
    return DRError(
      .transient, "mount a volume", subject, reason: result.reason,
      remedy: "see that glusterd answers on \(server), that the volume is started, and the client's log")
  }
}
