import DRKit

@testable import Simulator

/// Simulated ports with a defect put into them.
struct AlteredPorts: PortFamily {
  let base: any PortFamily
  let alter: @Sendable (inout SyncPorts) -> Void

  /// Those of a world, straight.
  static func direct(
    _ alter: @escaping @Sendable (inout SyncPorts) -> Void
  ) -> ScenarioRunner.Family {
    { AlteredPorts(base: DirectPorts(world: $0, store: $1), alter: alter) }
  }

  func withPorts(
    of who: Incarnation, _ body: (SyncPorts) async throws(DRError) -> Void
  ) async throws(DRError) {
    try await base.withPorts(of: who) { (ports) async throws(DRError) in
      var ports = ports
      alter(&ports)
      try await body(ports)
    }
  }
}
