/// A first sync, without snapshots: overlays must not stand for the hours or days that it may take.
struct ConvergePhase {
  let context: RunContext

  init(_ context: RunContext) { self.context = context }

  func run() async throws(DRError) {
    try await context.phase(.converge) { () async throws(DRError) in
      if context.repairs { try await SessionRenewal(context: context).run() }
      let needed = try await context.durable.once("converge.needed") { () async throws(DRError) in
        if context.repairs { return true }
        guard let newest = try await context.ports.catalogue.newestPoint(context.target.key) else {
          return true
        }
        // The catalogue's point is of a name: the volume behind it may be another one by now.
        let path = try await context.layout().manifest(newest.run)
        return try await withView(of: try await context.ports.secondary.view()) {
          (view) async throws(DRError) in try await view.size(of: path) == nil
        }
      }
      guard needed else { return ((), note: "not needed: a sealed point stands") }
      context.note(
        .converge,
        context.repairs
          ? "everything is carried again, without snapshots"
          : "no sealed point yet: a first pass without snapshots"
      )
      // The catalogue may be new and the secondary not: a point of another catalogue's would be overwritten unsaid.
      try await IntentWriting(context: context, phase: .converge).run(nil)
      let pass = ReplicationPass(
        context: context, phase: .converge, name: "converge", limit: context.policy.convergeLimit)
      let outcome = try await pass.run()
      let what = context.repairs ? "session renewed, everything carried again" : "first pass complete"
      return ((), note: "\(what); \(outcome.note)")
    }
  }
}
