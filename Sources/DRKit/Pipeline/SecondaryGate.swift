/// The secondary volume's read-only flag, off while a phase writes there and on again after: `create push-pem` sets it, and
/// nothing can be written or removed under it (EROFS, measured). Each phase's opening has steps of its own.
struct SecondaryGate {
  let context: RunContext
  var phase = Phase.seal

  private var wasClosed: String { "\(phase.rawValue).gate.was-read-only" }
  private var openStep: String { "\(phase.rawValue).gate.off" }
  private var closeStep: String { "\(phase.rawValue).gate.on" }

  /// Phases that open it, in the order in which they do.
  static let phases: [Phase] = [.converge, .replicate, .seal]

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
    let cluster = context.ports.cluster
    let closed = try await context.durable.once(wasClosed) { () async throws(DRError) in
      try await cluster.geometry().isReadOnly
    }
    guard closed else { return }
    try await context.durable.once(openStep) { () async throws(DRError) in
      try await cluster.setReadOnly(false)
    }
  }

  /// Also after a failure: journalled as was, the flag goes back whether or not opening it was recorded. Not when the copy
  /// went live meanwhile: its machines would stop.
  func close() async throws(DRError) {
    guard try await context.durable.recall(wasClosed, as: Bool.self) == true,
      try await context.durable.recall(closeStep, as: Bool.self) == nil
    else { return }
    let owner = try await SecondaryOwner(context: context).finding()
    guard owner.grade != .unfit else {
      return context.note(phase, "the secondary is left writable: \(owner.text)")
    }
    let cluster = context.ports.cluster
    try await context.durable.once(closeStep) { () async throws(DRError) in
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
    for phase in SecondaryGate.phases {
      try await attempt("set the secondary read-only again") { () async throws(DRError) in
        try await SecondaryGate(context: context, phase: phase).close()
      }
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
