import DRKit
import GlusterCLI
import Simulator

/// A `CommandRunner` that reaches a node of a simulated cluster, as ssh would: in virtual time, through the world's latencies,
/// its faults and the boundaries at which the process under test may die.
///
/// A call that never arrives is a dead glusterd, whose answer is no XML. Of one whose answer is lost half of it comes, and
/// ssh's exit code.
public struct SimulatedGlusterCommand: CommandRunner {
  private let caller: PortCaller
  private let gluster: GlusterCommand

  public init(_ cluster: GlusterCommand.Cluster, _ world: SimulatedWorld, _ who: Incarnation) {
    caller = PortCaller(world: world, who: who, port: cluster == .primary ? .georep : .cluster)
    gluster = GlusterCommand(cluster)
  }

  public func run(_ command: Command) async throws(DRError) -> CommandResult {
    let gluster = gluster
    switch command.executable {
    case "gluster":
      let delivery = try await caller.deliver(Self.latency(command.arguments)) { (world, now) in
        world.withSession { gluster.run(command.arguments, &$0, now: now) }
      }
      return try Self.result(delivery, command, glusterd: true)
    case "rsync":
      let delivery = try await caller.deliver(PortLatency.setting) { (_, _) in
        CommandResult(.exited(0), output: Array(Self.rsyncVersion.utf8))
      }
      return try Self.result(delivery, command, glusterd: false)
    default:
      throw DRError(
        .unfit, "run", command.description,
        reason: "there is no program \"\(command.executable)\" (simulated)")
    }
  }

  private static let rsyncVersion = """
    rsync  version 3.2.7  protocol version 31
    Copyright (C) 1996-2022 by Andrew Tridgell, Wayne Davison, and others.

    """

  private static func latency(_ arguments: [String]) -> ClosedRange<TimeSpan> {
    if arguments.contains("start") || arguments.contains("resume") { return PortLatency.start }
    if arguments.contains("stop") { return PortLatency.stop }
    if arguments.contains("config") || arguments.contains("set") { return PortLatency.setting }
    return PortLatency.status
  }

  private static func result(
    _ delivery: Delivery<CommandResult>, _ command: Command, glusterd: Bool
  ) throws(DRError) -> CommandResult {
    switch delivery {
    case .unreachable:
      if glusterd {
        return CommandResult(
          .exited(1),
          output: Array("Connection failed. Please check if gluster daemon is operational.\n".utf8))
      }
      throw DRError(.transient, "run by ssh", command.description, reason: "no route to host (simulated)")
    case .answerLost(let whole):
      return CommandResult(
        .exited(255), output: Array(whole.output.prefix(whole.output.count / 2)),
        errorOutput: Array("client_loop: send disconnect: Broken pipe\n".utf8))
    case .answered(let result):
      guard result.output.count <= command.outputLimit else {
        throw DRError(
          .malformed, "run", command.description, reason: "it said more than \(command.outputLimit) bytes")
      }
      return result
    }
  }
}
