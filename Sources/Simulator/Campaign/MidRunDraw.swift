import DRKit

/// What guests do by themselves, and people who know nothing of drkit, in about every second of a campaign's seeds: up to three
/// things beside the faults. From a stream of their own, so that the faults of a seed are what they were before there were any.
struct MidRunDraw: Sendable {
  let draws: Draws
  let frame: CampaignDraw.Frame
  let machines: Int

  static let kinds: [WorldFault.Kind] = [
    .guestStops, .guestStarts, .guestMigrates, .snapshotForeign, .snapshotRemovedByOther, .diskAttached,
  ]

  var faults: [WorldFault] {
    guard draws.happens("any", percent: 50) else { return [] }
    return (0..<draws.count("how many", in: 1...3)).map(fault)
  }

  private func fault(_ which: Int) -> WorldFault {
    var kind = draws.choice("kind", which, of: Self.kinds)
    var machine = draws.count("machine", which, in: 1...machines)
    if kind == .guestStarts {
      // Down until then, for good where its phase never comes: another one must be left that can be snapshotted.
      if machines == 1 { kind = .guestStops } else { machine = max(2, machine) }
    }
    var fault = WorldFault(kind, at: .zero, for: .zero, machine: machine)
    let isBound = draws.happens("bound", which, percent: 75)
    let isAtOnce = draws.happens("at once", which, percent: 25)
    fault.place(
      draws, which, in: frame, during: isBound ? Self.phases(of: kind) : nil,
      after: isAtOnce ? .zero : .seconds(draws.spread("after", which, seconds: 1...120)))
    // A machine that migrates can't be snapshotted.
    if kind == .guestMigrates { fault.span = min(fault.span, .minutes(10)) }
    return fault
  }

  private static func phases(of kind: WorldFault.Kind) -> [Phase] {
    switch kind {
    // They wait for drkit's snapshot.
    case .snapshotForeign, .snapshotRemovedByOther: [.quiesce, .replicate, .replicate, .seal, .merge]
    default: [.adopt, .preflight, .converge, .describe, .quiesce, .replicate, .replicate, .seal, .merge]
    }
  }
}
