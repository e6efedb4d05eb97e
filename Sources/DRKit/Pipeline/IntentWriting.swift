/// Says at the secondary what is about to happen to it, before a pass's `start`. The session is stopped there, so nobody else
/// writes; the read-only flag is off for just this file.
struct IntentWriting: Sendable {
  let context: RunContext
  let phase: Phase

  /// The step that holds the intent: decided once, then written.
  static func step(_ phase: Phase) -> String { "\(phase.rawValue).intent" }

  /// - Parameter quiesced: nil for a pass without snapshots.
  func run(_ quiesced: Quiesced?) async throws(DRError) {
    let intent: Intent
    if let known: Intent = try await context.durable.recall(Self.step(phase)) {
      intent = known
    } else {
      intent = try await compose(quiesced)
      try await context.durable.remember(intent, Self.step(phase))
    }
    let bytes = try JournalCoding.encode(intent, for: "intent")
    let path = try await context.layout().intent(context.run)
    let gate = SecondaryGate(context: context, phase: phase)
    let written = "\(Self.step(phase)).written"
    if try await context.durable.recall(written, as: Bool.self) == nil {
      try await rest()
      try await gate.open()
    }
    try await context.durable.once(written) { () async throws(DRError) in
      try await gate.proveStopped()
      try await withView(of: try await context.ports.secondary.view()) { (view) async throws(DRError) in
        try await view.replace(path, with: bytes)
      }
    }
    try await gate.close()
  }

  /// A status row that is missing may be a lie of the moment: it is waited for. A worker that shows is not: the gate refuses.
  private func rest() async throws(DRError) {
    let georep = context.ports.georep
    let subvolumes = try await context.geometry().subvolumes
    _ = try await context.durable.watch(
      "\(Self.step(phase)).rest", "", Waiting(phase, "every subvolume's status row"),
      within: context.policy.stopLimit, every: context.policy.statusInterval
    ) { () async throws(DRError) -> Bool? in
      let rows = try await georep.status()
      let isComplete = subvolumes.allSatisfy { bricks in rows.contains { bricks.contains($0.brick) } }
      return isComplete ? true : nil
    }
  }

  private func compose(_ quiesced: Quiesced?) async throws(DRError) -> Intent {
    let domain = try await context.domain()
    let records = try await context.durable.retrying { () async throws(DRError) in
      try await withView(of: try await context.ports.secondary.view()) { (view) async throws(DRError) in
        try await PointRecords.read(view, domain.id)
      }
    }
    let others = records.intents.filter { $0.run != context.run }
    let plan: QuiescePlan? = quiesced == nil ? nil : try await context.durable.recall(QuiescePhase.planStep)
    var frozen: [Intent.FrozenMachine] = []
    for machine in quiesced?.machines ?? [] {
      let requested: Instant? = try await context.durable.recall(
        QuiescePhase.requestedStep, machine.id.description)
      guard let requested else { continue }
      frozen.append(Intent.FrozenMachine(machine: machine.id, requested: requested))
    }
    let (pools, metadata) = try await primary(domain.id, quiesced)
    return Intent(
      run: context.run, key: context.target.key, domain: domain, session: context.ports.georep.session,
      sequence: (others.map(\.sequence).max() ?? 0) + 1, seen: records.runs.filter { $0 != context.run },
      written: context.ports.clock.now, pass: phase.rawValue, pools: pools,
      subvolumes: try await context.geometry().subvolumes.count, plan: plan, frozen: frozen,
      instant: quiesced?.instant, metadata: metadata,
      predecessor: records.newestManifest.map {
        Intent.Predecessor(run: $0.point.run, instant: $0.point.instant, sealed: $0.point.sealed)
      })
  }

  /// Whose the domain is, and every `.meta` that the point will stand on: one that arrives empty can be written again.
  private func primary(
    _ domain: StorageDomainID, _ quiesced: Quiesced?
  ) async throws(DRError) -> ([String], [Intent.RecordedMetadata]) {
    let layout = DomainLayout(domain)
    let pools = try await look { (view) async throws(DRError) in
      try await view.read(layout.metadata).flatMap(DomainMetadata.pools) ?? []
    }
    var recorded: [Intent.RecordedMetadata] = []
    for plan in quiesced?.machines.flatMap(\.disks) ?? [] {
      recorded += try await look { (view) async throws(DRError) in
        let metadata = try await ImageRepair(view: view, layout: layout).metadata(of: plan.disk)
        return try Self.recorded(plan, metadata)
      }
    }
    return (pools, recorded)
  }

  /// A fresh look at the primary, again if it fails for a moment.
  private func look<T: Sendable>(
    _ body: (any VolumeView) async throws(DRError) -> T
  ) async throws(DRError) -> T {
    try await context.durable.retrying { () async throws(DRError) in
      try await withView(of: try await context.ports.primary.view(), body)
    }
  }

  private static func recorded(
    _ plan: DiskPlan, _ metadata: [VolumeID: VolumeMetadata]
  ) throws(DRError) -> [Intent.RecordedMetadata] {
    var recorded: [Intent.RecordedMetadata] = []
    for volume in try OverlayRemoval.chain(of: plan.disk, from: plan.base, metadata: metadata) {
      guard let meta = metadata[volume] else { continue }
      let role = volume == plan.base && meta.role == .internal ? VolumeMetadata.Role.leaf : meta.role
      let bytes = meta.bytes(as: role)
      let text = String(decoding: bytes, as: UTF8.self)
      // A description may hold anything; what is no text can't be kept as text.
      guard Array(text.utf8) == bytes else { continue }
      recorded.append(Intent.RecordedMetadata(disk: plan.disk, volume: volume, text: text))
    }
    return recorded
  }
}
