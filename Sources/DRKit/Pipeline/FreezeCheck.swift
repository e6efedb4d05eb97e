/// Whether the engine did, and keeps, what a snapshot asked for.
struct FreezeCheck {
  let engine: any VirtualizationManager

  /// `ok` for one disk only, or for another volume than we journalled, is not what was asked for.
  func verify(_ machine: MachinePlan, _ snapshot: SnapshotID) async throws(DRError) {
    let frozen = try await engine.frozenVolumes(of: snapshot, machine: machine.id)
    let disks = try await engine.disks(of: machine.id)
    for plan in machine.disks {
      let active = disks.first { $0.id == plan.disk }?.activeVolume
      guard let wrong = wrongBase(plan, frozen) ?? (active == plan.overlay ? nil : wrongTop(plan, active))
      else {
        continue
      }
      throw DRError(.disproved, "snapshot", "\(machine.name)/\(plan.alias)", reason: wrong)
    }
  }

  /// How a machine stood when its content had been proved.
  struct Stand: Hashable, Sendable, Codable {
    /// Why its bases did not stand still; nil if they did.
    var complaint: String?
    /// What else was noticed.
    var remarks: [String] = []
  }

  /// Equal on both sides is not enough: a base whose snapshot somebody removed in mid-run took later writes, and may have
  /// been compared in the middle of a merge. A snapshot that stands *after* the proof, whole, with each disk as it was
  /// frozen, stood all the while: but for a merge of one disk that began and failed, which leaves no trace at the engine. A
  /// guest that writes to another volume than our overlay harms nothing while the overlay is there, below it: a backup tool
  /// put its snapshot on ours.
  func stand(
    _ machine: MachinePlan, _ id: SnapshotID?, on domain: StorageDomainID
  ) async throws(DRError) -> Stand {
    do throws(DRError) {
      var snapshot: Snapshot?
      if let id { snapshot = try await engine.snapshot(id, of: machine.id) }
      guard let snapshot, snapshot.status == .ok, snapshot.isRegular else {
        return Stand(complaint: "its snapshot \(snapshot.map { "is \($0.status.rawValue)" } ?? "is gone")")
      }
      return try await stand(
        machine, try await engine.frozenVolumes(of: snapshot.id, machine: machine.id), on: domain)
    } catch {
      guard error.kind == .missing else { throw error }
      return Stand(complaint: "the machine, or its snapshot, was removed")
    }
  }

  private func stand(
    _ machine: MachinePlan, _ frozen: [DiskID: VolumeID], on domain: StorageDomainID
  ) async throws(DRError) -> Stand {
    let disks = try await engine.disks(of: machine.id)
    var stand = Stand()
    var volumes: [DiskVolume]?
    for plan in machine.disks {
      let active = disks.first { $0.id == plan.disk }?.activeVolume
      if active == plan.overlay && frozen[plan.disk] == plan.base { continue }
      if let wrong = wrongBase(plan, frozen) { return Stand(complaint: "\(plan.alias): \(wrong)") }
      if volumes == nil { volumes = try await engine.volumes(on: domain) }
      let overlay = volumes?.first { $0.disk == plan.disk && $0.volume == plan.overlay }
      guard overlay?.parent == plan.base else {
        return Stand(complaint: "\(plan.alias): \(wrongTop(plan, active))")
      }
      if let active {
        stand.remarks.append("\(plan.alias): a snapshot that is not drkit's stands on drkit's (\(active))")
      }
    }
    return stand
  }

  private func wrongBase(_ plan: DiskPlan, _ frozen: [DiskID: VolumeID]) -> String? {
    if frozen[plan.disk] == plan.base { return nil }
    return "frozen volume \(frozen[plan.disk].map(\.description) ?? "none"), expected \(plan.base)"
  }

  private func wrongTop(_ plan: DiskPlan, _ active: VolumeID?) -> String {
    "the guest writes to \(active.map(\.description) ?? "none"), expected \(plan.overlay)"
  }
}
