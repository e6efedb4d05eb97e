import DRKit
import Simulator

/// The suite in a simulated world, in virtual time.
public struct SimulatedContractArm: Sendable {
  public var plan: WorldPlan
  public var seed: UInt64
  public var family: ScenarioRunner.Family

  /// - Parameter family: how the world is reached; the simulated ports themselves unless told otherwise.
  public init(
    _ plan: WorldPlan = SimulatedContractArm.site, seed: UInt64 = 1,
    family: @escaping ScenarioRunner.Family = { DirectPorts(world: $0, store: $1) }
  ) {
    self.plan = plan
    self.seed = seed
    self.family = family
  }

  /// Two replica sets of three bricks, shards of 4 MiB, and machines that write.
  public static let site: WorldPlan = {
    var plan = WorldPlan()
    plan.primary = WorldPlan.Volume(name: "data", subvolumes: 2, replica: 3, shard: 4 << 20, size: 1 << 40)
    plan.secondary = WorldPlan.Volume(
      name: "data-dr", subvolumes: 1, replica: 1, shard: 4 << 20, size: 1 << 40)
    plan.machines = [
      WorldPlan.Machines(count: 2, disk: 64 << 20, rate: 256 << 10, block: 64 << 10, skew: 0.9),
      WorldPlan.Machines(count: 1, disk: 64 << 20, format: .cow, rate: 0),
    ]
    return plan
  }()

  /// One row for each contract.
  /// - Throws: `SimulationFault` if virtual time can't go on.
  public func rows() throws(SimulationFault) -> [ContractRow] {
    let root = Seed(seed)
    let loop = SimulationLoop(start: WorldPlan.birth, order: .random(root.child("scheduler")))
    let world = SimulatedWorld(plan, seed: root.child("world"), in: loop)
    let store = SimStore()
    let ports = family(world, store)
    var draws = Randomness(root.child("contract"))
    let id: RunID = draws.identifier()
    let domain = world.domain.name
    let result = try loop.run(in: world) { () async -> ContractBook in
      var book = ContractBook()
      do throws(DRError) {
        let first = loop.startIncarnation()
        try await ports.withPorts(of: first) { (ports) async throws(DRError) in
          try await ContractSuite(ports: ports, domain: domain, id: id).run(&book)
        }
        // Another process with the same store.
        loop.kill(first)
        try await ports.withPorts(of: loop.startIncarnation()) { (ports) async throws(DRError) in
          try await ContractSuite(ports: ports, domain: domain, id: id).run(&book, [.restart])
        }
      } catch {
        book.trouble("simulation", error)
      }
      return book
    }
    return result.rows()
  }
}
