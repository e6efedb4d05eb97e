import DRKit
import GlusterCLI
import Simulator

/// A simulated site for a program that knows nothing of drkit, only `gluster`, a mount and a clock: every command takes its
/// time, a sleep passes it, and nothing else does. So an outsider's script runs at once, and twice in the same way.
///
/// Belongs to the thread that uses it, as its loop does.
public final class CommandSite {
  private let loop: SimulationLoop
  private let world: SimulatedWorld
  private let life: Incarnation

  /// - Parameter plan: of the world; its faults begin and end at their times.
  public init(_ plan: WorldPlan, seed: UInt64) {
    let root = Seed(seed)
    loop = SimulationLoop(start: WorldPlan.birth, order: .random(root.child("scheduler")))
    world = SimulatedWorld(plan, seed: root.child("world"), in: loop)
    life = loop.startIncarnation()
  }

  public var now: Instant { loop.now }

  /// What a command says.
  public struct Said: Sendable, Hashable {
    /// 0...255.
    public var exit: Int32
    public var output: String
    public var error: String
  }

  /// Runs `gluster` with these arguments on a node of the primary cluster.
  /// - Throws: what a `CommandRunner` throws; `.malformed` with the simulation's fault, if there is one.
  public func gluster(_ arguments: [String]) throws(DRError) -> Said {
    let runner = SimulatedGlusterCommand(.primary, world, life)
    let result = try run { () async throws(DRError) in try await runner.run(Command("gluster", arguments)) }
    let exit: Int32 = if case .exited(let code) = result.status { code } else { 255 }
    return Said(exit: exit, output: result.text, error: result.errorText)
  }

  public func sleep(_ span: TimeSpan) throws(DRError) {
    do throws(SimulationFault) { try loop.advance(in: world, to: loop.now + span) } catch {
      throw Self.trouble(error)
    }
  }

  /// Touches the primary volume's root.
  public func touchRoot() throws(DRError) { try change { $0.primary.touchRoot() } }

  /// Writes a small file at the primary.
  public func write(_ path: String, _ bytes: [UInt8]) throws(DRError) {
    let now = loop.now
    try change { $0.primary.writeSmall(path, bytes, at: now) }
  }

  /// The whole of a small file at the secondary as it is there now; nil if there is none. Takes no time.
  public func secondary(_ path: String) -> [UInt8]? { world.session.secondary.read(path) }

  private func change(_ body: @escaping @Sendable (inout SessionModel) -> Void) throws(DRError) {
    let caller = PortCaller(world: world, who: life, port: .primary)
    try run { () async throws(DRError) in
      let delivery = try await caller.deliver(PortLatency.mount) { (world, _) in world.withSession(body) }
      if case .answered = delivery { return }
      throw DRError(.transient, "write on a mount", reason: "the volume can't be reached (simulated)")
    }
  }

  private func run<T: Sendable>(_ body: @escaping @Sendable () async throws(DRError) -> T) throws(DRError)
    -> T
  {
    let result: Result<T, DRError>
    do throws(SimulationFault) {
      result = try loop.run(in: world) { () async -> Result<T, DRError> in
        do throws(DRError) { return .success(try await body()) } catch { return .failure(error) }
      }
    } catch {
      throw Self.trouble(error)
    }
    return try result.get()
  }

  private static func trouble(_ fault: SimulationFault) -> DRError {
    DRError(.malformed, "let simulated time pass", reason: fault.description)
  }
}
