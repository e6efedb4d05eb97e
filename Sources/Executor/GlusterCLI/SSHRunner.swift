import DRKit

/// Runs commands on another host through a runner that has `ssh`, with keys only (`BatchMode`: it never asks).
///
/// ssh joins its arguments and hands them to the remote user's shell, so exactly one argument is passed: the command with
/// every word quoted for a POSIX shell.
public struct SSHRunner: CommandRunner {
  public var host: String
  public var user: String
  /// Further arguments before `--`, as `["-i", "/etc/drkit/id_ed25519"]`.
  public var options: [String]
  public var connectTimeout: TimeSpan
  private let underlying: any CommandRunner

  /// - Parameters:
  ///   - host: a name or address; not empty, no white space, and not an option.
  ///   - connectTimeout: whole seconds, at least one.
  /// - Throws: `.unfit` for a host or user that ssh could misread.
  public init(
    host: String, user: String = "root", options: [String] = [], connectTimeout: TimeSpan = .seconds(10),
    through underlying: any CommandRunner = SubprocessRunner()
  ) throws(DRError) {
    for (what, text) in [("host", host), ("user", user)] {
      let isClean = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "@") }
      guard !text.isEmpty, isClean, !text.hasPrefix("-") else {
        throw DRError(
          .unfit, "reach a host by ssh", "\(user)@\(host)", reason: "\"\(text)\" is no \(what) name",
          remedy: "write the \(what) in letters, digits, dots and dashes, not beginning with a dash")
      }
    }
    self.host = host
    self.user = user
    self.options = options
    self.connectTimeout = connectTimeout
    self.underlying = underlying
  }

  public func run(_ command: Command) async throws(DRError) -> CommandResult {
    switch try await attempt(command) {
    case .answered(let result): return result
    case .notBegun(let error), .lost(let error): throw error
    }
  }

  /// What became of a command that was sent to a host.
  enum Attempt: Sendable {
    case answered(CommandResult)
    /// The host was not reached, or did not let us in, or has no such program: nothing has run there.
    case notBegun(DRError)
    /// The connection ended, or the deadline passed, and with it went the answer: the effect may have taken place.
    case lost(DRError)
  }

  /// - Throws: what is this host's own failure, and no answer: no `ssh` here, `.stopped`, `.malformed`.
  func attempt(_ command: Command) async throws(DRError) -> Attempt {
    let words = ["env", "LC_ALL=C", command.executable] + command.arguments
    let remote = Command(
      "ssh",
      [
        "-o", "BatchMode=yes", "-o", "ConnectTimeout=\(max(1, connectTimeout.wholeSeconds))",
        // A dead link is noticed in 45 s, without waiting for the command's deadline.
        "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3",
        // No login banner: it would stand before the words that a failure is told by.
        "-o", "LogLevel=ERROR", "-n", "-T",
      ] + options + ["--", "\(user)@\(host)", Self.quoted(words)],
      deadline: command.deadline, outputLimit: command.outputLimit, isQuery: command.isQuery)
    let result: CommandResult
    do throws(DRError) {
      result = try await underlying.run(remote)
    } catch {
      guard error.kind == .transient else { throw error }
      return .lost(error)
    }
    return verdict(result, command)
  }

  /// Tells ssh's own failures (exit code 255 and a word on standard error) from the command's, which may end with 255 as
  /// well: `gluster … pause` does when paused (seen on 10.3).
  private func verdict(_ result: CommandResult, _ command: Command) -> Attempt {
    let subject = "\(user)@\(host): \(command)"
    if result.status == .exited(127), result.errorText.contains("env: ") {
      return .notBegun(
        DRError(
          .unfit, "run by ssh", subject,
          reason: "there is no program \"\(command.executable)\" on that host", remedy: "install it there"))
    }
    guard result.status == .exited(255), result.output.isEmpty else { return .answered(result) }
    let text = result.errorText
    if text.contains("Permission denied (") || text.contains("Host key verification failed")
      || text.contains("REMOTE HOST IDENTIFICATION HAS CHANGED")
    {
      return .notBegun(
        DRError(
          .unfit, "run by ssh", subject, reason: result.reason,
          remedy: "let this user's key in at \(host), and put the host's key into known_hosts"))
    }
    let signs = [
      "ssh: ", "Connection ", "kex_", "client_loop", "Timeout, server", "Read from remote host",
      "packet_write",
    ]
    guard text.isEmpty || signs.contains(where: { text.contains($0) }) else { return .answered(result) }
    let error = DRError(
      .transient, "run by ssh", subject, reason: text.isEmpty ? "ssh ended with 255" : result.reason,
      remedy: "see that \(host) answers ssh")
    // Said before there is a session to run anything in; at the beginning, since a command may speak of an ssh of its own.
    let before = [
      "ssh: connect to host ", "ssh: Could not resolve hostname ", "kex_exchange_identification: ",
      "Connection timed out during banner exchange",
    ]
    return before.contains { text.hasPrefix($0) } ? .notBegun(error) : .lost(error)
  }

  /// One POSIX shell command line that yields exactly these words. Single quotes keep every byte literal; a single quote
  /// itself is closed, escaped, reopened (POSIX.1-2017, Shell Command Language 2.2).
  static func quoted(_ words: [String]) -> String {
    words.map { word in
      let isPlain =
        !word.isEmpty
        && word.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
          case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"),
            UInt8(ascii: ","), UInt8(ascii: "="), UInt8(ascii: "@"):
            true
          default: false
          }
        }
      guard !isPlain else { return word }
      var out: [UInt8] = [UInt8(ascii: "'")]
      for byte in word.utf8 {
        if byte == UInt8(ascii: "'") { out += Array(#"'\''"#.utf8) } else { out.append(byte) }
      }
      out.append(UInt8(ascii: "'"))
      return String(decoding: out, as: UTF8.self)
    }
    .joined(separator: " ")
  }
}
