import ForwardingPorts
import Testing

@testable import DRKit

@Suite("The lease of a destination")
struct LeaseKeeperTests {
  private let clock = FakeClock()
  private let tripwire = Tripwire()
  private let catalogue: FakeCatalogue

  init() { catalogue = FakeCatalogue(tripwire: tripwire) }

  private func keeper(_ owner: UInt64, length: TimeSpan = .seconds(60)) -> LeaseKeeper {
    LeaseKeeper(
      key: Sample.key, owner: Sample.run(owner), length: length, clock: clock, catalogue: catalogue)
  }

  private func kind(_ body: () async throws(DRError) -> Void) async -> DRError.Kind? {
    do throws(DRError) {
      try await body()
      return nil
    } catch { return error.kind }
  }

  @Test("keeps a second executor out, naming the first, until it runs out")
  func busy() async throws {
    let (first, second) = (keeper(1), keeper(2))
    try await first.take()
    let error = await #expect(throws: DRError.self) { try await second.take() }
    #expect(error?.kind == .busy)
    #expect(error?.reason.contains("\(Sample.run(1))") == true)
    clock.pass(.seconds(61))
    try await second.take()
    #expect(await kind(first.take) == .busy)
  }

  @Test("stops the effects of an executor whose lease ran out, before another could have it")
  func expired() async throws {
    let first = keeper(1)
    #expect(await kind { () async throws(DRError) in try first.check() } == .stopped, "not taken yet")
    try await first.take()
    clock.pass(.seconds(59))
    try first.check()
    clock.pass(.seconds(1))
    #expect(await kind { () async throws(DRError) in try first.check() } == .stopped)
  }

  @Test("does not come back to one who stood still until it had run out, although it is free")
  func revival() async throws {
    let first = keeper(1)
    try await first.take()
    clock.pass(.seconds(600))
    catalogue.expireLeases()
    await first.keep()
    #expect(await kind { () async throws(DRError) in try first.check() } == .stopped)
    let second = keeper(2)
    try await second.take()
  }

  @Test("is not prolonged by a wall clock that is set back")
  func clockSetBack() async throws {
    let first = keeper(1)
    try await first.take()
    clock.jump(.hours(-1))
    clock.pass(.seconds(60))
    #expect(await kind { () async throws(DRError) in try first.check() } == .stopped)
  }

  @Test("counts from before it was asked for, not from the answer")
  func slowAnswer() async throws {
    let slow = SlowCatalogue(base: catalogue, clock: clock, delay: .seconds(50))
    let first = LeaseKeeper(
      key: Sample.key, owner: Sample.run(1), length: .seconds(60), clock: clock, catalogue: slow)
    try await first.take()
    clock.pass(.seconds(10))
    #expect(await kind { () async throws(DRError) in try first.check() } == .stopped)
  }

  @Test("ends at once when released, and is the next one's")
  func released() async throws {
    let first = keeper(1)
    try await first.take()
    try await first.release()
    #expect(await kind { () async throws(DRError) in try first.check() } == .stopped)
    try await keeper(2).take()
    try await first.release()
    #expect(catalogue.holder(of: Sample.key) == Sample.run(2), "only the owner's own is released")
  }

  @Test("is renewed three times in its length, and over a renewal that failed, until it is lost")
  func renewed() async throws {
    let first = keeper(1)
    try await first.take()
    tripwire.script(
      "catalogue.takeLease",
      [
        DRError(.transient, "take", reason: "locked"), DRError(.transient, "take", reason: "locked"),
        DRError(.busy, "take", reason: "another's"),
      ])
    await first.keep()
    #expect(clock.slept == Array(repeating: .seconds(20), count: 3))
    #expect(await kind { () async throws(DRError) in try first.check() } == .stopped)
  }

  @Test("refuses a second run while one is held, and that run touches nothing")
  func runRefused() async throws {
    let world = SmallWorld()
    try await world.catalogue.takeLease(
      Sample.key, owner: Sample.run(77), now: world.clock.now, until: world.clock.now + .hours(1))
    let error = await #expect(throws: DRError.self) { try await world.run(1) }
    #expect(error?.kind == .busy)
    #expect(world.catalogue.records.isEmpty)
    #expect(world.journal.steps.isEmpty)
    #expect(world.catalogue.holder(of: Sample.key) == Sample.run(77))
  }

  @Test("lost in mid-run ends the run without another effect, for the next to finish")
  func lostInMidRun() async throws {
    let world = SmallWorld { $0.transferTime = .minutes(10) }
    var policy = SmallWorld.policy
    // The fake clock parks the renewals: it runs out in the first pass.
    policy.leaseLength = FakeClock.parking * 3
    let error = await #expect(throws: DRError.self) { try await world.run(1, policy) }
    #expect(error?.kind == .stopped)
    #expect(error?.reason.contains("the lease ran out") == true)
    #expect(world.with { $0.isRunning })
    #expect(world.with { $0.standing } == [])
    #expect(world.catalogue.records.map(\.outcome) == [.running])
    let next = try await world.run(2)
    #expect(next.resumed)
    #expect(next.record.id == Sample.run(1))
    #expect(next.record.outcome == .sealed)
  }
}

/// Answers a lease late.
private struct SlowCatalogue: ForwardingCatalogue {
  let base: any Catalogue
  let clock: FakeClock
  let delay: TimeSpan

  func takeLease(
    _ key: DestinationKey, owner: RunID, now: Instant, until expiry: Instant
  ) async throws(DRError) {
    try await base.takeLease(key, owner: owner, now: now, until: expiry)
    clock.pass(delay)
  }
}
