import Bench
import DRKit
import Simulator

/// A campaign's table for a terminal, and one seed's summary.
enum CampaignText {
  static func page(_ table: CampaignTable, command: String) -> String {
    let last = table.first &+ UInt64(table.seeds) &- 1
    var lines = [
      "\(table.name), seeds \(table.first) to \(last): \(table.sealed + table.failed) runs in \(table.lives) lives, "
        + "\(table.struck) of them killed or frozen",
      "", Table.text(["SEEDS", "CAME TO"], table.classes.map { ["\($0.seeds)", words($0.verdict)] }), "",
      Table.text(
        ["RUNS", "ENDED"],
        [["\(table.sealed)", "sealed a point"], ["\(table.failed)", "failed, said so"]]
          + table.failures.prefix(12).map { ["  \($0.runs)", "  \($0.operation)"] }
          + [
            ["\(table.silent)", "of these could not tell the engine, which was away: their records tell"],
            ["\(table.assessments)", "assessments of the secondary held against the truth"],
          ]), "",
      Table.text(
        ["FAULT", "DRAWN", "SEEDS", "FELT IN"],
        table.faults.map { [$0.fault, "\($0.drawn)", "\($0.seeds)", "\($0.felt)"] }),
    ]
    if !table.bad.isEmpty { lines.append("") }
    for outcome in table.bad {
      lines.append("\(command) --seed \(outcome.seed)    \(outcome.verdict.rawValue), trace \(outcome.trace)")
      lines += outcome.reasons.prefix(3).map { "    \($0)" }
    }
    lines += ["", "hash \(table.hash)   \(Build.description)"]
    lines.append(table.isKept ? "KEPT  no law broken, every seed put right in the end" : "VIOLATED")
    return lines.joined(separator: "\n")
  }

  static func lines(_ outcome: Campaign.Outcome, _ draw: CampaignDraw) -> String {
    let plan = draw.scenario.plan
    var lines = [
      "world      \(plan.machines.reduce(0) { $0 + $1.count }) machine(s), \(plan.primary.subvolumes) subvolume(s), replica "
        + "\(plan.primary.replica), shards of \(ByteText.of(plan.primary.shard)), "
        + (plan.isSynced ? "synced before" : "a first sync")
    ]
    lines += plan.faults.map { "drawn      \(words($0))" }
    for (life, strike) in draw.strikes.enumerated() {
      guard let strike else { continue }
      let how =
        strike.plan.freeze != nil
        ? "frozen"
        : strike.losesLastRecord ? "record-lost" : strike.plan.inFlight == .lands ? "request-lands" : "killed"
      lines.append("drawn      life \(life) is struck at boundary \(strike.plan.boundary): \(how)")
    }
    lines += outcome.reasons.map { "reason     \($0)" }
    lines.append("campaign   \(outcome.verdict.rawValue)  seed \(outcome.seed)  trace \(outcome.trace)")
    return lines.joined(separator: "\n")
  }

  private static func words(_ fault: WorldFault) -> String {
    var text = fault.kind.rawValue
    text +=
      fault.during.map { " \(fault.after.text) into \($0.rawValue), from \(fault.at.text) on" }
      ?? " at \(fault.at.text)"
    text += ", for \(fault.span.text)"
    if fault.chance != .always {
      text += ", each time with chance \(Double(fault.chance.threshold) / 4_294_967_296)"
    }
    if let times = fault.times { text += ", \(times) time(s)" }
    if let machine = fault.machine { text += ", machine \(machine)" }
    if let port = fault.port { text += ", port \(port.rawValue)" }
    return text
  }

  private static func words(_ verdict: Campaign.Verdict) -> String {
    switch verdict {
    case .sealed: "every run sealed its point"
    case .recovered: "some run failed with an alert, later ones sealed"
    case .repaired: "diverged, found so, repaired and proved, later ones sealed"
    case .stuck: "calm again, and not right: STUCK"
    case .broken: "LAW BROKEN"
    }
  }
}
