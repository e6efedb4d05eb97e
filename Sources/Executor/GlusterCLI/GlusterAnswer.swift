import DRKit

/// The `gluster` command on the host of a runner: asks, and tells an answer from a refusal.
///
/// With `--xml` the exit code is mostly 0 on failure, and some failures are not XML at all: `opRet` decides, and the text
/// says which kind it is, because `opErrno` is 30800 for nearly all of them (measured on 10.3).
struct GlusterAnswer: Sendable {
  var runner: any CommandRunner
  /// For one command, remote host included.
  var deadline: TimeSpan

  /// Runs `gluster --mode=script --xml …` and returns the root, whose `opRet` is 0.
  ///
  /// `--xml` comes first: behind `config checkpoint` it would be taken for the value (measured on 10.3).
  /// - Parameter isQuery: as in `Command`.
  /// - Throws: what `GlusterFailure` makes of the text; what the runner throws.
  func xml(
    _ operation: String, _ subject: String, _ arguments: [String], isQuery: Bool = false
  ) async throws(DRError) -> XMLTree {
    let result = try await gluster(["--xml"] + arguments, isQuery)
    return try Self.root(result, operation, subject)
  }

  /// Asks `gluster --mode=script …`, which changes nothing, and returns its standard output.
  func plain(_ operation: String, _ subject: String, _ arguments: [String]) async throws(DRError) -> String {
    let result = try await gluster(arguments, true)
    guard result.isSuccess else {
      throw GlusterFailure.error(operation, subject, text: Self.allText(result), status: result.status)
    }
    return result.text
  }

  private func gluster(_ arguments: [String], _ isQuery: Bool) async throws(DRError) -> CommandResult {
    try await runner.run(
      Command("gluster", ["--mode=script"] + arguments, deadline: deadline, isQuery: isQuery))
  }

  static func root(
    _ result: CommandResult, _ operation: String, _ subject: String
  ) throws(DRError) -> XMLTree {
    let start = result.output.first { $0 != 0x20 && $0 != 0x0a && $0 != 0x0d && $0 != 0x09 }
    guard start == UInt8(ascii: "<") else {
      throw GlusterFailure.error(operation, subject, text: allText(result), status: result.status)
    }
    let tree: XMLTree
    do {
      tree = try XMLTree(parsing: result.output)
    } catch {
      // Cut short by whatever ended the command: ask again. A whole answer that makes no sense won't get better.
      guard result.isSuccess else {
        throw DRError(
          .transient, operation, subject, reason: "\(error.reason) in the answer (\(result.status))",
          remedy: error.remedy)
      }
      let place = error.subject.isEmpty ? "" : " (at \(error.subject))"
      throw DRError(error.kind, operation, subject, reason: error.reason + place, remedy: error.remedy)
    }
    guard try tree.require("opRet").integer() == 0 else {
      // `volume info` says 30806 for a volume that is not there (seen on 10.3).
      let isMissing = tree.child("opErrno")?.text == "30806"
      let text = tree.child("opErrstr")?.known ?? "opRet \(tree.child("opRet")?.text ?? "?") without a text"
      throw GlusterFailure.error(operation, subject, text: text, kind: isMissing ? .missing : nil)
    }
    return tree
  }

  private static func allText(_ result: CommandResult) -> String {
    result.errorText + "\n" + result.text
  }
}

/// What gluster's own words mean. The words come from the captures of 10.3 and from glusterd's sources
/// (xlators/mgmt/glusterd/src/glusterd-geo-rep.c, cli/src/cli-rpc-ops.c).
enum GlusterFailure {
  /// What gsyncd's CLI says for anything that went wrong with `status --xml`; a plain `status` says more.
  static let nondescript = "geo-replication command failed"

  private static let missing = [
    "does not exist", "has not been created", "no active geo-replication sessions", "no such volume",
    "primary not found",
    "master not found",
  ]
  private static let refused = [
    "invalid option", "usage:", "unrecognized", "wrong brick type", "not a valid", "needs to be started",
    "is not started", "not found in", "option :", "is not supported", "did you mean",
  ]
  private static let transient = [
    "another transaction", "locking failed", "connection failed", "commit failed", "staging failed",
    "request timed out", "not connected", "quorum", "is down", "unable to", nondescript,
  ]

  /// - Parameters:
  ///   - text: everything that was said; the first line that matters becomes the reason.
  ///   - status: for a text that is no XML; such an answer is `.transient` unless the words say otherwise.
  ///   - kind: what is known already.
  static func error(
    _ operation: String, _ subject: String, text: String, status: CommandResult.Status? = nil,
    kind: DRError.Kind? = nil
  ) -> DRError {
    let words = text.lowercased()
    let found: DRError.Kind
    if let kind {
      found = kind
    } else if missing.contains(where: words.contains) {
      found = .missing
    } else if transient.contains(where: { $0 != nondescript && words.contains($0) }) {
      found = .transient
    } else if refused.contains(where: words.contains) {
      found = .refused
    } else if words.contains(nondescript) {
      found = .transient
    } else {
      found = status == nil ? .refused : .transient
    }
    return DRError(
      found, operation, subject, reason: reason(text, status), remedy: remedy(words, found))
  }

  private static func reason(_ text: String, _ status: CommandResult.Status?) -> String {
    let lines = text.split(whereSeparator: \.isNewline)
    let telling = lines.first {
      !$0.lowercased().contains(nondescript) && CommandResult.firstLine(String($0)) != nil
    }
    if let line = telling ?? lines.first, var said = CommandResult.firstLine(String(line)) {
      if said.hasSuffix(".") { said.removeLast() }
      return said
    }
    return CommandResult.firstLine(text) ?? status.map { "nothing said, \($0)" } ?? "nothing said"
  }

  private static func remedy(_ words: String, _ kind: DRError.Kind) -> String {
    if words.contains("check if gluster daemon is operational") { return "start glusterd on that node" }
    if words.contains("another transaction") || words.contains("locking failed") {
      return "wait for the other gluster command to end"
    }
    let isSession = words.contains("geo-replication session") || words.contains("has not been created")
    if isSession && kind == .missing {
      return
        "create the session (gluster volume geo-replication … create push-pem), or correct the configuration"
    }
    if kind == .missing { return "correct the names in the configuration" }
    return "run the same gluster command by hand, and see /var/log/glusterfs/glusterd.log on that node"
  }
}
