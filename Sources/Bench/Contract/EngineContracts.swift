import DRKit

/// What the engine says without being asked to change anything, and its events.
extension ContractSuite {
  func inventory(_ book: inout ContractBook) async throws(DRError) {
    let engine = ports.engine
    let found = try await engine.storageDomain(domain)
    let byID = try await engine.storageDomain(found.id.description)
    book.judge(
      .domainByNameOrID, found == byID && (found.name == domain || found.id.description == domain),
      "\(found.name), \(found.id), volume \(found.volume)")
    var strangers: [String] = []
    for name in ["drkit has no such domain", RunID.derived(from: id, name: "no domain").description] {
      strangers.append(kind(await error { () async throws(DRError) in try await engine.storageDomain(name) }))
    }
    book.judge(
      .unknownDomain, strangers == ["missing", "missing"],
      "by name \(strangers[0]), by id \(strangers[1])")
    try await machines(on: found, &book)
    try await unknown(&book)
    for _ in 0..<2 {
      try await again { () async throws(DRError) in try await engine.updateOVFStore(of: found.id) }
    }
    book.judge(.ovfStoreUpdated, true, "twice")
    let event = EngineEvent(
      customID: Derived.eventID(run: id, event: "contract"), severity: .normal,
      description: "drkit contract \(id): an event", storageDomain: found.id, externalStatus: nil)
    try await engine.post(event)
    let again = await error { () async throws(DRError) in try await engine.post(event) }
    book.judge(.eventTwice, again == nil, "the second: \(kind(again)), number \(event.customID)")
  }

  private func machines(on found: StorageDomain, _ book: inout ContractBook) async throws(DRError) {
    let engine = ports.engine
    let machines = try await engine.machines(on: found.id)
    let volumes = try await engine.volumes(on: found.id)
    var wrong: [String] = []
    var active: [VolumeID] = []
    for machine in machines {
      let disks = try await engine.disks(of: machine.id).filter { $0.domains.contains(found.id) }
      let itself = try await engine.machine(machine.id)
      if disks.isEmpty || itself?.id != machine.id || itself?.name != machine.name {
        wrong.append(machine.name)
      }
      active += disks.filter { $0.storage == .image }.compactMap(\.activeVolume)
    }
    book.judge(
      .machinesOfTheDomain, !machines.isEmpty && wrong.isEmpty,
      wrong.isEmpty ? "\(machines.count) machine(s)" : "not so: \(wrong.joined(separator: ", "))")
    // A shareable disk is attached more than once, and listed once.
    let unlisted = Set(active).filter { volume in volumes.count { $0.volume == volume } != 1 }
    book.judge(
      .activeVolumesListed, !active.isEmpty && unlisted.isEmpty,
      "\(Set(active).count) active, \(volumes.count) in all, \(unlisted.count) of the active not listed once")
    guard let machine = machines.first else { return }
    let text = try await engine.ovf(of: machine.id)
    book.judge(
      .configuration,
      text.contains("Envelope") && (text.contains(machine.name) || text.contains("\(machine.id)")),
      "\(text.utf8.count) bytes for \(machine.name)")
  }

  /// - Parameter newest: the newest event before the snapshot was asked for.
  func log(
    of taken: ContractSnapshot, after newest: Int64, _ book: inout ContractBook
  ) async throws(DRError) {
    let engine = ports.engine
    let description = "drkit contract \(id)"
    func ours() async throws(DRError) -> [MachineEvent] {
      try await engine.machineEvents(after: newest).filter {
        $0.machine == taken.machine.id && $0.text.contains(description)
      }
    }
    // The snapshot is gone a moment before the engine says so.
    try await wait(for: "the log to tell of the removal", within: .minutes(1)) {
      () async throws(DRError) -> Bool? in
      try await ours().contains { $0.kind == .snapshotRemoved } ? true : nil
    }
    let events = try await ours()
    let indices = events.map(\.index)
    book.judge(
      .snapshotInLog,
      events.map(\.kind) == [.snapshotTaken, .snapshotRemoved] && indices == indices.sorted()
        && indices.allSatisfy { $0 > newest },
      events.map { "\($0.index) \($0.kind.rawValue)" }.joined(separator: ", ") + " after \(newest)")
    let last = try await engine.newestEvent()
    let later = try await engine.machineEvents(after: last)
    let lost = await error { () async throws(DRError) in
      try await engine.machineEvents(after: last + 1_000_000)
    }
    book.judge(
      .logLost, lost?.kind == .missing && later.allSatisfy { $0.index > last },
      "after a million more: \(kind(lost)); after \(last): \(later.count)")
  }

  private func unknown(_ book: inout ContractBook) async throws(DRError) {
    let engine = ports.engine
    let nobody = VirtualMachineID.derived(from: id, name: "no machine")
    let nothing = SnapshotID.derived(from: id, name: "no snapshot")
    let itself = try await engine.machine(nobody)
    let kinds = [
      kind(await error { () async throws(DRError) in try await engine.disks(of: nobody) }),
      kind(await error { () async throws(DRError) in try await engine.snapshots(of: nobody) }),
      kind(await error { () async throws(DRError) in try await engine.ovf(of: nobody) }),
    ]
    book.judge(
      .unknownMachine, itself == nil && kinds.allSatisfy { $0 == "missing" },
      "\(itself == nil ? "nil" : "a machine"); disks \(kinds[0]), snapshots \(kinds[1]), configuration \(kinds[2])"
    )
    let found = try await engine.storageDomain(domain)
    guard let machine = try await engine.machines(on: found.id).first else { return }
    let snapshot = try await engine.snapshot(nothing, of: machine.id)
    let removal = await error { () async throws(DRError) in
      try await engine.removeSnapshot(nothing, of: machine.id)
    }
    book.judge(
      .unknownSnapshot, snapshot == nil && removal?.kind == .missing,
      "\(snapshot == nil ? "nil" : "a snapshot"), its removal \(kind(removal))")
  }
}
