/// The secondary volume's read-only flag, off while a phase writes there and on again after: `create push-pem` sets it, and
/// nothing can be written or removed under it (EROFS, measured). Each phase's opening has steps of its own.
struct SecondaryGate {
  let context: RunContext
  var phase = Phase.seal

  private static let wasReadOnlyStep = "preflight.secondary-read-only"
  private var openStep: String { "\(phase.rawValue).gate.off" }
  private var closeStep: String { "\(phase.rawValue).gate.on" }

  /// - Throws: `.unfit` when the secondary's copy is live at another engine; `.disproved` when the session is not stopped:
  ///   this incarnation may not be the one that stopped it.
  func open() async throws(DRError) {
    try await proveIdle()
    let cluster = context.ports.cluster
    guard try await wasReadOnly() else { return }
    try await context.durable.once(openStep) { () async throws(DRError) in
      try await cluster.setReadOnly(false)
    }
  }

  /// Nobody but this run works at the secondary now: before anything there is changed, and again when all is proved, since the
  /// proof takes hours and the volume is writable meanwhile.
  func proveIdle() async throws(DRError) {
    try await SecondaryOwner(context: context).refuseLive()
    try await context.durable.retrying { () async throws(DRError) in try await proveStopped() }
    try await context.proveSilence(phase)
  }

  /// The session still shows no worker: right before each try at a write there. The one before may have waited minutes for a brick or
  /// a line, and somebody may have started the session meanwhile.
  func proveStopped() async throws(DRError) {
    let subvolumes = try await context.geometry().subvolumes
    let rows = try await context.ports.georep.status()
    if let complaint = SessionQuiet.complaint(rows, subvolumes: subvolumes) {
      throw DRError(
        .disproved, "change the secondary", context.ports.georep.session.description,
        reason: "the session was stopped, but \(complaint)",
        remedy: "let drkit alone start and stop this session")
    }
  }

  /// As the run found it, asked at preflight: in the step before it is switched off it would be the journal's last record, and
  /// lost with it by a disk that acknowledges too early. Writable because an earlier run could not close it: then this one owes it.
  @discardableResult
  func wasReadOnly() async throws(DRError) -> Bool {
    let cluster = context.ports.cluster
    return try await context.durable.once(Self.wasReadOnlyStep) { () async throws(DRError) in
      if try await cluster.geometry().isReadOnly { return true }
      guard let owing = try await owingRun() else { return false }
      context.note(.preflight, "the secondary is writable: run \(owing) could not close it, this one will")
      return true
    }
  }

  /// The newest run before this one that found the secondary read-only, if it did not close it again.
  private func owingRun() async throws(DRError) -> RunID? {
    let (catalogue, journal) = (context.ports.catalogue, context.ports.journal)
    for run in try await catalogue.runs(context.target.key, limit: 50) where run.id != context.run {
      let found = try await journal.value(for: StepKey(run: run.id, step: Self.wasReadOnlyStep))
      // One that did not come so far changed nothing.
      guard let found else { continue }
      guard try JournalCoding.decode(Bool.self, from: found, for: Self.wasReadOnlyStep) else { return nil }
      let closed = try await journal.value(
        for: StepKey(run: run.id, step: SecondaryGate(context: context).closeStep))
      return closed == nil ? run.id : nil
    }
    return nil
  }

  /// After success and after failure: the flag goes back to what it was, whether or not its switching was recorded.
  /// - Throws: `.unfit` when the copy went live meanwhile: its machines would stop.
  func close() async throws(DRError) {
    guard try await context.durable.recall(Self.wasReadOnlyStep, as: Bool.self) == true,
      try await context.durable.recall(closeStep, as: Bool.self) == nil
    else { return }
    try await SecondaryOwner(context: context).refuseLive()
    let cluster = context.ports.cluster
    try await context.durable.once(closeStep) { () async throws(DRError) in
      try await cluster.setReadOnly(true)
    }
  }
}

/// After a run's forward half: the session stopped if that failed, and the secondary closed, whatever was reached. What can't be
/// done does not keep the merge from being done, and is told in the record and in the alert.
struct BackOut {
  let context: RunContext

  /// Returns what could not be done.
  func run(afterFailure: Bool) async throws(DRError) -> [String] {
    guard try await context.durable.recall(PreflightPhase.takenStep, as: Bool.self) == true else { return [] }
    var undone: [String] = []
    if afterFailure {
      undone += try await attempt("the session could not be proved stopped") { () async throws(DRError) in
        try await SessionStop(context: context, phase: .merge, step: "backout.stop").run()
      }
    }
    // The seal's gate closes here, and with it whichever an earlier phase could not close.
    undone += try await attempt("the secondary could not be set read-only again") {
      () async throws(DRError) in try await SecondaryGate(context: context).close()
    }
    return undone
  }

  private func attempt(
    _ what: String, _ body: () async throws(DRError) -> Void
  ) async throws(DRError) -> [String] {
    do throws(DRError) {
      try await body()
      return []
    } catch {
      if error.endsIncarnation { throw error }
      context.note(.merge, "\(what): \(error)")
      return ["\(what): \(error.reason)"]
    }
  }
}
