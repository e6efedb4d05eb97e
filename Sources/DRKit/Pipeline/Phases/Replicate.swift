/// Carries the frozen bases over: the nonce that the point waits for is written at least one changelog rollover after the
/// last snapshot was `ok`, so the changelog orders the cut, not clocks.
struct ReplicatePhase {
  let context: RunContext

  init(_ context: RunContext) { self.context = context }

  static let pass = "replicate"

  func run(after quiesced: Quiesced) async throws(DRError) -> [Nonce] {
    try await context.phase(.replicate) { () async throws(DRError) in
      let pass = ReplicationPass(
        context: context, phase: .replicate, name: Self.pass, limit: context.policy.replicateLimit)
      // Before the wait: it takes the time that has to pass in any case.
      try await IntentWriting(context: context, phase: .replicate).run(quiesced)
      let rollover = try await context.geometry().rollover
      let ordered = quiesced.settled + rollover + context.policy.rolloverMargin
      try await context.wait(
        .replicate, for: "the changelogs that saw the snapshots to roll over", until: ordered)
      let outcome = try await pass.run()
      return (outcome.nonces, note: "checkpoint complete on every subvolume; \(outcome.note)")
    }
  }
}
