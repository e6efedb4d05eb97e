import DRKit

/// A program to be run: no shell, nothing on its standard input.
public struct Command: Hashable, Sendable {
  /// A name to be looked up in the runner's `PATH`, or an absolute path.
  public var executable: String
  /// The arguments after `argv[0]`. Visible to every user of the host: never a secret.
  public var arguments: [String]
  /// How long the runner waits before it kills the program and its process group.
  public var deadline: TimeSpan
  /// Bytes that each of standard output and standard error may hold.
  public var outputLimit: Int
  /// That it changes nothing: another host may be asked the same when the answer was lost on the way.
  public var isQuery: Bool

  /// - Parameters:
  ///   - deadline: positive. The default is longer than the gluster CLI's own patience (120 s, `--timeout`).
  ///   - outputLimit: positive.
  public init(
    _ executable: String, _ arguments: [String], deadline: TimeSpan = .seconds(150),
    outputLimit: Int = 8 << 20, isQuery: Bool = false
  ) {
    self.executable = executable
    self.arguments = arguments
    self.deadline = deadline
    self.outputLimit = outputLimit
    self.isQuery = isQuery
  }
}

extension Command: CustomStringConvertible {
  public var description: String { ([executable] + arguments).joined(separator: " ") }
}

/// What a program that ran left behind.
public struct CommandResult: Hashable, Sendable {
  public enum Status: Hashable, Sendable {
    /// 0...255.
    case exited(Int32)
    case signalled(Int32)
  }

  public var status: Status
  public var output: [UInt8]
  public var errorOutput: [UInt8]

  public init(_ status: Status, output: [UInt8] = [], errorOutput: [UInt8] = []) {
    self.status = status
    self.output = output
    self.errorOutput = errorOutput
  }

  public var isSuccess: Bool { status == .exited(0) }
  var isSignalled: Bool { if case .signalled = status { true } else { false } }
  /// Standard output as text; bytes that are no UTF-8 are replaced.
  public var text: String { String(decoding: output, as: UTF8.self) }
  public var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
}

/// The byte-level seam under this adapter: real children here, a simulated `gluster` elsewhere.
public protocol CommandRunner: Sendable {
  /// Runs the command to its end. That it failed is a result, not an error.
  /// - Throws: `.unfit` when there is no such program; `.transient` when it gave no answer in time (its effect may have
  ///   taken place) or could not be started; `.malformed` when it said more than `outputLimit`; `.stopped` when the
  ///   task was cancelled (the program has been killed).
  func run(_ command: Command) async throws(DRError) -> CommandResult
}

extension CommandResult {
  /// The first line that says something: standard error's, else standard output's, else the status.
  var reason: String {
    Self.firstLine(errorText) ?? Self.firstLine(text) ?? "\(status)"
  }

  static func firstLine(_ text: String) -> String? {
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.split(whereSeparator: \.isWhitespace)
      if !words.isEmpty { return String(words.joined(separator: " ").prefix(400)) }
    }
    return nil
  }
}

extension CommandResult.Status: CustomStringConvertible {
  public var description: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .signalled(let signal): "killed by signal \(signal)"
    }
  }
}
