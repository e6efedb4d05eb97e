/// Would keep the last sealed point whole while the next arrives (a volume snapshot at the secondary, on thin bricks). Said
/// aloud until it can be had: from `replicate` on, the secondary's only point is being overwritten.
struct ProtectPhase {
  let context: RunContext

  init(_ context: RunContext) { self.context = context }

  func run() async throws(DRError) {
    try await context.phase(.protect) { () async throws(DRError) in
      (
        (),
        note: "not supported: while this run replicates, the last point at the secondary is being overwritten"
      )
    }
  }
}
