import DRKit
import Synchronization

/// A journal in memory that outlives a simulated death, and holds the caller to the contract: a value never changes.
final class FakeJournal: Journal {
  private let state = Mutex<[StepKey: [UInt8]]>([:])
  private let tripwire: Tripwire

  init(tripwire: Tripwire = Tripwire()) { self.tripwire = tripwire }

  var steps: [String] { state.withLock { $0.keys.map { "\($0.step) \($0.item)" }.sorted() } }

  /// What is recorded for steps whose name ends so, as text.
  func values(ofStepsEnding suffix: String) -> [String: String] {
    state.withLock { state in
      var found: [String: String] = [:]
      for (key, value) in state where key.step.hasSuffix(suffix) {
        found["\(key.run) \(key.step) \(key.item)"] = String(decoding: value, as: UTF8.self)
      }
      return found
    }
  }

  /// A record that is damaged, or written by another version.
  func plant(_ text: String, for key: StepKey) { state.withLock { $0[key] = Array(text.utf8) } }

  func value(for key: StepKey) async throws(DRError) -> [UInt8]? {
    try tripwire.call("journal.value") { () throws(DRError) in state.withLock { $0[key] } }
  }

  func record(_ value: [UInt8], for key: StepKey) async throws(DRError) {
    try tripwire.call("journal.record \(key.step)") { () throws(DRError) in
      let old = state.withLock { state -> [UInt8]? in
        defer { if state[key] == nil { state[key] = value } }
        return state[key]
      }
      guard old == nil || old == value else {
        throw DRError(.refused, "record a step", "\(key.step) \(key.item)", reason: "it has another value")
      }
    }
  }
}

/// The history in memory.
final class FakeCatalogue: Catalogue {
  private struct State {
    var leases: [DestinationKey: (owner: RunID, expiry: Instant)] = [:]
    var runs: [RunRecord] = []
    var points: [RecoveryPoint] = []
    var divergences: [DestinationKey: Divergence] = [:]
    var limits: [DestinationKey: RsyncLimit] = [:]
  }

  private let state = Mutex(State())
  private let tripwire: Tripwire

  init(tripwire: Tripwire = Tripwire()) { self.tripwire = tripwire }

  var records: [RunRecord] { state.withLock { $0.runs } }
  var points: [RecoveryPoint] { state.withLock { $0.points } }
  var limit: RsyncLimit? { state.withLock { $0.limits[Sample.key] } }
  var divergence: Divergence? { state.withLock { $0.divergences[Sample.key] } }
  func holder(of key: DestinationKey) -> RunID? { state.withLock { $0.leases[key]?.owner } }

  /// The dead incarnation's lease has run out.
  func expireLeases() { state.withLock { $0.leases = [:] } }

  func takeLease(
    _ key: DestinationKey, owner: RunID, now: Instant, until expiry: Instant
  ) async throws(DRError) {
    try tripwire.call("catalogue.takeLease") { () throws(DRError) in
      let holder = state.withLock { state -> RunID? in
        if let lease = state.leases[key], lease.owner != owner, lease.expiry > now { return lease.owner }
        state.leases[key] = (owner, expiry)
        return nil
      }
      if let holder {
        throw DRError(.busy, "take the lease", key.description, reason: "run \(holder) holds it")
      }
    }
  }

  func releaseLease(_ key: DestinationKey, owner: RunID) async throws(DRError) {
    try tripwire.call("catalogue.releaseLease") { () throws(DRError) in
      state.withLock { if $0.leases[key]?.owner == owner { $0.leases[key] = nil } }
    }
  }

  func save(_ run: RunRecord) async throws(DRError) {
    try tripwire.call("catalogue.saveRun") { () throws(DRError) in
      state.withLock { state in
        state.runs.removeAll { $0.id == run.id }
        state.runs.append(run)
      }
    }
  }

  func unfinishedRun(_ key: DestinationKey) async throws(DRError) -> RunRecord? {
    try tripwire.call("catalogue.unfinishedRun") { () throws(DRError) in
      state.withLock { $0.runs.last { $0.key == key && $0.outcome == .running } }
    }
  }

  func run(_ id: RunID) async throws(DRError) -> RunRecord? {
    try tripwire.call("catalogue.run") { () throws(DRError) in
      state.withLock { $0.runs.first { $0.id == id } }
    }
  }

  func divergence(of key: DestinationKey) async throws(DRError) -> Divergence? {
    try tripwire.call("catalogue.divergence") { () throws(DRError) in state.withLock { $0.divergences[key] } }
  }

  func save(_ divergence: Divergence) async throws(DRError) {
    try tripwire.call("catalogue.saveDivergence") { () throws(DRError) in
      state.withLock { $0.divergences[divergence.key] = divergence }
    }
  }

  func clearDivergence(of key: DestinationKey) async throws(DRError) {
    try tripwire.call("catalogue.clearDivergence") { () throws(DRError) in
      state.withLock { $0.divergences[key] = nil }
    }
  }

  func rsyncLimit(of key: DestinationKey) async throws(DRError) -> RsyncLimit? {
    try tripwire.call("catalogue.rsyncLimit") { () throws(DRError) in state.withLock { $0.limits[key] } }
  }

  func save(_ limit: RsyncLimit) async throws(DRError) {
    try tripwire.call("catalogue.saveRsyncLimit") { () throws(DRError) in
      state.withLock { $0.limits[limit.key] = limit }
    }
  }

  func clearRsyncLimit(of key: DestinationKey) async throws(DRError) {
    try tripwire.call("catalogue.clearRsyncLimit") { () throws(DRError) in
      state.withLock { $0.limits[key] = nil }
    }
  }

  func runs(_ key: DestinationKey?, limit: Int) async throws(DRError) -> [RunRecord] {
    try tripwire.call("catalogue.runs") { () throws(DRError) in
      state.withLock { $0.runs.filter { key == nil || $0.key == key }.reversed().prefix(limit) + [] }
    }
  }

  func save(_ point: RecoveryPoint) async throws(DRError) {
    try tripwire.call("catalogue.savePoint") { () throws(DRError) in
      state.withLock { state in
        if !state.points.contains(where: { $0.run == point.run }) { state.points.append(point) }
      }
    }
  }

  func point(of run: RunID) async throws(DRError) -> RecoveryPoint? {
    try tripwire.call("catalogue.point") { () throws(DRError) in
      state.withLock { $0.points.first { $0.run == run } }
    }
  }

  func newestPoint(_ key: DestinationKey) async throws(DRError) -> RecoveryPoint? {
    try tripwire.call("catalogue.newestPoint") { () throws(DRError) in
      state.withLock { $0.points.filter { $0.key == key }.max { $0.instant < $1.instant } }
    }
  }
}

/// Keeps what a run told.
final class RecordingObserver: RunObserver {
  private let state = Mutex<[RunEvent]>([])
  var events: [RunEvent] { state.withLock { $0 } }

  /// The waits' reasons and the notes, in order.
  var texts: [String] {
    events.compactMap { event in
      switch event {
      case .waiting(_, let reason, _): reason
      case .noted(_, let text): text
      default: nil
      }
    }
  }

  func observe(_ event: RunEvent, at instant: Instant) { state.withLock { $0.append(event) } }
}
