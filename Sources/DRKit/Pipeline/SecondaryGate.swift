/// The secondary volume's read-only flag, off for the seal and on again after: `create push-pem` sets it, and the overlays
/// can't be removed under it (EROFS, measured).
struct SecondaryGate {
  let context: RunContext

  private static let wasClosed = "seal.gate.was-read-only"
  private static let openStep = "seal.gate.off"
  private static let closeStep = "seal.gate.on"

  /// - Throws: `.unfit` when the secondary's copy is live at another engine; `.disproved` when the session is not stopped:
  ///   this incarnation may not be the one that stopped it.
  func open() async throws(DRError) {
    try await SecondaryOwner(context: context).refuseLive()
    let subvolumes = try await context.geometry().subvolumes
    let rows = try await context.durable.retrying { () async throws(DRError) in
      try await context.ports.georep.status()
    }
    if let complaint = SessionQuiet.complaint(rows, subvolumes: subvolumes) {
      throw DRError(
        .disproved, "change the secondary", context.ports.georep.session.description,
        reason: "the session was stopped, but \(complaint)",
        remedy: "let drkit alone start and stop this session")
    }
    if let complaint = try await context.durable.retrying({ () async throws(DRError) in
      try await SecondarySilence(context: context).complaint()
    }) {
      throw DRError(
        .disproved, "prove that the secondary is silent", context.ports.georep.session.description,
        reason: "the session is stopped, but \(complaint)", remedy: SecondarySilence.remedy)
    }
    let cluster = context.ports.cluster
    guard try await wasReadOnly() else { return }
    try await context.durable.once(Self.openStep) { () async throws(DRError) in
      try await cluster.setReadOnly(false)
    }
  }

  /// As the run found it, asked at preflight: in the step before it is switched off it would be the journal's last record, and
  /// lost with it by a disk that acknowledges too early.
  @discardableResult
  func wasReadOnly() async throws(DRError) -> Bool {
    let cluster = context.ports.cluster
    return try await context.durable.once(Self.wasClosed) { () async throws(DRError) in
      try await cluster.geometry().isReadOnly
    }
  }

  /// Also after a failure: journalled as was, the flag goes back whether or not opening it was recorded. Not when the copy
  /// went live meanwhile: its machines would stop.
  func close() async throws(DRError) {
    guard try await context.durable.recall(Self.wasClosed, as: Bool.self) == true,
      try await context.durable.recall(Self.closeStep, as: Bool.self) == nil
    else { return }
    let owner = try await SecondaryOwner(context: context).finding()
    guard owner.grade != .unfit else {
      return context.note(.seal, "the secondary is left writable: \(owner.text)")
    }
    let cluster = context.ports.cluster
    try await context.durable.once(Self.closeStep) { () async throws(DRError) in
      try await cluster.setReadOnly(true)
    }
  }
}

/// After a failure: the session stopped and the secondary closed, whatever was reached. What can't be done is said, and
/// does not keep the merge from being done.
struct BackOut {
  let context: RunContext

  func run() async throws(DRError) {
    guard try await context.durable.recall(PreflightPhase.takenStep, as: Bool.self) == true else { return }
    try await attempt("stop the session") { () async throws(DRError) in
      try await SessionStop(context: context, phase: .merge, step: "backout.stop").run()
    }
    try await attempt("set the secondary read-only again") { () async throws(DRError) in
      try await SecondaryGate(context: context).close()
    }
  }

  private func attempt(_ what: String, _ body: () async throws(DRError) -> Void) async throws(DRError) {
    do throws(DRError) {
      try await body()
    } catch {
      if error.kind == .stopped { throw error }
      context.note(.merge, "could not \(what): \(error)")
    }
  }
}
