import DRKit
import Synchronization
import Testing

@Suite("The end of a domain's protection")
struct RetirementTests {
  private func retirement(_ world: SmallWorld) -> Retirement {
    Retirement(ports: world.ports, target: SmallWorld.target, policy: SmallWorld.policy)
  }

  /// Executes; says whether the state was asked to forget.
  private func execute(_ world: SmallWorld) async throws -> (plan: Retirement.Plan, forgot: Bool) {
    let forgot = Mutex(false)
    let plan = try await retirement(world).execute(owner: Sample.run(99)) { () async throws(DRError) in
      forgot.withLock { $0 = true }
    }
    return (plan, forgot.withLock { $0 })
  }

  @Test("leaves no nonce at the primary, forgets the state, and touches nothing at the secondary")
  func afterAPoint() async throws {
    let world = SmallWorld()
    #expect(try await world.run().record.outcome == .sealed)
    let before = world.with { $0.secondary }
    #expect(world.with { $0.primary.keys.contains { $0.hasPrefix(".drkit/") } })
    let (plan, forgot) = try await execute(world)
    #expect(plan.nonces.count == WorldState.subvolumes.count && plan.strangers == [])
    #expect(forgot)
    #expect(!world.with { $0.primary.keys.contains { $0.hasPrefix(".drkit/") } })
    #expect(world.with { $0.secondary } == before)
    #expect(world.with { $0.openViews } == 0)
    #expect(world.catalogue.holder(of: Sample.key) == nil)
    // Again: nothing is left to do, and that is no error.
    #expect(try await execute(world).plan.nonces == [])
  }

  @Test("leaves alone, and names, what lies in its directory and is no nonce")
  func strangers() async throws {
    let world = SmallWorld()
    _ = try await world.run()
    let path = ".drkit/b1-data-dr/notes.txt"
    world.with { $0.write(path, Array("mine".utf8)) }
    #expect(try await execute(world).plan.strangers == [path])
    #expect(world.with { $0.primary[path] } != nil)
  }

  @Test("is refused while a snapshot of drkit's stands, whose journal would be gone")
  func standing() async throws {
    let world = SmallWorld { $0.mergeFailures[Sample.machine(1)] = .max }
    #expect(try await world.run().record.leftOver.count == 1)
    let plan = try await retirement(world).plan()
    #expect(plan.obstacles.map(\.remedy) == ["`drctl cleanup` merges it"])
    let error = await #expect(throws: DRError.self) { try await execute(world) }
    #expect(error?.kind == .refused)
    #expect(world.with { $0.primary.keys.contains { $0.hasPrefix(".drkit/") } })
  }

  @Test("is refused while the session runs, or a run is unfinished")
  func atWork() async throws {
    let world = SmallWorld(machines: 1)
    world.tripwire.arm(atAnswerOf: "georep.start")
    await #expect(throws: DRError.self) { try await world.run(1) }
    world.tripwire.revive()
    world.catalogue.expireLeases()
    let reasons = try await retirement(world).plan().obstacles.map(\.reason)
    #expect(reasons.contains("run \(Sample.run(1)) has not ended"))
    #expect(reasons.contains { $0.hasPrefix("the session is not at rest") })
    await #expect(throws: DRError.self) { try await execute(world) }
  }

  @Test("does nothing while a run holds the lease")
  func busy() async throws {
    let world = SmallWorld()
    _ = try await world.run()
    try await world.catalogue.takeLease(
      Sample.key, owner: Sample.run(50), now: world.clock.now, until: world.clock.now + .minutes(1))
    let error = await #expect(throws: DRError.self) { try await execute(world) }
    #expect(error?.kind == .busy)
    #expect(world.with { $0.primary.keys.contains { $0.hasPrefix(".drkit/") } })
  }
}
