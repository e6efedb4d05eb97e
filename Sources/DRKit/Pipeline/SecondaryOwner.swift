/// Whose the secondary's copy is *now*. Preflight's answer is as old as the run: a first pass may last days, and an
/// incarnation that resumes may come back after its site was lost and the copy was imported at the other engine.
struct SecondaryOwner: Sendable {
  let context: RunContext

  func finding() async throws(DRError) -> PreflightFinding {
    let domain = try await context.domain().id
    let check = PreflightCheck(ports: context.ports, target: context.target, policy: context.policy)
    return try await context.durable.retrying { () async throws(DRError) in
      try await check.ownership(of: domain)
    }
  }

  /// - Throws: `.unfit` when the copy is live at another engine.
  func refuseLive() async throws(DRError) {
    let finding = try await finding()
    guard finding.grade == .unfit else { return }
    throw DRError(
      .unfit, "look whether the secondary is idle", finding.check, reason: finding.text,
      remedy: finding.remedy)
  }
}
