import DRKit

/// A machine's snapshot, as a run makes and merges it.
struct ContractSnapshot: Sendable {
  let domain: StorageDomain
  let machine: VirtualMachine
  /// The one disk that is snapshotted.
  let disk: AttachedDisk
  let base: VolumeID
  let overlay: VolumeID
  let id: SnapshotID

  var basePath: String { DomainLayout(domain.id).volume(base, of: disk.id) }
}

extension ContractSuite {
  /// A running machine with an image on the domain; of several the one with the most disks.
  private func candidate(
    on found: StorageDomain
  ) async throws(DRError) -> (VirtualMachine, AttachedDisk, VolumeID) {
    var best: (VirtualMachine, AttachedDisk, VolumeID, Int)?
    for machine in try await ports.engine.machines(on: found.id) where machine.status == .up {
      let disks = try await ports.engine.disks(of: machine.id)
      let fit = disks.filter {
        $0.domains == [found.id] && $0.storage == .image && !$0.isShareable && $0.status == .ok
          && $0.contentType == "data"
      }
      guard let disk = fit.first, let volume = disk.activeVolume else { continue }
      if best.map({ disks.count > $0.3 }) ?? true { best = (machine, disk, volume, disks.count) }
    }
    guard let (machine, disk, volume, _) = best else {
      throw DRError(.unfit, "find a machine to snapshot", domain, reason: "none runs with an image there")
    }
    return (machine, disk, volume)
  }

  /// - Parameter attempt: of the overlay's id, from 1: a merged one stays taken.
  func takeSnapshot(
    _ attempt: Int, _ book: inout ContractBook
  ) async throws(DRError) -> ContractSnapshot {
    let engine = ports.engine
    let found = try await engine.storageDomain(domain)
    let (machine, disk, base) = try await candidate(on: found)
    let others = try await engine.disks(of: machine.id).filter { $0.id != disk.id }
    let overlay = Derived.overlay(run: id, disk: disk.id, attempt: attempt)
    let description = "drkit contract \(id)"
    let request = [OverlayRequest(disk: disk.id, overlay: overlay)]
    let snapshot = try await engine.createSnapshot(
      of: machine.id, description: description, overlays: request)
    // With the same overlay, so that there is no second one if the first is over already.
    let busy = await error { () async throws(DRError) in
      try await engine.createSnapshot(of: machine.id, description: description, overlays: request)
    }
    let first = try await engine.snapshot(snapshot, of: machine.id)
    let listed = try await engine.snapshots(of: machine.id).first { $0.id == snapshot }
    book.judge(
      .snapshotLockedFirst,
      first?.status == .locked && listed?.description == description && listed?.isRegular == true,
      "\(first.map { $0.status.rawValue } ?? "nil") at the first look, "
        + (listed?.description == description ? "listed" : "not listed as described"))
    book.judge(.busyMachine, busy?.kind == .transient, busy.map { "\($0)" } ?? "success")
    let taken = ContractSnapshot(
      domain: found, machine: machine, disk: disk, base: base, overlay: overlay, id: snapshot)
    try await wait(for: "the snapshot to be ok", within: .minutes(3)) { () async throws(DRError) -> Bool? in
      try await engine.snapshot(snapshot, of: machine.id)?.status == .ok ? true : nil
    }
    let active = try await engine.disks(of: machine.id).first { $0.id == disk.id }?.activeVolume
    let entry = try await engine.volumes(on: found.id).first { $0.volume == overlay }
    book.judge(
      .overlayID, active == overlay && entry?.parent == base && entry?.disk == disk.id,
      "asked for \(overlay), active \(active.map { "\($0)" } ?? "nil"), on \(entry?.parent.map { "\($0)" } ?? "nothing")"
    )
    let frozen = try await engine.frozenVolumes(of: snapshot, machine: machine.id)
    let still = try await engine.disks(of: machine.id).filter { $0.id != disk.id }
    book.judge(
      .onlyAskedDisks,
      frozen == [disk.id: base] && still.map(\.activeVolume) == others.map(\.activeVolume),
      "\(frozen.count) frozen volume(s); \(others.count) other disk(s) of \(machine.name) as before")
    let again = await error { () async throws(DRError) in
      try await engine.createSnapshot(of: machine.id, description: description, overlays: request)
    }
    book.judge(.overlayIDTaken, again?.kind == .refused, again.map { "\($0)" } ?? "success")
    return taken
  }

  func mergeSnapshot(_ taken: ContractSnapshot, _ book: inout ContractBook) async throws(DRError) {
    let engine = ports.engine
    func remove() async -> DRError? {
      await error { () async throws(DRError) in
        try await engine.removeSnapshot(taken.id, of: taken.machine.id)
      }
    }
    try await again { () async throws(DRError) in
      try await engine.removeSnapshot(taken.id, of: taken.machine.id)
    }
    let second = await remove()
    try await wait(for: "the merge", within: .minutes(10)) { () async throws(DRError) -> Bool? in
      try await engine.snapshot(taken.id, of: taken.machine.id) == nil ? true : nil
    }
    let third = await remove()
    book.judge(
      .removedTwice, [.transient, .missing].contains(second?.kind) && third?.kind == .missing,
      "on top: \(kind(second)), afterwards: \(kind(third))")
    let active = try await engine.disks(of: taken.machine.id).first { $0.id == taken.disk.id }?.activeVolume
    let left = try await engine.volumes(on: taken.domain.id).filter { $0.volume == taken.overlay }
    let names = try await engine.snapshots(of: taken.machine.id).filter { $0.id == taken.id }
    book.judge(
      .snapshotRemoved, active == taken.base && left.isEmpty && names.isEmpty,
      (active == taken.base ? "the frozen volume is active" : "active: \(active.map { "\($0)" } ?? "nil")")
        + ", the overlay is \(left.isEmpty ? "not listed" : "still listed")")
  }
}
