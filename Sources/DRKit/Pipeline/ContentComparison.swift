/// What a run decided about the proof of content, once, before it was used.
struct VerifyDecision: Hashable, Sendable, Codable {
  var level: VerifyLevel
  /// Bytes of a block.
  var block: Int64
}

/// Compares one file on both sides, through views made for it alone.
struct ContentComparison: Sendable {
  enum Verdict: Sendable {
    /// The digest that both sides agree on.
    case same(FileDigest)
    /// What differs, and where.
    case differs(String)
  }

  let context: RunContext
  let verification: VerifyDecision

  /// A volume that is not sharded is read in blocks all the same.
  private static let plainBlock: Int64 = 64 << 20

  init(_ context: RunContext) async throws(DRError) {
    self.context = context
    verification = try await context.durable.once("seal.verify") { () async throws(DRError) in
      let shard = try await context.geometry().shardSize
      // A sample of a copy that is known to be wrong somewhere says nothing.
      let isDiverged = try await context.divergence() != nil
      return VerifyDecision(
        level: isDiverged || context.repairs ? .full : context.policy.verify,
        block: shard ?? ContentComparison.plainBlock)
    }
  }

  func run(_ path: String) async throws(DRError) -> Verdict {
    let ports = context.ports
    async let here = digests(of: path) { () async throws(DRError) in try await ports.primary.view() }
    async let there = digests(of: path) { () async throws(DRError) in try await ports.secondary.view() }
    let (ours, theirs): (BlockDigests?, BlockDigests?)
    do { (ours, theirs) = (try await here, try await there) } catch { throw error as? DRError ?? .stopped }
    guard let ours else { return .differs("the frozen volume does not exist at the primary") }
    guard let theirs else { return .differs("it does not exist at the secondary") }
    guard ours.size == theirs.size else { return .differs("\(theirs.size) bytes there, \(ours.size) here") }
    guard ours.block == theirs.block else {
      throw DRError(
        .malformed, "prove the content", path,
        reason: "the secondary was digested in blocks of \(theirs.block) bytes, the primary in \(ours.block)",
        remedy: "let both sides have an agent of the same version, or neither")
    }
    guard ours != theirs else { return .same(ours.digest) }
    let shards = ours.differing(from: theirs)
    return .differs(
      "\(shards.count) of \(ours.blocks.count) shards compared differ (\(ours.block) bytes each, from 0): "
        + BlockDigests.text(shards))
  }

  /// Through a fresh view, and another one if that fails for a moment.
  private func digests(
    of path: String, _ view: @Sendable () async throws(DRError) -> any VolumeView
  ) async throws(DRError) -> BlockDigests? {
    let plan = plan(for: path)
    return try await context.durable.retrying { () async throws(DRError) in
      try await withView(of: try await view()) { (view) async throws(DRError) in
        try await view.digests(of: path, plan)
      }
    }
  }

  private func plan(for path: String) -> DigestPlan {
    switch verification.level {
    case .full: DigestPlan(block: verification.block)
    case .sampled(let count):
      DigestPlan(
        block: verification.block,
        sample: BlockSample(count: count, seed: Derived.sampleSeed(run: context.run, path: path)))
    }
  }
}
