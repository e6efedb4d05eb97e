import AgentProtocol
import DRKit

/// Asks `drkit-agent`, on the host that a runner reaches, for digests of a volume's files: over ssh, so that the WAN carries
/// digests and not the bytes, or on this host. The agent mounts the volume anew for every question.
public struct AgentDigest: Sendable {
  private let runner: any CommandRunner
  private let program: String
  private let source: DigestOrder.Source
  private let backupServers: [String]
  private let rate: Int64?
  private let host: String

  /// What the slowest volume reads, for the deadline: 8 MiB/s.
  private static let slowest: Int64 = 8 << 20
  /// For the mount, the start and the answer.
  private static let patience = TimeSpan.minutes(10)
  /// A block's line has about 110 bytes.
  private static let lineBytes = 160

  /// - Parameters:
  ///   - runner: reaches the host that has the agent, as root.
  ///   - program: a name in that host's path, or an absolute path.
  ///   - server: what the agent mounts from.
  ///   - backupServers: further nodes to ask for the volume's description.
  ///   - rate: bytes a second that it may read at most; nil: unlimited.
  public init(
    runner: any CommandRunner, program: String = "drkit-agent", server: String, volume: String,
    backupServers: [String] = [], rate: Int64? = nil
  ) {
    self.init(
      runner: runner, program: program, source: .volume(server: server, name: volume),
      backupServers: backupServers, rate: rate, host: ([server] + backupServers).joined(separator: " or "))
  }

  init(
    runner: any CommandRunner, program: String, source: DigestOrder.Source, backupServers: [String] = [],
    rate: Int64?, host: String
  ) {
    self.runner = runner
    self.program = program
    self.source = source
    self.backupServers = backupServers
    self.rate = rate.map { min(max($0, DigestOrder.rateRange.lowerBound), DigestOrder.rateRange.upperBound) }
    self.host = host
  }

  /// The blocks' digests; nil when the file does not exist.
  /// - Parameter size: bytes of the file as far as known, for the deadline.
  /// - Throws: as `AgentTranscript`, and what the runner throws: `.unfit` where there is no agent.
  public func digests(
    of path: String, _ plan: DigestPlan, size: Int64
  ) async throws(DRError) -> BlockDigests? {
    var order = DigestOrder(source, path, plan, rate: rate)
    order.backupServers = backupServers
    let bytes = plan.bytes(size: size)
    let blocks = Int64(clamping: bytes / plan.block) + 2
    let seconds = bytes / max(1, min(Self.slowest, rate ?? Self.slowest))
    let result = try await runner.run(
      Command(
        program, AgentRequest.digest(order).arguments, deadline: Self.patience + .seconds(seconds),
        outputLimit: 1 << 20 + Int(clamping: blocks) * Self.lineBytes, isQuery: true))
    return try verdict(result, plan, path)
  }

  /// That there is an agent which speaks our protocol.
  /// - Throws: `.unfit` when there is none, or another version; `.transient` when the host can't be reached.
  public func greet() async throws(DRError) {
    let result = try await runner.run(
      Command(
        program, AgentRequest.hello.arguments, deadline: .seconds(60), outputLimit: 1 << 16, isQuery: true))
    var transcript = AgentTranscript(DigestPlan(block: 1), subject: subject(""))
    guard let end = result.output.firstIndex(of: UInt8(ascii: "\n")) else { throw silent(result, "") }
    try transcript.hear(try AgentLine(result.output[..<end]))
  }

  private func verdict(
    _ result: CommandResult, _ plan: DigestPlan, _ path: String
  ) throws(DRError) -> BlockDigests? {
    if result.output.isEmpty { throw silent(result, path) }
    return try AgentTranscript.result(of: result.output, plan, subject: subject(path))
  }

  /// It ended without a word.
  private func silent(_ result: CommandResult, _ path: String) -> DRError {
    // 64: it does not understand the question; 126 and 127: a shell found no program that it can run.
    let isUnfit = [64, 126, 127].map(CommandResult.Status.exited).contains(result.status)
    return DRError(
      isUnfit ? .unfit : .transient, "ask an agent", subject(path), reason: result.reason,
      remedy: isUnfit
        ? "install drkit-agent of this drctl's version there, or leave `agent` out of the configuration"
        : "see that nothing kills drkit-agent there")
  }

  private func subject(_ path: String) -> String {
    path.isEmpty ? "\(program) on \(host)" : "\(path), \(program) on \(host)"
  }
}
