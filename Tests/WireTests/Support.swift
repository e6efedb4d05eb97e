import DRKit
import Foundation
import Simulator
import StrictYAML

@testable import Wire

/// The repository's root.
let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

let wire: ScenarioRunner.Family = { WirePorts(world: $0, store: $1) }

/// The scenario files that anybody can run.
enum ScenarioFile {
  static let names: [String] = {
    let all =
      (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "scenarios").path)) ?? []
    return all.filter { $0.hasSuffix(".yaml") }.sorted()
  }()

  static func read(_ name: String) throws -> Scenario {
    let url = root.appending(path: "scenarios").appending(path: name)
    return try ScenarioReader.read(try String(contentsOf: url, encoding: .utf8), file: name)
  }
}

/// A small site with two replica sets, calls that fail now and then, and stalls.
func smallScenario() -> Scenario {
  var plan = WorldPlan()
  plan.primary.subvolumes = 2
  plan.primary.replica = 3
  plan.session.shard = .milliseconds(50)
  plan.machines = [WorldPlan.Machines(count: 2, disk: 1 << 30, rate: 64 << 10, block: 64 << 10, skew: 0.9)]
  plan.faults = [
    WorldFault(.portUnreachable, at: .zero, for: .hours(1), chance: Chance(0.02)),
    WorldFault(.portAnswerLost, at: .zero, for: .hours(1), chance: Chance(0.02)),
    WorldFault(.liveCrawlStall, at: .zero, for: .hours(1), chance: Chance(0.5)),
  ]
  return Scenario(
    name: "small", extent: .cycles(1), plan: plan, every: .minutes(30),
    expectations: [.lawsKept, .leftOverSnapshots(0)])
}
