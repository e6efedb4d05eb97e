import DRKit

/// What is known of rsync versions under gsyncd.
enum RsyncVersion {
  /// Asks the node that the runner reaches; the others are taken to have the same.
  /// - Parameter site: whose nodes a remedy is for.
  static func ask(_ cli: GlusterAnswer, of subject: String, site: String) async throws(DRError) -> DataMover {
    let result = try await cli.runner.run(
      Command("rsync", ["--version"], deadline: cli.deadline, outputLimit: 1 << 16, isQuery: true))
    guard result.isSuccess else {
      // Cut off by ssh (255), or killed: nothing is known of rsync yet.
      if result.status == .exited(255) || result.isSignalled {
        throw DRError(.transient, "ask rsync for its version", subject, reason: result.reason)
      }
      throw DRError(
        .unfit, "ask rsync for its version", subject, reason: result.reason,
        remedy: "install rsync 3.2.7 on every \(site) node")
    }
    return judge(CommandResult.firstLine(result.text) ?? "")
  }

  /// - Parameter line: as `rsync  version 3.2.7  protocol version 31`, spaces collapsed or not.
  static func judge(_ line: String) -> DataMover {
    let words = line.split(separator: " ")
    guard words.count >= 3, words[0] == "rsync", words[1] == "version" else {
      return DataMover(version: line, defect: unknown)
    }
    // `v3.2.4`, `3.5.0pre1`: leading digits of the first two parts.
    let parts = words[2].drop { $0 == "v" }.split(separator: ".", omittingEmptySubsequences: false)
    let numbers = parts.map { Int($0.prefix { $0.isASCII && $0.isNumber }) }
    guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else {
      return DataMover(version: line, defect: unknown)
    }
    return DataMover(version: line, defect: (major, minor) >= (3, 5) ? broken : nil)
  }

  private static let unknown =
    "unknown: the version can't be read, so nobody knows whether it copies data under gsyncd"
  private static let broken =
    "rsync 3.5.0 and later copy nothing under gsyncd (its destination is a detached mount, where they skip "
    + "every file), exit with 0, and the checkpoint still completes (measured on Debian 12, of the receiving end)"
}
