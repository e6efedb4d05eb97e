import DRKit
import Testing

@Suite("How much of the content a run compares")
struct VerifyLevelTests {
  private let base11 = DomainLayout(Sample.domain).volume(Sample.volume(11), of: Sample.disk(11))

  /// Shards of four bytes, so that a base has about a dozen.
  private func world(_ edit: (inout WorldState) -> Void = { _ in }) -> SmallWorld {
    SmallWorld { state in
      state.shardSize = 4
      state.secondaryShardSize = 4
      edit(&state)
    }
  }

  private func sampled(_ blocks: Int) -> SyncPolicy {
    var policy = SmallWorld.policy
    policy.verify = .sampled(blocks: blocks)
    return policy
  }

  @Test("is every byte unless it is told otherwise, and the point says so")
  func full() async throws {
    let world = world()
    let point = try #require(try await world.run().point)
    for image in point.images {
      let proof = try #require(image.proof)
      #expect(proof.level == .full && proof.detection == 1 && proof.blocks > 5)
      #expect(image.digest.block == 4 && image.digest.read == nil)
    }
    #expect(world.with { $0.events.map(\.description) }.allSatisfy { !$0.contains("SAMPLES") })
    #expect(world.journal.steps.contains { $0.hasPrefix("seal.verify") })
  }

  @Test("names the shards that differ")
  func names() async throws {
    let world = world { $0.flipping = [base11: 22] }
    let failure = try #require(try await world.run().record.failure)
    #expect(failure.kind == .diverged && failure.operation == "prove the content")
    #expect(failure.reason.hasPrefix("1 of ") && failure.reason.hasSuffix("(4 bytes each, from 0): 5"))
  }

  @Test("of samples is written into manifest, point and event with its chance")
  func sampledPoint() async throws {
    let world = world()
    let point = try #require(try await world.run(1, sampled(3)).point)
    for image in point.images {
      let proof = try #require(image.proof)
      #expect(proof.level == .sampled && proof.compared == 3)
      #expect(proof.detection == 3 / Double(proof.blocks))
      #expect(image.digest.read == 3)
    }
    let manifest = DomainLayout(Sample.domain).manifest(Sample.run(1))
    let text = String(decoding: try #require(world.with { $0.secondary[manifest] }), as: UTF8.self)
    #expect(text.contains(#""compared":3,"detection":0."#) && text.contains(#""level":"sampled""#))
    #expect(world.with { $0.events.map(\.description) }.contains { $0.contains("BY SAMPLES (3 of ") })
  }

  @Test("of samples finds a wrong shard exactly when it was drawn", arguments: 1...24 as ClosedRange<UInt64>)
  func sampledMisses(_ number: UInt64) async throws {
    let world = world { $0.flipping = [base11: 22] }
    let result = try await world.run(number, sampled(4))
    let size = try #require(world.with { $0.secondary[base11] }).count
    let seed = Derived.sampleSeed(run: Sample.run(number), path: base11)
    let drawn = BlockSample(count: 4, seed: seed).indices(of: BlockDigests.count(size: Int64(size), block: 4))
    #expect((result.record.outcome == .failed) == drawn.contains(5), "\(drawn)")
  }

  @Test("of samples is as weak as the weakest volume of an image's chain")
  func weakest() async throws {
    let world = world { state in
      state.putBelow(Sample.volume(911), base: Sample.volume(11), disk: Sample.disk(11))
    }
    let point = try #require(try await world.run(1, sampled(1)).point)
    let image = try #require(point.images.first { $0.disk == Sample.disk(11) })
    let below = world.with { $0.secondary[$0.layout.volume(Sample.volume(911), of: Sample.disk(11))] }
    let blocks = [image.digest.size, Int64(below?.count ?? 0)].map { BlockDigests.count(size: $0, block: 4) }
    #expect(image.proof?.blocks == blocks.max())
  }

  @Test("is decided once: a run that is resumed under another policy goes on as it began")
  func decidedOnce() async throws {
    let world = world()
    world.tripwire.arm(atAnswerOf: "primary.digest")
    await #expect(throws: DRError.stopped) { try await world.run(1) }
    world.tripwire.revive()
    world.clock.pass(.minutes(2))
    world.catalogue.expireLeases()
    world.with { $0.openViews = 0 }
    let result = try await world.run(2, sampled(1))
    #expect(result.resumed && result.record.outcome == .sealed)
    #expect(result.point?.images.compactMap(\.proof?.level) == [.full, .full])
  }

  @Test("is looked at by preflight: samples are a warning, a missing agent makes it unfit")
  func preflight() async throws {
    func finding(_ policy: SyncPolicy, _ edit: (inout WorldState) -> Void = { _ in }) async throws
      -> PreflightFinding?
    {
      let check = PreflightCheck(ports: world(edit).ports, target: SmallWorld.target, policy: policy)
      return try await check.findings().first { $0.check == "verify" }
    }
    #expect(try await finding(SmallWorld.policy)?.text == "every byte, here by hand, there by hand")
    #expect(try await finding(sampled(9))?.grade == .warning)
    let missing = try await finding(SmallWorld.policy) { $0.secondaryLacksAgent = true }
    #expect(missing?.grade == .unfit)
    #expect(missing?.text == "there: b1: there is none" && missing?.remedy == "install it")
  }
}
