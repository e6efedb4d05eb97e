import DRKit
import StrictYAML

/// Reads one fault of a scenario: only the keys that its kind heeds, and an end for each.
struct FaultReader {
  /// Machines of the scenario.
  let machines: Int
  let extent: Scenario.Extent
  let every: TimeSpan
  /// Bricks in each set of the primary.
  let replica: Int

  func read(_ node: StrictNode) throws(StrictYAMLError) -> WorldFault {
    let all = ["at", "fault", "during", "after", "for", "chance", "times", "machine", "port", "factor"]
    let map = try node.mapping(keys: all)
    let kind = try map.required("fault").choice(of: WorldFault.Kind.self)
    let heeded = Self.heeded(by: kind)
    for key in all
    where map.has(key) && !["at", "fault", "during", "after"].contains(key) && !heeded.contains(key) {
      let value = try map.required(key)
      throw value.error(
        "`\(kind.rawValue)` does not heed `\(key)`",
        remedy: "Remove it; \(kind.rawValue) knows at, during, after\(heeded.map { ", \($0)" }.joined())")
    }
    var fault = WorldFault(kind, at: try readBegin(map.required("at")), for: .zero)
    fault.during = try map.optional("during")?.choice()
    if let span = try map.optional("after") {
      guard fault.during != nil else {
        throw span.error("there is no phase that it could begin after", remedy: "Add `during`, or use `at`")
      }
      fault.after = try span.duration(in: .seconds(1)...(.hours(24)))
    }
    if let factor = try map.optional("factor") { fault.factor = Int64(try factor.int(in: 2...1_000)) }
    if kind == .primaryBrickDown && replica < 3 {
      throw try map.required("fault").error(
        "without a replica of 3 the guests would stop with the brick", remedy: "Set primary.volume.replica: 3"
      )
    }
    if heeded.contains("for") {
      fault.span = try map.required("for").duration(in: .seconds(1)...(.hours(24 * 366)))
    }
    if let chance = try map.optional("chance") {
      fault.chance = Chance(try chance.probability())
      if fault.chance == .never {
        throw chance.error("the fault would never strike", remedy: "Remove the fault")
      }
    }
    if let times = try map.optional("times") { fault.times = try times.int(in: 1...1_000_000) }
    if let machine = try map.optional("machine") { fault.machine = try machine.int(in: 1...max(1, machines)) }
    if let port = try map.optional("port") { fault.port = try port.choice() }
    if kind == .liveCrawlStall, map.has("chance"), map.has("times") {
      throw node.error("`chance` and `times` can't stand together here", remedy: "Give one of them")
    }
    if kind == .workerFaultyOnStart && fault.times == nil {
      throw node.error(
        "worker.faulty-on-start needs `times`", remedy: "Add `times: 2`, or another number of starts")
    }
    return fault
  }

  private func readBegin(_ node: StrictNode) throws(StrictYAMLError) -> TimeSpan {
    let at = try node.duration(in: .zero...(.hours(24 * 366)))
    let end: TimeSpan
    switch extent {
    case .duration(let span): end = span
    case .cycles(let count): end = Scenario.firstCycle + every * Int64(count)
    }
    if at >= end {
      throw node.error("begins after the scenario's last cycle, \(end.text)", remedy: "Begin it earlier")
    }
    return at
  }

  private static func heeded(by kind: WorldFault.Kind) -> [String] {
    switch kind {
    case .linkDown, .rsyncCopiesNothing, .monitorKilled, .executorCrash, .primaryBrickDown,
      .secondaryBrickDown, .mergeStalls:
      ["for"]
    case .storageSlow: ["for", "factor"]
    case .changelogLosesShard: ["for", "machine"]
    case .liveCrawlStall: ["for", "chance", "times"]
    case .workerFaultyOnStart: ["for", "times"]
    case .workerCrash, .sessionStarted, .sessionStopped: []
    case .secondaryLosesShard, .secondaryTruncatesShard, .guestStarts, .diskAttached: ["machine"]
    case .guestStops, .guestMigrates, .snapshotForeign, .snapshotRemovedByOther: ["for", "machine"]
    case .snapshotRefused, .snapshotFails, .mergeFails: ["for", "chance", "times", "machine"]
    case .portUnreachable, .portAnswerLost: ["for", "chance", "times", "port"]
    }
  }
}
