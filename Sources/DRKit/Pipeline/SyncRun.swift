/// One sync cycle of one storage domain to one destination: the pipeline, as the runbook reads.
///
/// The same code runs in production and in the simulator. Killed at any point, the next `execute` of the same destination
/// goes on from the journal, or backs out if the run had already failed.
public struct SyncRun: Sendable {
  let ports: SyncPorts
  let target: SyncTarget
  let policy: SyncPolicy

  public init(ports: SyncPorts, target: SyncTarget, policy: SyncPolicy = SyncPolicy()) {
    self.ports = ports
    self.target = target
    self.policy = policy
  }

  public struct Result: Sendable, Hashable {
    public var record: RunRecord
    /// True when this finished a run that an earlier incarnation began.
    public var resumed: Bool
    /// The point that this run sealed.
    public var point: RecoveryPoint?
    /// The newest point of the destination in the catalogue, of this or an earlier run.
    public var standing: RecoveryPoint?
    /// Why the destination is diverged, now that the run has ended.
    public var divergence: Divergence?
  }

  /// Finishes the destination's unfinished run, or does a new one called `fresh`.
  ///
  /// A run that fails is a result, not an error: its record says what failed, after the clean-up.
  /// - Throws: `.busy` when another executor holds the lease; `.stopped` when this incarnation is told to end (the journal
  ///   holds what the next needs); what journal and catalogue throw.
  public func execute(fresh: RunID) async throws(DRError) -> Result {
    let lease = LeaseKeeper(
      key: target.key, owner: fresh, length: policy.leaseLength, clock: ports.clock,
      catalogue: ports.catalogue)
    try await retrying { () async throws(DRError) in try await lease.take() }
    let outcome = await withTaskGroup(of: Swift.Result<Result, DRError>?.self) { group in
      group.addTask {
        do throws(DRError) { return .success(try await run(fresh, lease)) } catch { return .failure(error) }
      }
      group.addTask {
        await lease.keep()
        return nil
      }
      var outcome: Swift.Result<Result, DRError>?
      while let ended = await group.next() {
        if let ended { outcome = ended }
        // The run ended, or its lease was lost: either ends the other.
        group.cancelAll()
      }
      return outcome ?? .failure(.stopped)
    }
    // Whatever the outcome: nothing of this incarnation acts any more, and the next need not wait.
    do throws(DRError) {
      try await retrying { () async throws(DRError) in try await lease.release() }
    } catch {
      ports.observer.observe(
        .noted(.report, "the lease could not be released and will run out: \(error.reason)"),
        at: ports.clock.now)
    }
    return try outcome.get()
  }

  private func retrying<T>(_ body: () async throws(DRError) -> T) async throws(DRError) -> T {
    try await policy.retry.retrying(ports.clock, ports.observer, body)
  }

  private func run(_ fresh: RunID, _ lease: LeaseKeeper) async throws(DRError) -> Result {
    let catalogue = ports.catalogue
    let unfinished = try await retrying { () async throws(DRError) in
      try await catalogue.unfinishedRun(target.key)
    }
    let begun = unfinished ?? RunRecord(id: fresh, key: target.key, began: ports.clock.now)
    if unfinished == nil {
      try await retrying { () async throws(DRError) in
        // Whoever stood still until another one did the work must not begin a run that it can't go on with.
        try lease.check()
        try await catalogue.save(begun)
      }
    }
    var record = begun
    ports.observer.observe(.runBegan(record, resumed: unfinished != nil), at: ports.clock.now)

    let durable = Durable(
      run: record.id, clock: ports.clock, journal: ports.journal, observer: ports.observer,
      retry: policy.retry,
      lease: lease)
    var context = RunContext(
      run: record.id, target: target, policy: policy, ports: ports.leased(by: lease), durable: durable)
    context.isResumed = unfinished != nil
    context.repairs = try await repairs(durable, isFresh: unfinished == nil)

    let verdict = try await verdict(context)
    try await mark(context, verdict)
    let leftOver = try await cleanUp(context, verdict)
    record = try await report(context, record, verdict, leftOver)
    let standing = try await retrying { () async throws(DRError) in
      try await catalogue.newestPoint(target.key)
    }
    let divergence = try await retrying { () async throws(DRError) in
      try await catalogue.divergence(of: target.key)
    }
    ports.observer.observe(.runEnded(record), at: ports.clock.now)
    return Result(
      record: record, resumed: unfinished != nil, point: verdict.point, standing: standing,
      divergence: divergence)
  }

  /// A destination that failed its proof is diverged, and stays so whatever later runs prove. The verdict is journalled by now, so
  /// that a run that is killed here marks it when it goes on; the first mark stands.
  private func mark(_ context: RunContext, _ verdict: Verdict) async throws(DRError) {
    guard let failure = verdict.failure, failure.kind == .diverged else { return }
    try await context.durable.once("run.diverged") { () async throws(DRError) in
      guard try await ports.catalogue.divergence(of: target.key) == nil else { return }
      try await ports.catalogue.save(
        Divergence(
          key: target.key, run: context.run, at: ports.clock.now, image: failure.subject,
          reason: failure.reason))
    }
  }

  /// A run that is resumed stays what it was, whoever resumes it.
  private func repairs(_ durable: Durable, isFresh: Bool) async throws(DRError) -> Bool {
    let step = "run.repairs"
    if try await durable.recall(step, as: Bool.self) != nil { return true }
    guard isFresh && policy.repairs else { return false }
    // Without a mark there is nothing to heal, and nowhere to keep the session's options.
    let mark = try await retrying { () async throws(DRError) in
      try await ports.catalogue.divergence(of: target.key)
    }
    guard mark != nil else { return false }
    try await durable.remember(true, step)
    return true
  }

  /// Forward to a sealed point, or to the reason why there is none. Journalled: a run that failed once only backs out.
  private func verdict(_ context: RunContext) async throws(DRError) -> Verdict {
    if let known: Verdict = try await context.durable.recall("run.verdict") { return known }
    var verdict = Verdict()
    do throws(DRError) {
      try await AdoptPhase(context).run()
      try await PreflightPhase(context).run()
      try await ProtectPhase(context).run()
      try await ConvergePhase(context).run()
      let configurations = try await DescribePhase(context).run()
      let quiesced = try await QuiescePhase(context).run()
      let nonces = try await ReplicatePhase(context).run(after: quiesced)
      verdict.point = try await SealPhase(context).run(quiesced, nonces, configurations)
    } catch {
      if error.endsIncarnation { throw error }
      verdict.failure = error
    }
    try await context.durable.remember(verdict, "run.verdict")
    return verdict
  }

  /// Stop, secondary closed again, merge: done after success and after failure alike. Returns the
  /// snapshots still standing, and what else could not be put back.
  private func cleanUp(_ context: RunContext, _ verdict: Verdict) async throws(DRError) -> [String] {
    let undone = try await BackOut(context: context).run(afterFailure: verdict.failure != nil)
    return try await undone + MergePhase(context).run()
  }

  private func report(
    _ context: RunContext, _ record: RunRecord, _ verdict: Verdict, _ leftOver: [String]
  ) async throws(DRError) -> RunRecord {
    var record = record
    record.outcome = verdict.point == nil ? .failed : .sealed
    record.failure = verdict.failure
    record.leftOver = leftOver
    if let silent = try await ReportPhase(context).run(record, verdict.point) {
      record.failure = record.failure ?? silent
    }
    record.phases = try await context.phaseRecords()
    record.ended = ports.clock.now
    let ended = record
    try await context.durable.retrying { () async throws(DRError) in try await ports.catalogue.save(ended) }
    return record
  }
}

/// How the forward half of a run ended: a point, or why not.
struct Verdict: Sendable, Codable, Hashable {
  var point: RecoveryPoint?
  var failure: DRError?
}
