/// One disk to be frozen: its base stands still once the guest writes to the overlay.
public struct DiskPlan: Hashable, Sendable, Codable {
  public var disk: DiskID
  public var alias: String
  public var base: VolumeID
  public var overlay: VolumeID

  public init(disk: DiskID, alias: String, base: VolumeID, overlay: VolumeID) {
    self.disk = disk
    self.alias = alias
    self.base = base
    self.overlay = overlay
  }
}

public struct MachinePlan: Hashable, Sendable, Codable {
  public var id: VirtualMachineID
  public var name: String
  public var disks: [DiskPlan]

  public init(id: VirtualMachineID, name: String, disks: [DiskPlan]) {
    self.id = id
    self.name = name
    self.disks = disks
  }
}

/// Who is snapshotted and with which overlay ids: journalled before the first request, never changed after.
public struct QuiescePlan: Hashable, Sendable, Codable {
  public var machines: [MachinePlan]
  /// What is on the domain and will not be in the point, each with its reason.
  public var notInPoint: [String]
  /// Every machine with disks on the domain, as it was when the plan was made. Nil in plans of older versions.
  public var seen: [SeenMachine]?
  /// The newest event in the engine's log before all that: what has a greater index happened in mid-run. Nil in plans of
  /// older versions, and where the engine did not say.
  public var newestEvent: Int64?

  public init(machines: [MachinePlan], notInPoint: [String]) {
    self.machines = machines
    self.notInPoint = notInPoint
  }

  /// Sorts what the engine says into what can be frozen and what can't.
  public static func make(
    run: RunID, domain: StorageDomainID, inventory: [(VirtualMachine, [AttachedDisk])]
  ) -> QuiescePlan {
    var plan = QuiescePlan(machines: [], notInPoint: [])
    plan.seen = MidRunWatch.seen(inventory)
    for (machine, disks) in inventory.sorted(by: { $0.0.id < $1.0.id }) {
      guard !machine.isHostedEngine else {
        plan.notInPoint.append(
          "\(machine.name): the engine's own machine can't be snapshotted; its image arrives torn")
        continue
      }
      guard machine.status.mayWrite else {
        plan.notInPoint.append(
          "\(machine.name): not running (\(machine.status.rawValue)); carried as it is, not proved")
        continue
      }
      var chosen: [DiskPlan] = []
      for disk in disks.sorted(by: { $0.id < $1.id }) {
        guard disk.storage != .image || disk.domains.contains(domain) else {
          plan.notInPoint.append(
            "\(machine.name)/\(disk.alias): on another storage domain, not cut together with this one")
          continue
        }
        if let reason = unfreezable(disk) {
          plan.notInPoint.append("\(machine.name)/\(disk.alias): \(reason)")
        } else if let base = disk.activeVolume {
          let overlay = Derived.overlay(run: run, disk: disk.id, attempt: 1)
          chosen.append(DiskPlan(disk: disk.id, alias: disk.alias, base: base, overlay: overlay))
        }
      }
      if !chosen.isEmpty {
        plan.machines.append(MachinePlan(id: machine.id, name: machine.name, disks: chosen))
      }
    }
    return plan
  }

  /// Why the engine would not snapshot the disk (`CreateSnapshotForVmCommand`), or nil.
  private static func unfreezable(_ disk: AttachedDisk) -> String? {
    if disk.storage != .image { return "a \(disk.storage.rawValue) disk is not on the volume" }
    if disk.isShareable { return "a shareable disk can't be snapshotted; it arrives torn" }
    if disk.isReadOnly { return "read-only; carried as it is" }
    if !disk.isActive { return "not plugged; carried as it is" }
    if disk.contentType != "data" { return "holds \(disk.contentType), not a guest's data" }
    if disk.activeVolume == nil { return "the engine names no volume of it" }
    return nil
  }
}
