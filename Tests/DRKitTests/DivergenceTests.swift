import DRKit
import Testing

@Suite("A destination that failed its proof")
struct DivergenceTests {
  private let base11 = DomainLayout(Sample.domain).volume(Sample.volume(11), of: Sample.disk(11))

  private func sampled() -> SyncPolicy {
    var policy = SmallWorld.policy
    policy.verify = .sampled(blocks: 1)
    return policy
  }

  @Test("is marked with the run, the image and what differs, and the event says how that ends")
  func marked() async throws {
    let world = SmallWorld { $0.corrupting = [base11] }
    let result = try await world.run()
    let mark = try #require(world.catalogue.divergence)
    #expect(mark.run == Sample.run(1) && mark.key == Sample.key)
    #expect(mark.image.hasPrefix("vm1/disk11") && mark.reason.contains("shards compared differ"))
    #expect(result.divergence == mark && result.record.failure?.kind == .diverged)
    let event = try #require(world.with { $0.events.last })
    #expect(event.severity == .alert && event.description.contains("only `drctl repair data@b1` ends that"))
  }

  @Test("stays diverged although a later run proves every byte of what it can: the point has the lower grade")
  func stays() async throws {
    let world = SmallWorld { $0.corrupting = [base11] }
    _ = try await world.run(1)
    let mark = world.catalogue.divergence
    world.with { $0.corrupting = [] }
    let result = try await world.run(2, sampled())
    #expect(result.record.outcome == .sealed && result.divergence == mark)
    let point = try #require(result.point)
    #expect(point.diverged == Sample.run(1))
    // A sample would say nothing of a copy that is known to be wrong.
    #expect(point.images.compactMap(\.proof?.level) == [.full, .full])
    let event = try #require(world.with { $0.events.last })
    #expect(event.severity == .warning && event.externalStatus == .warning)
    #expect(event.description.contains("DIVERGED since run \(Sample.run(1))"))
    let manifest = DomainLayout(Sample.domain).manifest(Sample.run(2))
    let text = String(decoding: try #require(world.with { $0.secondary[manifest] }), as: UTF8.self)
    #expect(text.contains(#""diverged":"\#(Sample.run(1))""#))
  }

  @Test("keeps its first mark when a later run fails, too")
  func firstMarkStands() async throws {
    let world = SmallWorld { $0.corrupting = [base11] }
    _ = try await world.run(1)
    let mark = world.catalogue.divergence
    let result = try await world.run(2)
    #expect(result.record.failure?.kind == .diverged && world.catalogue.divergence == mark)
  }

  @Test("is told by preflight")
  func preflight() async throws {
    let world = SmallWorld { $0.corrupting = [base11] }
    let check = PreflightCheck(ports: world.ports, target: SmallWorld.target, policy: SmallWorld.policy)
    #expect(try await check.findings().contains { $0.check == "diverged" } == false)
    _ = try await world.run(1)
    let finding = try await check.findings().first { $0.check == "diverged" }
    #expect(finding?.grade == .warning && finding?.remedy == "drctl repair data@b1")
  }

  @Test("is not one whose proof could not be made, or whose nonces are late")
  func notMade() async throws {
    let late = SmallWorld { $0.losesData = true }
    #expect(try await late.run().record.outcome == .failed)
    #expect(late.catalogue.divergence == nil)
    let unfit = SmallWorld { $0.secondaryLacksAgent = true }
    #expect(try await unfit.run().record.outcome == .failed)
    #expect(unfit.catalogue.divergence == nil)
  }

  @Test("is not one that differs because somebody merged our snapshot: the primary moved, not the copy")
  func primaryMoved() async throws {
    let world = SmallWorld { $0.corrupting = [base11] }
    world.tripwire.arm(atAnswerOf: "georep.stop", nth: 2)
    let end = try await world.runToTheEnd { $0.machines[0].snapshots = [] }
    #expect(end.result.record.outcome == .sealed && end.result.point?.machines?[0].grade == .notInPoint)
    #expect(end.result.point?.images.map(\.machine) == [Sample.machine(2)])
    #expect(world.catalogue.divergence == nil)
  }

  @Test(
    "is marked by whichever incarnation lives to do it",
    arguments: [
      "journal.record run.verdict", "catalogue.saveDivergence", "journal.record run.diverged",
      "journal.record phase.seal.failure",
    ])
  func killed(at call: String) async throws {
    let world = SmallWorld { $0.corrupting = [base11] }
    world.tripwire.arm(atAnswerOf: call)
    let end = try await world.runToTheEnd()
    #expect(end.incarnations == 2 && end.result.record.outcome == .failed)
    #expect(world.catalogue.divergence?.run == Sample.run(1))
  }
}
