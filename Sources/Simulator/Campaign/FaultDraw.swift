import DRKit

/// Up to six faults of a campaign's seed: kind, when or in which phase, how long, how likely, of whom. Each is over before the
/// cycles that must put everything right.
struct FaultDraw: Sendable {
  let draws: Draws
  let frame: CampaignDraw.Frame
  let machines: Int
  let replica: Int

  var faults: [WorldFault] {
    (0..<draws.count("how many", in: 0...6)).map(fault)
  }

  private func fault(_ which: Int) -> WorldFault {
    let kind = kind(which)
    var fault = WorldFault(kind, at: .zero, for: .zero)
    fault.place(
      draws, which, in: frame, during: isBound(kind, which) ? Self.phases(of: kind) : nil,
      after: delay(of: kind, which))
    if Self.hasOccasions(kind) {
      if draws.happens("chancy", which, percent: 60) {
        fault.chance = Chance(
          partsPerMillion: UInt32(draws.choice("chance", which, of: [20_000, 100_000, 500_000])))
      }
      if draws.happens("counted", which, percent: 30) { fault.times = draws.count("times", which, in: 1...4) }
    }
    if kind == .liveCrawlStall && fault.chance != .always { fault.times = nil }
    if kind == .workerFaultyOnStart { fault.times = draws.count("starts", which, in: 1...6) }
    if kind == .storageSlow { fault.factor = draws.choice("factor", which, of: [3, 10, 30]) }
    fault.machine = machine(of: kind, which)
    if kind == .portUnreachable || kind == .portAnswerLost {
      fault.port =
        draws.happens("one port", which, percent: 70)
        ? draws.choice("port", which, of: SimPortName.allCases) : nil
    }
    return fault
  }

  /// Listed, so that a new kind elsewhere shifts no seed: whoever adds one here looks at what a campaign makes of it.
  static let kinds: [WorldFault.Kind] = [
    .linkDown, .rsyncCopiesNothing, .changelogLosesShard, .secondaryLosesShard, .secondaryTruncatesShard,
    .liveCrawlStall, .workerFaultyOnStart, .workerCrash, .monitorKilled, .snapshotRefused, .snapshotFails,
    .mergeFails, .portUnreachable, .portAnswerLost, .executorCrash, .sessionStarted, .sessionStopped,
    .primaryBrickDown, .secondaryBrickDown, .mergeStalls, .storageSlow,
  ]

  private func kind(_ which: Int) -> WorldFault.Kind {
    let kind = draws.choice("kind", which, of: Self.kinds)
    // Without a replica the guests would stop with the brick.
    return kind == .primaryBrickDown && replica < 3 ? .workerCrash : kind
  }

  /// Damage on the secondary's brick is done at the beginning of a phase that is not the seal: what happens there between the
  /// comparison and the record no comparison can see (docs/verification.md).
  private func isBound(_ kind: WorldFault.Kind, _ which: Int) -> Bool {
    Self.isDamage(kind) || draws.happens("bound", which, percent: 75)
  }

  private static func isDamage(_ kind: WorldFault.Kind) -> Bool {
    kind == .secondaryLosesShard || kind == .secondaryTruncatesShard
  }

  /// Into the phase: so that what needs a worker finds one, and what needs a request or a merge comes before it.
  private func delay(of kind: WorldFault.Kind, _ which: Int) -> TimeSpan {
    if Self.isDamage(kind) || draws.happens("at once", which, percent: 25) { return .zero }
    switch kind {
    case .workerCrash, .monitorKilled, .sessionStopped, .rsyncCopiesNothing, .linkDown:
      return .seconds(draws.number("after", which, in: 5...75))
    case .snapshotRefused, .snapshotFails, .mergeFails, .mergeStalls:
      return .seconds(draws.number("after", which, in: 1...6))
    default: return .seconds(draws.spread("after", which, seconds: 1...120))
    }
  }

  private static func phases(of kind: WorldFault.Kind) -> [Phase] {
    switch kind {
    case .secondaryLosesShard, .secondaryTruncatesShard: return [.preflight, .quiesce, .replicate, .merge]
    case .snapshotRefused, .snapshotFails: return [.describe, .quiesce]
    case .mergeFails, .mergeStalls: return [.seal, .merge]
    case .workerCrash, .monitorKilled, .sessionStopped: return [.converge, .replicate, .replicate]
    case .workerFaultyOnStart, .liveCrawlStall, .rsyncCopiesNothing, .changelogLosesShard:
      return [.converge, .quiesce, .replicate, .replicate]
    default: return Phase.allCases.filter { $0 != .protect }
    }
  }

  private static func hasOccasions(_ kind: WorldFault.Kind) -> Bool {
    switch kind {
    case .liveCrawlStall, .snapshotRefused, .snapshotFails, .mergeFails, .portUnreachable, .portAnswerLost:
      true
    default: false
    }
  }

  private func machine(of kind: WorldFault.Kind, _ which: Int) -> Int? {
    switch kind {
    case .changelogLosesShard, .secondaryLosesShard, .secondaryTruncatesShard:
      draws.count("machine", which, in: 1...machines)
    case .snapshotRefused, .snapshotFails, .mergeFails:
      draws.happens("one machine", which, percent: 50) ? draws.count("machine", which, in: 1...machines) : nil
    default: nil
    }
  }
}

extension WorldFault {
  /// Draws when it begins, and how long it lasts: it is over before the calm cycles.
  /// - Parameters:
  ///   - phases: one of which it begins with, a while `after` it did; nil: it begins by the clock.
  mutating func place(
    _ draws: Draws, _ which: Int, in frame: CampaignDraw.Frame, during phases: [Phase]?, after: TimeSpan
  ) {
    let troubled = Int64(CampaignDraw.Frame.troubled)
    if let phases {
      // Armed at the beginning of a cycle; the phase is soon there, unless the cycle is late.
      during = draws.choice("phase", which, of: phases)
      at = frame.every * draws.number("cycle", which, in: 0...(troubled - 1))
      window = frame.every
      self.after = after
    } else {
      at = .seconds(draws.number("at", which, in: 0...((frame.every * troubled).wholeSeconds - 1)))
    }
    let latest = at + (window ?? .zero) + self.after
    span = .seconds(draws.spread("length", which, seconds: 5...max(5, (frame.calm - latest).wholeSeconds)))
  }
}
