import DRKit
import OrderedCollections

/// How a site comes to be: volumes, a storage domain in vdsm's layout, machines with one disk each.
extension SimulatedWorld {
  /// The two hosts that guests run on.
  static let hosts = [HostID(high: 0x1057, low: 1), HostID(high: 0x1057, low: 2)]
  /// How drkit's snapshots are called.
  static let ourSnapshots = "drkit run "

  static func makeSession(_ plan: WorldPlan, seed: Seed) -> SessionModel {
    func volume(_ described: WorldPlan.Volume, node: String, isPrimary: Bool) -> VolumeModel {
      let sets = (0..<described.subvolumes).map { set in
        (0..<described.replica).map { copy in
          let number = set * described.replica + copy + 1
          return BrickName(node: "\(node)\(number)", path: "/bricks/\(described.name)")
        }
      }
      return VolumeModel(
        name: described.name, subvolumes: sets, shardSize: described.shard, capacity: described.size,
        isPrimary: isPrimary)
    }
    return SessionModel(
      name: SessionName(
        primaryVolume: plan.primary.name, secondaryHost: "b1", secondaryVolume: plan.secondary.name),
      primary: volume(plan.primary, node: "a", isPrimary: true),
      secondary: volume(plan.secondary, node: "b", isPrimary: false),
      link: LinkModel(bandwidth: plan.bandwidth, latency: plan.latency), timings: plan.session, seed: seed)
  }

  func build() {
    let now = loop.now
    let pool: Identifier<DataCenterKind> = engine.dataCenter.id
    engine.add(
      EngineDomain(
        id: domain.id, name: domain.name, address: domain.address, path: "/\(domain.volume)",
        isMaster: false, available: plan.primary.size))
    session.primary.writeSmall(
      VDSMLayout.domainMetadataPath(domain.id), domainMetadata(pool: pool), at: now)
    for name in ["ids", "leases", "xleases"] {
      session.primary.writeSmall("\(domain.id)/dom_md/\(name)", [0], at: now)
    }
    addOVFStore(at: now)
    var index = 0
    for group in plan.machines {
      for _ in 0..<group.count {
        addMachine(index, group, at: now)
        index += 1
      }
    }
    writeOVFStore(at: now)
    used = session.primary.capacity - session.primary.space.available
    if plan.isSynced { session.declareSynced(at: now) } else { session.secondary.setReadOnly(true) }
  }

  private func addMachine(_ index: Int, _ group: WorldPlan.Machines, at now: Instant) {
    let disk: DiskID = engine.freshID()
    let volume: VolumeID = engine.freshID()
    let machine: VirtualMachineID = engine.freshID()
    let startsLater = plan.faults.contains { $0.kind == .guestStarts && ($0.machine ?? 1) == index + 1 }
    var record = EngineMachine(
      id: machine, name: "vm\(index + 1)", status: startsLater ? .down : .up,
      attachments: [EngineAttachment(disk: disk, isBootable: true)])
    record.host = Self.hosts[0]
    engine.add(record, now: now)
    machineIndex[machine] = index
    addDisk(disk, volume, "vm\(index + 1)_disk1", of: machine, group, at: now)
    if startsLater { guests[guests.count - 1].isUp = false }
    if let size = group.elsewhere { addDiskElsewhere(size, of: record, at: now) }
  }

  /// A disk on a storage domain that is none of drkit's.
  private func addDiskElsewhere(_ size: Int64, of machine: EngineMachine, at now: Instant) {
    if engine.domain(Self.elsewhere) == nil {
      engine.add(
        EngineDomain(
          id: Self.elsewhere, name: "elsewhere", address: "a9", path: "/elsewhere", isMaster: false,
          available: 1 << 50))
    }
    let disk = EngineDisk(
      id: engine.freshID(), alias: "\(machine.name)_elsewhere", domain: Self.elsewhere, provisionedSize: size,
      chain: [ChainVolume(id: engine.freshID(), format: .raw, created: now)])
    engine.add(disk)
    engine.attach(EngineAttachment(disk: disk.id), to: machine.id)
  }

  private static let elsewhere = StorageDomainID(high: 0xe15e, low: 1)

  /// A disk on the domain, with the guest that writes to it. Its machine has it attached, or gets it.
  /// - Parameter number: of the machine's disks, from 0.
  func addDisk(
    _ disk: DiskID, _ volume: VolumeID, _ alias: String, of machine: VirtualMachineID,
    _ group: WorldPlan.Machines, number: Int = 0, at now: Instant
  ) {
    let index = machineIndex[machine] ?? 0
    engine.add(
      EngineDisk(
        id: disk, alias: alias, domain: domain.id, provisionedSize: group.disk,
        chain: [ChainVolume(id: volume, format: group.format, created: now)]))
    let content = ContentID(nextWrite)
    nextWrite += 1
    let slot = session.primary.createImage(
      VDSMLayout.volumePath(domain.id, disk, volume), size: group.disk, filledWith: content)
    session.primary.writeSmall(VDSMLayout.leasePath(domain.id, disk, volume), [0], at: now)
    writeMetadata(of: disk, at: now)
    let shards = session.primary.shardCount(group.disk)
    guestOfDisk[disk] = guests.count
    guests.append(
      GuestDisk(
        disk: disk, machine: machine, machineIndex: index, size: group.disk, block: group.block,
        rate: group.rate,
        table: SkewTable(
          count: shards, skew: group.skew, seed: seed.child("hot places", index + 10_000 * number)),
        random: Randomness(seed.child("guest", index + 10_000 * number)),
        layers: [GuestLayer(volume: volume, slot: slot, contents: [], bytes: [], size: group.disk)],
        attached: now, lastTick: now, lastWrite: now))
  }

  /// Writes the `.meta` of every volume of a disk that does not say what the engine's model says.
  func writeMetadata(of disk: DiskID, at now: Instant) {
    for stored in engine.storedVolumes(of: disk) {
      let path = VDSMLayout.metadataPath(domain.id, disk, stored.volume)
      let bytes = Array(stored.metadata.render().utf8)
      if session.primary.read(path) == bytes { continue }
      session.primary.replaceSmall(path, bytes, at: now)
    }
  }

  private func domainMetadata(pool: Identifier<DataCenterKind>) -> [UInt8] {
    let lines = [
      "ALIGNMENT=1048576", "BLOCK_SIZE=512", "CLASS=Data", "DESCRIPTION=\(domain.name)", "POOL_UUID=\(pool)",
      "REMOTE_PATH=\(domain.address):/\(domain.volume)", "ROLE=Regular", "SDUUID=\(domain.id)",
      "TYPE=GLUSTERFS", "VERSION=5",
    ]
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  private func addOVFStore(at now: Instant) {
    for number in 1...2 {
      let disk: DiskID = engine.freshID()
      let volume: VolumeID = engine.freshID()
      engine.add(
        EngineDisk(
          id: disk, alias: "OVF_STORE \(number)", domain: domain.id, contentType: "ovf_store",
          provisionedSize: 128 << 20, chain: [ChainVolume(id: volume, format: .raw, created: now)]))
      ovfDisks.append((disk, volume))
      writeMetadata(of: disk, at: now)
    }
  }

  /// Both OVF_STORE disks get what the engine would write now.
  func writeOVFStore(at now: Instant) {
    let documents = engine.currentOVFStore(of: domain.id, now: now).documents
    let text = documents.map(\.text).joined(separator: "\n")
    for (disk, volume) in ovfDisks {
      session.primary.writeSmall(VDSMLayout.volumePath(domain.id, disk, volume), Array(text.utf8), at: now)
    }
  }
}
