import DRKit
import Foundation

/// Whether SQLite can keep the state where the configuration says.
enum StatePlace {
  static func finding(_ path: String) -> PreflightFinding {
    let directory = ConfigurationReader.parent(of: path)
    var status = stat()
    guard stat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      return PreflightFinding(
        "state", .unfit, "there is no directory \(directory)", remedy: "install -d -m 0700 \(directory)")
    }
    guard access(directory, W_OK | X_OK) == 0 else {
      return PreflightFinding(
        "state", .unfit, "\(directory) can't be written by this user", remedy: "run as root, or chown it")
    }
    let mounts = FileManager.default.contents(atPath: "/proc/self/mountinfo") ?? Data()
    if let complaint = complaint(directory, mounts: String(decoding: mounts, as: UTF8.self)) {
      return complaint
    }
    guard stat(path, &status) == 0 else {
      return PreflightFinding("state", .ok, "\(path) will be made by the first run")
    }
    guard status.st_mode & S_IFMT == S_IFREG, access(path, R_OK | W_OK) == 0 else {
      return PreflightFinding(
        "state", .unfit, "\(path) is no regular file that this user can write",
        remedy: "run as its owner, or name another file")
    }
    return PreflightFinding("state", .ok, "\(path) is there and can be written")
  }

  /// What is to be said against the file system below a directory: SQLite's WAL needs shared memory, and its locks must hold.
  /// - Parameter mounts: as in `/proc/self/mountinfo` (proc(5)).
  static func complaint(_ directory: String, mounts: String) -> PreflightFinding? {
    let real = realpath(directory, nil).map { pointer in
      defer { free(pointer) }
      return String(cString: pointer)
    }
    switch fileSystem(real ?? directory, mounts) {
    case "tmpfs":
      return PreflightFinding(
        "state", .warning,
        "\(directory) lies on tmpfs: runs and points are forgotten when the host starts again",
        remedy: "name a file on a local disk")
    case let type
    where ["nfs", "nfs4", "cifs", "smb3", "9p"].contains(type) || type.hasPrefix("fuse"):
      return PreflightFinding(
        "state", .unfit, "\(directory) lies on \(type), which keeps no shared memory or locks for SQLite",
        remedy: "name a file on a local disk")
    default: return nil
    }
  }

  /// The type of the last mount among those with the longest name that holds the directory.
  private static func fileSystem(_ directory: String, _ mounts: String) -> String {
    var best = (length: -1, type: "")
    for line in mounts.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 6, let dash = words.dropFirst(6).firstIndex(of: "-"), dash + 1 < words.endIndex
      else { continue }
      let point = words[4].replacingOccurrences(of: "\\040", with: " ")
      let holds = point == "/" || directory == point || directory.hasPrefix(point + "/")
      if holds, point.count >= best.length { best = (point.count, String(words[dash + 1])) }
    }
    return best.type
  }
}
