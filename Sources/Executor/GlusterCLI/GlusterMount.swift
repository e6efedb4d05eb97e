import DRKit
import Glibc
import GlusterFiles

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
  private let request: MountRequest
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
    request = try MountRequest(
      server: server, volume: volume, backupServers: backupServers, directory: directory, logFile: logFile)
    self.server = server
    self.volume = volume
    self.runner = runner
    self.deadline = deadline
    self.fileDeadline = fileDeadline
  }

  /// Mounts anew. About one second.
  /// - Parameter isCopy: of a secondary volume; decides what an unreadable content means.
  /// - Throws: `.transient` when the volume can't be mounted now; `.unfit` when this process may not mount; `.stopped`.
  public func view(isCopy: Bool = true) async throws(DRError) -> GlusterVolumeView {
    let thread = FileThread(deadline: fileDeadline)
    let subject = request.subject
    let directory = request.directory
    let point = try await thread.perform("mount a volume", subject) { () throws(DRError) in
      try MountPoint(in: directory)
    }
    do throws(DRError) {
      let result = try await runner.run(
        Command(
          "mount", request.arguments(at: point.path), deadline: deadline, outputLimit: 1 << 16))
      guard result.isSuccess else {
        throw request.failure(result.reason, result.errorText + result.text)
      }
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
}
