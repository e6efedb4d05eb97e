/// What the cut consists of: the machines whose snapshots are `ok`, and when.
struct Quiesced: Sendable, Codable, Hashable {
  var machines: [MachinePlan]
  var notInPoint: [String]
  var leftOut: [String]
  /// The earliest request: the point is as old as this.
  var instant: Instant
  /// The last snapshot was seen `ok` before this.
  var settled: Instant
}

/// Chooses overlay ids, journals them, then snapshots the machines.
struct QuiescePhase {
  let context: RunContext

  init(_ context: RunContext) { self.context = context }

  static let planStep = "quiesce.plan"
  static let snapshotStep = "quiesce.snapshot"
  static let requestedStep = "quiesce.requested"

  func run() async throws(DRError) -> Quiesced {
    try await context.phase(.quiesce) { () async throws(DRError) in
      let quiesced: Quiesced
      if let known: Quiesced = try await context.durable.recall("quiesce.cut") {
        quiesced = known
      } else {
        quiesced = try await freezeAll()
        // Decided once: a resumption must not take in a machine that was left out.
        try await context.durable.remember(quiesced, "quiesce.cut")
      }
      let disks = quiesced.machines.reduce(0) { $0 + $1.disks.count }
      return (quiesced, note: "\(quiesced.machines.count) machine(s), \(disks) disk(s) frozen")
    }
  }

  private func freezeAll() async throws(DRError) -> Quiesced {
    let plan = try await plan()
    let began = try await context.durable.once("quiesce.began") { () async throws(DRError) in
      context.ports.clock.now
    }
    let results = try await context.durable.each(
      plan.machines, limit: context.policy.concurrency,
      stopsAtFailure: context.policy.onSnapshotFailure == .abort
    ) { (machine) async throws(DRError) in try await freeze(machine, began) }
    var frozen: [MachinePlan] = []
    var instant: Instant?
    var leftOut: [String] = []
    for (machine, result) in zip(plan.machines, results) {
      switch result {
      case .success(let requested):
        frozen.append(machine)
        instant = min(instant ?? requested, requested)
      case .failure(let error):
        guard context.policy.onSnapshotFailure == .leaveOut else { throw error }
        leftOut.append("\(machine.name): its snapshot failed: \(error.reason)")
        context.note(.quiesce, "\(machine.name) is left out: \(error)")
      }
    }
    if frozen.isEmpty && !plan.machines.isEmpty {
      throw DRError(.refused, "quiesce", context.target.domain, reason: "no machine could be snapshotted")
    }
    return Quiesced(
      machines: frozen, notInPoint: plan.notInPoint, leftOut: leftOut, instant: instant ?? began,
      settled: context.ports.clock.now)
  }

  private func plan() async throws(DRError) -> QuiescePlan {
    let domain = try await context.domain()
    return try await context.durable.once(Self.planStep) { () async throws(DRError) in
      // Before the look: what happens in between is told, rather than missed.
      let newest = try await EventLog(context: context).position()
      var plan = try await Inventory(engine: context.ports.engine).plan(run: context.run, domain: domain.id)
      plan.newestEvent = newest
      return plan
    }
  }

  /// Snapshots one machine and proves that the engine did what was asked. Returns the instant of the request.
  /// - Parameter began: before any request of this run.
  private func freeze(_ machine: MachinePlan, _ began: Instant) async throws(DRError) -> Instant {
    let engine = context.ports.engine
    let durable = context.durable
    let item = machine.id.description
    let description = context.snapshotDescription
    let requested = try await durable.once(Self.requestedStep, item) { () async throws(DRError) in
      // A record that the disk lost: the request came before it, and a point must not be younger than its images.
      if context.isResumed,
        try await engine.snapshots(of: machine.id).contains(where: { $0.description == description })
      {
        return began
      }
      return context.ports.clock.now
    }
    let snapshot = try await durable.once(Self.snapshotStep, item) { () async throws(DRError) in
      // An earlier request whose answer was lost has taken place if the snapshot is there.
      if let mine = try await engine.snapshots(of: machine.id).first(where: { $0.description == description })
      {
        return mine.id
      }
      return try await engine.createSnapshot(
        of: machine.id, description: description,
        overlays: machine.disks.map { OverlayRequest(disk: $0.disk, overlay: $0.overlay) })
    }
    let waiting = Waiting(.quiesce, "\(machine.name)'s snapshot to be ok")
    _ = try await durable.poll(
      "quiesce.ok", item, waiting, within: context.policy.snapshotLimit,
      every: context.policy.snapshotInterval
    ) { () async throws(DRError) -> Bool? in
      // A create that failed gives the id back to the active entry (`revertToActiveSnapshot`): that is gone, too.
      guard let now = try await engine.snapshot(snapshot, of: machine.id), now.isRegular else {
        throw DRError(
          .refused, "snapshot", machine.name, reason: "the engine gave the snapshot up: it vanished",
          remedy: "look at the engine's events for this machine")
      }
      return now.status == .ok ? true : nil
    }
    try await durable.once("quiesce.verified", item) { () async throws(DRError) in
      try await FreezeCheck(engine: engine).verify(machine, snapshot)
    }
    return requested
  }
}

/// What the engine says is on a domain.
struct Inventory {
  let engine: any VirtualizationManager

  func plan(run: RunID, domain: StorageDomainID) async throws(DRError) -> QuiescePlan {
    QuiescePlan.make(run: run, domain: domain, inventory: try await look(at: domain))
  }

  func look(at domain: StorageDomainID) async throws(DRError) -> [(VirtualMachine, [AttachedDisk])] {
    var inventory: [(VirtualMachine, [AttachedDisk])] = []
    for machine in try await engine.machines(on: domain) {
      inventory.append((machine, try await engine.disks(of: machine.id)))
    }
    return inventory
  }
}
