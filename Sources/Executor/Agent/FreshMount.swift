import DRKit
import Glibc
import GlusterFiles

/// A volume mounted anew, for one job: attached for as long as it takes to open it, then detached; it ends with the
/// descriptor, and so with this process. As `GlusterMount` does it in the executor.
enum FreshMount {
  /// - Parameter directory: where it is attached for a moment.
  /// - Throws: as `MountRequest`; `.transient` when the volume can't be mounted now.
  static func open(
    server: String, volume: String, backupServers: [String] = [], directory: String = "/run/drkit/mounts",
    seconds: Int64 = 90
  ) throws(DRError) -> DirectoryHandle {
    let request = try MountRequest(
      server: server, volume: volume, backupServers: backupServers, directory: directory, logFile: nil)
    let point = try MountPoint(in: directory)
    defer { point.detach() }
    let result = try ChildProcess.run("mount", request.arguments(at: point.path), seconds: seconds)
    guard result.exitCode == 0 else {
      let line = result.output.split(whereSeparator: \.isNewline).first.map(String.init)
      let reason = line ?? result.exitCode.map { "exit code \($0)" } ?? "killed by a signal"
      throw request.failure(reason, result.output)
    }
    return DirectoryHandle(try point.open(request.subject))
  }
}
