import Bench
import Simulator

/// A crash table for a terminal, and the commands that show one case alone.
enum CrashText {
  static func page(_ table: CrashTable, command: String) -> String {
    var lines = [
      "\(table.scenario), seed \(table.seed): \(table.boundaries.reduce(0, +)) boundaries in "
        + "\(table.boundaries.count) \(table.boundaries.count == 1 ? "life" : "lives"), \(table.cases) cases",
      "",
      Table.text(
        ["STRUCK", "CASES", "REQUEST", "ANSWER", "SLEEP", "SEALED", "FAILED CLEANLY", "LAWS BROKEN"],
        table.rows.map { row in
          [
            row.way.rawValue + (row.twice ? ", then killed again" : ""), "\(row.cases)", "\(row.requests)",
            "\(row.answers)", "\(row.sleeps)", "\(row.sealed)", "\(row.failed)",
            row.broken == 0 ? "none" : "\(row.broken)",
          ]
        }),
    ]
    if !table.broken.isEmpty { lines.append("") }
    for outcome in table.broken {
      lines.append("\(command) --seed \(table.seed)\(flags(outcome.tried))")
      lines += outcome.reasons.prefix(3).map { "    \($0)" }
    }
    lines += ["", table.isKept ? "KEPT  no law broken" : "VIOLATED"]
    return lines.joined(separator: "\n")
  }

  private static func flags(_ tried: CrashSweep.Case) -> String {
    var text = " --crash \(tried.life):\(tried.boundary):\(tried.way.rawValue)"
    if let again = tried.again {
      text += " --crash \(again.life):\(again.boundary):\(CrashSweep.Way.requestLands.rawValue)"
    }
    return text
  }
}
