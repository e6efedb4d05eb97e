/// Refuses to begin what can't end; takes the session over if it is running.
struct PreflightPhase {
  let context: RunContext

  init(_ context: RunContext) { self.context = context }

  /// Journalled once the session may be ours: the clean-up stops it from here on.
  static let takenStep = "preflight.taken"

  func run() async throws(DRError) {
    try await context.phase(.preflight) { () async throws(DRError) in
      if context.repairs { try await SessionRenewal(context: context).finishEarlier() }
      // Each question is asked again by itself: all of them together would rarely all be answered on a bad line.
      let check = PreflightCheck(
        ports: context.ports, target: context.target, policy: context.policy,
        patience: context.policy.retry)
      let findings: [PreflightFinding]
      if let known: [PreflightFinding] = try await context.durable.recall("preflight.findings") {
        findings = known
      } else {
        findings = try await check.findings()
        try await context.durable.remember(findings, "preflight.findings")
      }
      for finding in findings where finding.grade == .warning { context.note(.preflight, finding.text) }
      if let unfit = findings.first(where: { $0.grade == .unfit }) {
        throw DRError(.unfit, "preflight", unfit.check, reason: unfit.text, remedy: unfit.remedy)
      }
      try await SecondaryGate(context: context).wasReadOnly()
      try await context.durable.remember(true, Self.takenStep)
      if findings.contains(where: { $0.check == "session" && $0.grade == .warning }) {
        try await SessionStop(context: context, phase: .preflight, step: "preflight.stop").run()
      }
      if findings.contains(where: { $0.check == LimitPlan.check }) {
        try await SessionLimit(context: context).run()
      }
      let warnings = findings.filter { $0.grade == .warning }.count
      return ((), note: "\(findings.count) checks, \(warnings) warning(s)")
    }
  }
}
