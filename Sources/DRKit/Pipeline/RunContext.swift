/// What every phase of one run has in hand.
struct RunContext: Sendable {
  let run: RunID
  let target: SyncTarget
  let policy: SyncPolicy
  let ports: SyncPorts
  let durable: Durable
  /// Whether this run heals a diverged destination: decided when it began.
  var repairs = false
  /// Whether an earlier incarnation began the run.
  var isResumed = false

  func note(_ phase: Phase, _ text: String) {
    ports.observer.observe(.noted(phase, text), at: ports.clock.now)
  }

  /// Sleeps until `instant`, and says what for; at once if it is past.
  func wait(_ phase: Phase, for reason: String, until instant: Instant) async throws(DRError) {
    guard instant > ports.clock.now else { return }
    ports.observer.observe(.waiting(phase, reason: reason, deadline: instant), at: ports.clock.now)
    try await durable.sleep(until: instant)
  }

  /// The description of this run's snapshots: an orphan is found by it.
  var snapshotDescription: String { SnapshotName.text(run: run, key: target.key) }

  /// The domain as the engine named it at preflight.
  func domain() async throws(DRError) -> StorageDomain {
    try await durable.once("preflight.domain") { () async throws(DRError) in
      try await ports.engine.storageDomain(target.domain)
    }
  }

  /// The primary volume's bricks and rollover time, asked once.
  func geometry() async throws(DRError) -> VolumeGeometry {
    try await durable.once("primary.geometry") { () async throws(DRError) in
      try await ports.georep.primaryGeometry()
    }
  }

  /// What the destination was marked with when the run first asked: decided once, since how much is proved hangs on it.
  func divergence() async throws(DRError) -> Divergence? {
    try await durable.once("run.divergence") { () async throws(DRError) in
      try await ports.catalogue.divergence(of: target.key)
    }
  }

  func layout() async throws(DRError) -> DomainLayout { DomainLayout(try await domain().id) }

  /// Runs `body` as a phase: its times are journalled, and its one-line note with them. A failure is decided once: the next
  /// incarnation hears it again, although the world may have changed its mind.
  func phase<T>(
    _ phase: Phase, _ body: () async throws(DRError) -> (T, note: String)
  ) async throws(DRError) -> T {
    let began = try await durable.once("phase.\(phase.rawValue).began") { () async throws(DRError) in
      ports.clock.now
    }
    ports.observer.observe(.phaseBegan(phase), at: ports.clock.now)
    let failureStep = "phase.\(phase.rawValue).failure"
    let (value, note): (T, String)
    do throws(DRError) {
      if let failure: DRError = try await durable.recall(failureStep) { throw failure }
      (value, note) = try await body()
    } catch {
      if !error.endsIncarnation {
        if try await durable.recall(failureStep, as: DRError.self) == nil {
          try await durable.remember(error, failureStep)
        }
        _ = try await ended(phase, began, note: "failed: \(error)")
        ports.observer.observe(.phaseFailed(phase, error), at: ports.clock.now)
      }
      throw error
    }
    let record = try await ended(phase, began, note: note)
    ports.observer.observe(.phaseEnded(record), at: ports.clock.now)
    return value
  }

  private func ended(_ phase: Phase, _ began: Instant, note: String) async throws(DRError) -> PhaseRecord {
    try await durable.once("phase.\(phase.rawValue)") { () async throws(DRError) in
      PhaseRecord(phase: phase, began: began, ended: ports.clock.now, note: note)
    }
  }

  /// The phases that have ended, in order.
  func phaseRecords() async throws(DRError) -> [PhaseRecord] {
    var records: [PhaseRecord] = []
    for phase in Phase.allCases {
      if let record: PhaseRecord = try await durable.recall("phase.\(phase.rawValue)") {
        records.append(record)
      }
    }
    return records
  }
}

/// The description of drkit's snapshots in the engine.
enum SnapshotName {
  static func text(run: RunID, key: DestinationKey) -> String { "drkit run \(run) \(key)" }

  /// The run that a description names, if it is one of `key`'s.
  static func run(in description: String, key: DestinationKey) -> RunID? {
    guard let owner = owner(in: description), owner.key == key.description else { return nil }
    return owner.run
  }

  /// The run that a description names, and the text of its key, whatever that is.
  static func owner(in description: String) -> (run: RunID, key: String)? {
    let words = description.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
    guard words.count == 4, words[0] == "drkit", words[1] == "run", let run = RunID(words[2]) else {
      return nil
    }
    return (run, String(words[3]))
  }

  /// Whether a sentence of the engine's names a snapshot of drkit's, of whichever run.
  static func isNamed(in text: String) -> Bool {
    text.ranges(of: "drkit run ").contains { RunID(text[$0.upperBound...].prefix(36)) != nil }
  }
}
