import DRKit
import StrictYAML

/// Reads one fault of a scenario: only the keys that its kind heeds, and an end for each.
struct FaultReader {
  /// Machines of the scenario.
  let machines: Int
  let extent: Scenario.Extent
  let every: TimeSpan

  func read(_ node: StrictNode) throws(StrictYAMLError) -> WorldFault {
    let all = ["at", "during", "fault", "for", "chance", "times", "machine", "port"]
    let map = try node.mapping(keys: all)
    let kind = try map.required("fault").choice(of: WorldFault.Kind.self)
    let heeded = Self.heeded(by: kind)
    for key in all
    where map.has(key) && key != "at" && key != "during" && key != "fault" && !heeded.contains(key) {
      let value = try map.required(key)
      throw value.error(
        "`\(kind.rawValue)` does not heed `\(key)`",
        remedy: "Remove it; \(kind.rawValue) knows at, during\(heeded.map { ", \($0)" }.joined())")
    }
    var fault = WorldFault(kind, at: try readBegin(map.required("at")), for: .zero)
    if let phase = try map.optional("during") { fault.during = try phase.choice() }
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
    case .linkDown, .rsyncCopiesNothing, .monitorKilled, .executorCrash: ["for"]
    case .changelogLosesShard: ["for", "machine"]
    case .liveCrawlStall: ["for", "chance", "times"]
    case .workerFaultyOnStart: ["for", "times"]
    case .workerCrash: []
    case .secondaryLosesShard, .secondaryTruncatesShard, .guestStarts, .diskAttached: ["machine"]
    case .guestStops, .guestMigrates, .snapshotForeign, .snapshotRemovedByOther: ["for", "machine"]
    case .snapshotRefused, .snapshotFails, .mergeFails: ["for", "chance", "times", "machine"]
    case .portUnreachable, .portAnswerLost: ["for", "chance", "times", "port"]
    }
  }
}
