import DRKit
import OrderedCollections

extension EngineModel {
  /// What must hold after every verb and report; a sentence for each violation, none when all is well.
  public func checkInvariants() -> [String] {
    var broken: [String] = []
    checkMachines(&broken)
    checkChains(&broken)
    checkWork(&broken)
    checkEvents(&broken)
    return broken
  }

  private func checkMachines(_ broken: inout [String]) {
    var seen: Set<SnapshotID> = []
    for machine in machines.values {
      let actives = machine.snapshots.filter { $0.kind == .active }.count
      if actives != 1 || machine.snapshots.last?.kind != .active {
        broken.append("machine \(machine.name) has \(actives) active entries, or not as its last")
      }
      for snapshot in machine.snapshots {
        if !seen.insert(snapshot.id).inserted {
          broken.append("snapshot id \(snapshot.id) stands twice")
        }
        if snapshot.status == .locked && machine.operation == nil {
          broken.append("snapshot \(snapshot.id) of \(machine.name) is locked and nobody works on it")
        }
      }
      if let operation = machine.operation, work[operation] == nil {
        broken.append("machine \(machine.name) is held by \(operation), which is over")
      }
      for attachment in machine.attachments where disks[attachment.disk] == nil {
        broken.append("machine \(machine.name) has disk \(attachment.disk), which does not exist")
      }
    }
  }

  private func checkChains(_ broken: inout [String]) {
    var seen: Set<VolumeID> = []
    var owners: [DiskID: Set<SnapshotID>] = [:]
    for machine in machines.values {
      for attachment in machine.attachments {
        owners[attachment.disk, default: []].formUnion(machine.snapshots.map(\.id))
      }
    }
    for disk in disks.values {
      if disk.storage == .image && disk.chain.isEmpty {
        broken.append("disk \(disk.alias) has no volume")
      }
      if let domain = disk.domain, domains[domain] == nil {
        broken.append("disk \(disk.alias) lies on domain \(domain), which does not exist")
      }
      let known = owners[disk.id] ?? []
      for (index, volume) in disk.chain.enumerated() {
        if !volume.isShared && !seen.insert(volume.id).inserted {
          broken.append("volume \(volume.id) stands twice")
        }
        if index > 0 && volume.format != .cow {
          broken.append("overlay \(volume.id) of \(disk.alias) is raw")
        }
        let isLeaf = index == disk.chain.count - 1
        if isLeaf && volume.snapshot != nil {
          broken.append("leaf \(volume.id) of \(disk.alias) belongs to a snapshot")
        }
        if let snapshot = volume.snapshot, !known.isEmpty, !known.contains(snapshot) {
          broken.append("volume \(volume.id) of \(disk.alias) belongs to snapshot \(snapshot), which is gone")
        }
        if !isLeaf && volume.snapshot == nil && !volume.isShared {
          broken.append("inner volume \(volume.id) of \(disk.alias) belongs to no snapshot")
        }
      }
    }
  }

  private func checkWork(_ broken: inout [String]) {
    var held: Set<DiskID> = []
    for (id, inHand) in work {
      for step in inHand.work.steps {
        guard let disk = disks[step.disk], !inHand.mergedDisks.contains(step.disk) else { continue }
        held.insert(step.disk)
        if disk.status != .locked {
          broken.append("disk \(disk.alias) is in \(id) and not locked")
        }
      }
      if let machine = inHand.work.machine, let record = machines[machine] {
        if record.operation != id { broken.append("\(id) works on \(record.name), which does not know it") }
        for snapshot in record.snapshots { held.formUnion(snapshot.memoryDisks) }
      }
    }
    for disk in disks.values where disk.status == .locked && !held.contains(disk.id) {
      broken.append("disk \(disk.alias) is locked and nobody works on it")
    }
  }

  private func checkEvents(_ broken: inout [String]) {
    var seen: Set<ExternalEventKey> = []
    var last = 0
    for event in events {
      if event.index <= last { broken.append("event index \(event.index) follows \(last)") }
      last = event.index
      guard event.customID >= 0 else { continue }
      if !seen.insert(ExternalEventKey(origin: event.origin, customID: event.customID)).inserted {
        broken.append("event \(event.origin)/\(event.customID) stands twice")
      }
    }
  }
}
