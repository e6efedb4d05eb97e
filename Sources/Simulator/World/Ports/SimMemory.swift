import DRKit

/// What survives the death of the process under test: its journal and its catalogue, in memory.
public final class SimStore: @unchecked Sendable {
  public internal(set) var journal: [StepKey: [UInt8]] = [:]
  /// In the order of their first record.
  public internal(set) var runs: [RunRecord] = []
  /// In the order in which they were saved.
  public internal(set) var points: [RecoveryPoint] = []
  var leases: [DestinationKey: Lease] = [:]
  /// Destinations that failed their proof and are not repaired.
  public internal(set) var divergences: [DestinationKey: Divergence] = [:]
  /// What was set among the rsync options of a destination's session.
  public internal(set) var rsyncLimits: [DestinationKey: RsyncLimit] = [:]
  /// The step recorded last.
  private var lastStep: StepKey?

  struct Lease {
    var owner: RunID
    var expiry: Instant
  }

  public init() {}

  func record(_ value: [UInt8], for key: StepKey) {
    if journal[key] == nil { lastStep = key }
    journal[key] = value
  }

  /// By their beginnings, as the database sorts them: equal ones by id, larger first.
  var newestFirst: [RunRecord] { runs.sorted { ($0.began, $0.id) > ($1.began, $1.id) } }

  /// What a disk that acknowledges too early does, and what is left of a torn record, which SQLite's checksums drop.
  func loseLastRecord() -> StepKey? {
    guard let step = lastStep else { return nil }
    journal[step] = nil
    lastStep = nil
    return step
  }
}

struct SimJournal: Journal {
  let caller: PortCaller
  let store: SimStore

  init(_ world: SimulatedWorld, _ who: Incarnation, _ store: SimStore) {
    caller = PortCaller(world: world, who: who, port: .journal)
    self.store = store
  }

  func value(for key: StepKey) async throws(DRError) -> [UInt8]? {
    let store = store
    return try await caller.call("read the journal", PortLatency.local) { (_, _) throws(DRError) in
      store.journal[key]
    }
  }

  func record(_ value: [UInt8], for key: StepKey) async throws(DRError) {
    let store = store
    try await caller.call("write the journal", PortLatency.local) { (_, _) throws(DRError) in
      if let known = store.journal[key], known != value {
        throw DRError(
          .refused, "write the journal", "\(key.step) \(key.item)", reason: "another value is recorded")
      }
      store.record(value, for: key)
    }
  }
}

struct SimCatalogue: Catalogue {
  let caller: PortCaller
  let store: SimStore

  init(_ world: SimulatedWorld, _ who: Incarnation, _ store: SimStore) {
    caller = PortCaller(world: world, who: who, port: .catalogue)
    self.store = store
  }

  private func call<T>(
    _ operation: String, _ body: @escaping (SimStore, SimulatedWorld, Instant) throws(DRError) -> T
  ) async throws(DRError) -> T {
    let store = store
    return try await caller.call(operation, PortLatency.local) { (world, now) throws(DRError) in
      try body(store, world, now)
    }
  }

  func takeLease(
    _ key: DestinationKey, owner: RunID, now: Instant, until expiry: Instant
  ) async throws(DRError) {
    try await call("take the lease") { (store, _, _) throws(DRError) in
      if let held = store.leases[key], held.owner != owner, held.expiry > now {
        throw DRError(.busy, "take the lease", "\(key)", reason: "held by run \(held.owner)")
      }
      store.leases[key] = SimStore.Lease(owner: owner, expiry: expiry)
    }
  }

  func releaseLease(_ key: DestinationKey, owner: RunID) async throws(DRError) {
    try await call("release the lease") { (store, _, _) throws(DRError) in
      if store.leases[key]?.owner == owner { store.leases[key] = nil }
    }
  }

  func save(_ run: RunRecord) async throws(DRError) {
    try await call("save a run") { (store, world, now) throws(DRError) in
      if let index = store.runs.firstIndex(where: { $0.id == run.id }) {
        store.runs[index] = run
      } else {
        store.runs.append(run)
      }
      let isReadOnly = world.session.secondary.isReadOnly
      if run.outcome == .running {
        world.oracle.runBegan(run.id, secondaryIsReadOnly: isReadOnly, at: now)
      } else {
        world.oracle.runEnded(run, engine: world.engine, secondaryIsReadOnly: isReadOnly, at: now)
        world.judgeAlert(
          of: run, points: store.points, isDiverged: store.divergences[run.key] != nil, at: now)
      }
    }
  }

  func unfinishedRun(_ key: DestinationKey) async throws(DRError) -> RunRecord? {
    try await call("find an unfinished run") { (store, _, _) throws(DRError) in
      store.newestFirst.first { $0.key == key && $0.outcome == .running }
    }
  }

  func run(_ id: RunID) async throws(DRError) -> RunRecord? {
    try await call("find a run") { (store, _, _) throws(DRError) in store.runs.first { $0.id == id } }
  }

  func runs(_ key: DestinationKey?, limit: Int) async throws(DRError) -> [RunRecord] {
    try await call("list runs") { (store, _, _) throws(DRError) in
      Array(store.newestFirst.filter { key == nil || $0.key == key }.prefix(max(0, limit)))
    }
  }

  func save(_ point: RecoveryPoint) async throws(DRError) {
    try await call("save a recovery point") { (store, world, now) throws(DRError) in
      if store.points.contains(where: { $0.run == point.run }) { return }
      store.points.append(point)
      world.judge(point, at: now)
    }
  }

  func point(of run: RunID) async throws(DRError) -> RecoveryPoint? {
    try await call("find a run's point") { (store, _, _) throws(DRError) in
      store.points.first { $0.run == run }
    }
  }

  func newestPoint(_ key: DestinationKey) async throws(DRError) -> RecoveryPoint? {
    try await call("find the newest point") { (store, _, _) throws(DRError) in
      store.points.filter { $0.key == key }
        .max { ($0.instant, $0.sealed, $0.run) < ($1.instant, $1.sealed, $1.run) }
    }
  }

  func divergence(of key: DestinationKey) async throws(DRError) -> Divergence? {
    try await call("find a divergence") { (store, _, _) throws(DRError) in store.divergences[key] }
  }

  func save(_ divergence: Divergence) async throws(DRError) {
    try await call("mark a destination as diverged") { (store, world, now) throws(DRError) in
      store.divergences[divergence.key] = divergence
      world.timeline.add(now, .run, "the destination is \(divergence)")
    }
  }

  func clearDivergence(of key: DestinationKey) async throws(DRError) {
    try await call("clear a divergence") { (store, world, now) throws(DRError) in
      guard store.divergences.removeValue(forKey: key) != nil else { return }
      world.timeline.add(now, .run, "the destination is no longer diverged")
    }
  }

  func rsyncLimit(of key: DestinationKey) async throws(DRError) -> RsyncLimit? {
    try await call("find a bandwidth limit") { (store, _, _) throws(DRError) in store.rsyncLimits[key] }
  }

  func save(_ limit: RsyncLimit) async throws(DRError) {
    try await call("remember a bandwidth limit") { (store, _, _) throws(DRError) in
      store.rsyncLimits[limit.key] = limit
    }
  }

  func clearRsyncLimit(of key: DestinationKey) async throws(DRError) {
    try await call("forget a bandwidth limit") { (store, _, _) throws(DRError) in
      store.rsyncLimits[key] = nil
    }
  }
}

extension SimulatedWorld {
  /// A point was declared sealed: the oracle says whether it is.
  func judge(_ point: RecoveryPoint, at now: Instant) {
    let known = oracle.violations.count
    let disks = guests.map { guest in
      Oracle.KnownDisk(
        machine: guest.machine, name: engine.machine(guest.machine)?.name ?? "", disk: guest.disk,
        isWritten: guest.rate > 0, attached: guest.attached)
    }
    let split = engine.allMachines.filter { machine in
      machine.attachments.contains { engine.disk($0.disk)?.domain != domain.id }
    }
    oracle.grades(of: point, disks: disks, split: Set(split.map(\.id)), at: now)
    oracle.sealed(point, domain: domain.id, disks: disks, secondary: &session.secondary, at: now)
    timeline.add(now, .seal, "point of run \(point.run), \(point.images.count) image(s)")
    for violation in oracle.violations[known...] { timeline.add(now, .law, violation.description) }
  }
}
