import DRKit
import Simulator

/// A scenario's report as a page that a human enjoys.
enum ReportText {
  static func line(_ report: ScenarioReport) -> String {
    let why = report.reasons.isEmpty ? "" : "  " + report.reasons.joined(separator: "; ")
    return "\(report.verdict.rawValue.padded(9))\(report.scenario.padded(28))"
      + "\(report.sealed) sealed, \(report.failed) failed  trace \(report.trace)\(why)"
  }

  static func page(_ report: ScenarioReport) -> String {
    var lines = [bold(report.scenario)]
    if !report.about.isEmpty { lines.append(report.about) }
    for (index, run) in report.runs.enumerated() { lines += [""] + section(run, number: index + 1, report) }
    lines += [""] + summary(report)
    return lines.joined(separator: "\n")
  }

  /// One run: its phases to scale, and between them what happened to it.
  private static func section(_ run: ScenarioReport.Run, number: Int, _ report: ScenarioReport) -> [String] {
    let ended = run.ended ?? report.ended
    let outcome = run.outcome == .sealed ? green("sealed") : red(run.outcome.rawValue)
    var lines = [
      "\(bold("run \(number)"))  \(run.began.clockText)  \(outcome) after \((ended - run.began).text)"
    ]
    let phases = run.phases.map { phase in
      let bar = bar(from: phase.began - run.began, to: phase.ended - run.began, of: ended - run.began)
      return (
        phase.began,
        "  \(phase.began.clockText)  \(phase.phase.rawValue.padded(10))\((phase.ended - phase.began).text.padded(9))"
          + "\(bar)  \(phase.note)"
      )
    }
    let events = report.timeline.filter { entry in
      (entry.kind == .fault || entry.kind == .law || entry.kind == .note)
        && entry.at >= run.began && entry.at <= ended
    }.map { entry in
      (entry.at, "  \(entry.at.clockText)  \(mark(entry.kind)) \(entry.text)")
    }
    // A stable merge: what happened in the same instant stays behind the phase that it happened in.
    lines += (phases + events).enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }
      .map(\.element.1)
    if let failure = run.failure { lines.append("  \(red("why"))       \(failure)") }
    for snapshot in run.leftOver { lines.append("  standing  \(snapshot)") }
    return lines
  }

  private static func summary(_ report: ScenarioReport) -> [String] {
    var lines: [String] = []
    let exposure = report.longestExposure.map { "at most \($0.text)" } ?? "never a point"
    lines.append("exposure   \(exposure); longest without a usable point \(report.longestGap.text)")
    lines.append(
      "world      \(report.guestWrites) guest writes, \(ByteText.of(report.bytesDelivered)) delivered, "
        + "\(report.worldEvents) events, \(report.wakeUps) wake-ups")
    for fault in report.faults { lines.append("fault      \(fault.fault), felt \(fault.bites) time(s)") }
    for violation in report.violations {
      lines.append("\(red("law \(violation.law)"))      \(violation.at.clockText)  \(violation.detail)")
    }
    for reason in report.reasons { lines.append("reason     \(reason)") }
    let verdict = report.verdict == .kept ? green("KEPT") : red("VIOLATED")
    lines.append("verdict    \(verdict)  \(report.sealed) sealed, \(report.failed) failed")
    lines.append("seed       \(report.seed)   trace \(report.trace)   \(Build.description)")
    return lines
  }

  private static func bar(from: TimeSpan, to: TimeSpan, of whole: TimeSpan) -> String {
    let width: Int64 = 24
    let total = max(1, whole.nanoseconds / 1_000_000)
    let begin = min(width - 1, from.nanoseconds / 1_000_000 * width / total)
    let end = min(width, max(begin + 1, to.nanoseconds / 1_000_000 * width / total))
    return String(repeating: "·", count: Int(begin)) + String(repeating: "█", count: Int(end - begin))
      + String(repeating: "·", count: Int(width - end))
  }

  private static func mark(_ kind: Timeline.Kind) -> String {
    switch kind {
    case .fault: red("fault".padded(9))
    case .law: red("LAW".padded(9))
    default: "note".padded(9)
    }
  }

  private static func bold(_ text: String) -> String { paint(text, "1") }
  private static func green(_ text: String) -> String { paint(text, "32") }
  private static func red(_ text: String) -> String { paint(text, "31") }
  private static func paint(_ text: String, _ code: String) -> String {
    Console.isTerminal ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }
}

/// Which build printed a trace: seeds are compared within a toolchain.
enum Build {
  static var description: String {
    #if DEBUG
      let configuration = "debug"
    #else
      let configuration = "release"
    #endif
    #if compiler(>=6.4)
      let compiler = "Swift 6.4 or later"
    #elseif compiler(>=6.3)
      let compiler = "Swift 6.3"
    #else
      let compiler = "Swift before 6.3"
    #endif
    return "\(configuration) build, \(compiler)"
  }
}
