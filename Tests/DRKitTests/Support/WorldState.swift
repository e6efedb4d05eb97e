import DRKit

struct WorldSnapshot: Sendable {
  var snapshot: Snapshot
  var frozen: [DiskID: VolumeID]
  var overlays: [OverlayRequest]
  /// When what goes on with it (its making, its merge) ends.
  var due: Instant?
  var isMerging = false
}

struct WorldMachine: Sendable {
  var machine: VirtualMachine
  var disks: [AttachedDisk]
  var snapshots: [WorldSnapshot] = []
}

/// Dictionaries that behave, as far as one run can tell, like an engine, two volumes and a session between them.
struct WorldState: Sendable {
  let layout = DomainLayout(Sample.domain)

  // What a test may set before, or during, a run.
  var snapshotTime = TimeSpan.seconds(3)
  var mergeTime = TimeSpan.minutes(5)
  /// From `start` to the first Active row, and from there to the last byte.
  var crawlDelay = TimeSpan.seconds(6)
  var transferTime = TimeSpan.seconds(20)
  /// Machines whose next snapshot the engine gives up.
  var vanishing: Set<VirtualMachineID> = []
  /// Merges that will fail, per machine.
  var mergeFailures: [VirtualMachineID: Int] = [:]
  /// Entries arrive and data does not; the checkpoint says Yes all the same.
  var losesData = false
  /// Files whose arriving content is wrong.
  var corrupting: Set<String> = []
  /// The session, its options, and how often it was deleted: a new one carries everything, so nothing is corrupted then.
  var sessionExists = true
  var settings = [SessionSetting("sync_jobs", "5"), SessionSetting("use_meta_volume", "false")]
  /// The options at each start.
  var optionsAtStarts: [[SessionSetting]] = []
  var deletions = 0
  /// What a session that is created has besides its two.
  var newOptions: [SessionSetting] = []
  var staysCorrupt = false
  /// Files of which one byte is wrong in what arrives, and which.
  var flipping: [String: Int] = [:]
  var secondaryLacksAgent = false
  /// Starts whose live crawl will stall.
  var stalls = 0
  var stopIsIgnored = false
  var isPaused = false
  /// A worker whose monitor died has the secondary mounted.
  var hasOrphan = false
  /// Bricks whose status rows the CLI does not give.
  var hiddenRows: Set<BrickName> = []
  /// The brick list.
  var shown = WorldState.subvolumes
  var shardSize: Int64? = 64 << 20
  var secondaryShardSize: Int64? = 64 << 20
  var secondaryIsStarted = true
  var secondaryIsReadOnly = true
  var mover = DataMover(version: "rsync  version 3.2.7  protocol version 31")
  var moverThere = DataMover(version: "rsync  version 3.2.7  protocol version 31")
  var domain = StorageDomain(
    id: Sample.domain, name: "data", address: "a1", volume: "data", storageType: "glusterfs")
  var space = (
    primary: VolumeSpace(total: 1 << 40, available: 1 << 39),
    secondary: VolumeSpace(total: 1 << 40, available: 1 << 39)
  )

  var machines: [WorldMachine] = []
  var primary: [String: [UInt8]] = [:]
  var secondary: [String: [UInt8]] = [:]
  var events: [EngineEvent] = []
  /// What the engine's log says of machines; it begins with something of long ago.
  private(set) var log = [
    MachineEvent(
      index: 41, kind: .stopped, machine: Sample.machine(1), at: Instant(epochSeconds: 1), text: "long ago")
  ]
  /// What the engine says to whoever reads its log.
  var logRefusal: DRError?

  // What happened.
  var violations: [String] = []
  var removedAtSecondary: [String] = []
  var openViews = 0
  var removals = 0

  // The session.
  private(set) var dirty: Set<String> = []
  private(set) var startedAt: Instant?
  private(set) var stoppedAt: Instant?
  private(set) var isStalled = false
  private(set) var starts = 0
  private var checkpoint: Instant?
  private var newestNonce: Instant?
  private var isComplete = false
  private var guestWrites = 0
  private var settled: Instant?

  var isRunning: Bool { startedAt != nil }

  mutating func write(_ path: String, _ bytes: [UInt8]?) {
    primary[path] = bytes
    dirty.insert(path)
  }

  mutating func writeNonce(_ path: String, _ bytes: [UInt8], _ now: Instant) {
    write(path, bytes)
    newestNonce = now
  }

  /// Everything that was due by `now`: guests write, snapshots and merges end, bytes arrive.
  mutating func settle(_ now: Instant) {
    guard settled != now else { return }
    settled = now
    for m in machines.indices {
      for s in machines[m].snapshots.indices.reversed() {
        guard let due = machines[m].snapshots[s].due, due <= now else { continue }
        machines[m].snapshots[s].due = nil
        if machines[m].snapshots[s].isMerging { endMerge(m, s) } else { endSnapshot(m, s) }
      }
      for disk in machines[m].disks where machines[m].machine.status.mayWrite {
        guard let active = disk.activeVolume, disk.domains.contains(Sample.domain) else { continue }
        guestWrites += 1
        // Of one length: a size must not give away what only a digest can.
        write(layout.volume(active, of: disk.id), Array("write \(100_000 + guestWrites) of \(active)".utf8))
      }
    }
    deliver(now)
  }

  private mutating func endSnapshot(_ m: Int, _ s: Int) {
    let made = machines[m].snapshots[s]
    if vanishing.remove(machines[m].machine.id) != nil {
      for request in made.overlays { removeOverlay(request, base: made.frozen[request.disk]!) }
      machines[m].snapshots.remove(at: s)
      return
    }
    machines[m].snapshots[s].snapshot.status = .ok
    for request in made.overlays { activate(request.overlay, request.disk, m) }
  }

  private mutating func endMerge(_ m: Int, _ s: Int) {
    let id = machines[m].machine.id
    let made = machines[m].snapshots[s]
    if let left = mergeFailures[id], left > 0 {
      mergeFailures[id] = left - 1
      machines[m].snapshots[s].snapshot.status = .ok
      machines[m].snapshots[s].isMerging = false
      return
    }
    for request in made.overlays {
      let base = made.frozen[request.disk]!
      let newer = primary[layout.volume(request.overlay, of: request.disk)] ?? []
      write(layout.volume(base, of: request.disk), newer)
      let above = volumes(of: request.disk).first { $0.parent == request.overlay }
      removeOverlay(request, base: base)
      if let above {
        edit(base, request.disk, .internal)
        write(
          layout.meta(above.volume, of: request.disk),
          Sample.meta(disk: request.disk, parent: base, format: "COW"))
      } else {
        activate(base, request.disk, m)
      }
    }
    machines[m].snapshots.remove(at: s)
  }

  /// As the `.meta` files at the primary have them.
  func volumes(of disk: DiskID) -> [DiskVolume] {
    let directory = "\(layout.image(disk))/"
    return primary.keys.sorted().compactMap { path in
      guard path.hasPrefix(directory), path.hasSuffix(".meta"),
        let volume = VolumeID(path.dropFirst(directory.count).dropLast(5)),
        let meta = try? VolumeMetadata(primary[path] ?? [], path: path)
      else { return nil }
      let parent = meta.parent == .blank ? nil : meta.parent
      return DiskVolume(disk: disk, volume: volume, parent: parent, snapshot: nil)
    }
  }

  mutating func log(
    _ kind: MachineEvent.Kind, _ machine: VirtualMachineID, _ text: String = "", correlationID: String? = nil,
    at now: Instant = Instant(epochSeconds: 1_700_000_100)
  ) {
    log.append(
      MachineEvent(
        index: (log.last?.index ?? 0) + 1, kind: kind, machine: machine, at: now,
        correlationID: correlationID,
        text: text))
  }

  /// Somebody else's tool snapshots the first disk of a machine on top of what it writes to.
  mutating func snapshotByAnother(_ m: Int, _ volume: VolumeID) {
    let disk = machines[m].disks[0]
    guard let base = disk.activeVolume else { return }
    let request = OverlayRequest(disk: disk.id, overlay: volume)
    makeOverlay(request, base: base)
    activate(volume, disk.id, m)
    machines[m].snapshots.append(
      WorldSnapshot(
        snapshot: Snapshot(id: SnapshotID(high: 0x5555, low: volume.low), description: "backup", status: .ok),
        frozen: [disk.id: base], overlays: [request]))
  }

  private mutating func removeOverlay(_ request: OverlayRequest, base: VolumeID) {
    write(layout.volume(request.overlay, of: request.disk), nil)
    write(layout.meta(request.overlay, of: request.disk), nil)
    write(layout.lease(request.overlay, of: request.disk), nil)
    edit(base, request.disk, .leaf)
  }

  /// Makes the files of an overlay; the guest still writes to the base until the snapshot is `ok`.
  mutating func makeOverlay(_ request: OverlayRequest, base: VolumeID) {
    edit(base, request.disk, .internal)
    write(layout.volume(request.overlay, of: request.disk), Array("qcow2 on \(base)".utf8))
    write(
      layout.meta(request.overlay, of: request.disk),
      Sample.meta(disk: request.disk, parent: base, format: "COW"))
    write(layout.lease(request.overlay, of: request.disk), Array("lease".utf8))
  }

  private mutating func edit(_ volume: VolumeID, _ disk: DiskID, _ role: VolumeMetadata.Role) {
    let path = layout.meta(volume, of: disk)
    guard let bytes = primary[path], let meta = try? VolumeMetadata(bytes, path: path) else { return }
    write(path, meta.bytes(as: role))
  }

  private mutating func activate(_ volume: VolumeID, _ disk: DiskID, _ m: Int) {
    for d in machines[m].disks.indices where machines[m].disks[d].id == disk {
      machines[m].disks[d].activeVolume = volume
    }
  }
}

// The session.
extension WorldState {
  /// What every brick list and every status row of this world is about: two subvolumes, two replicas each.
  static let subvolumes = [
    [BrickName(node: "a1", path: "/bricks/0"), BrickName(node: "a2", path: "/bricks/0")],
    [BrickName(node: "a1", path: "/bricks/1"), BrickName(node: "a2", path: "/bricks/1")],
  ]

  mutating func setCheckpoint(_ now: Instant) -> Instant {
    let whole = Instant(epochSeconds: now.epochSeconds)
    checkpoint = whole
    isComplete = false
    return whole
  }

  /// A session that begins anew carries everything.
  mutating func createSession() {
    if sessionExists { return }
    sessionExists = true
    settings = [SessionSetting("sync_jobs", "3"), SessionSetting("use_meta_volume", "false")] + newOptions
    if !staysCorrupt { corrupting = [] }
    dirty = Set(primary.keys)
  }

  mutating func start(_ now: Instant) {
    guard startedAt == nil else { return }
    optionsAtStarts.append(settings)
    let pools = [primary, secondary].map { $0[layout.metadata].flatMap(DomainMetadata.pools) ?? [] }
    if !pools[1].isEmpty, pools[0] != pools[1] { violations.append("started over a live secondary") }
    starts += 1
    startedAt = now
    stoppedAt = nil
    isStalled = stalls > 0
    stalls = max(0, stalls - 1)
  }

  mutating func stop(_ now: Instant) {
    guard !stopIsIgnored, startedAt != nil else { return }
    startedAt = nil
    stoppedAt = now
  }

  private mutating func deliver(_ now: Instant) {
    guard let startedAt, !isStalled, now - startedAt >= crawlDelay + transferTime else { return }
    for path in dirty.sorted() {
      if losesData {
        if primary[path] != nil { secondary[path] = secondary[path] ?? [] }
      } else {
        secondary[path] = primary[path]
        if corrupting.contains(path), let bytes = primary[path] { secondary[path] = bytes.map { ~$0 } }
        if let byte = flipping[path], primary[path] != nil { secondary[path]?[byte] ^= 1 }
      }
    }
    dirty = []
    if let checkpoint, let newestNonce, newestNonce.epochSeconds > checkpoint.epochSeconds {
      isComplete = true
    }
  }

  func clients(_ now: Instant) -> [BrickClients] {
    let lingers = stoppedAt.map { now - $0 < .seconds(2) } ?? false
    let worker = isRunning || lingers || hasOrphan ? [VolumeClient(address: "10.0.1.1", port: 49_148)] : []
    let views = (0..<openViews).map { VolumeClient(address: "10.0.0.1", port: UInt16(1_000 + $0)) }
    return [BrickClients(brick: BrickName(node: "b1", path: "/bricks/0"), clients: worker + views)]
  }

  func rows(_ now: Instant) -> [WorkerStatus] {
    WorldState.subvolumes.flatMap { bricks in
      bricks.enumerated().filter { !hiddenRows.contains($0.element) }.map { (index, brick) in
        if isPaused { return WorkerStatus(brick: brick, state: .paused) }
        guard let startedAt else {
          let lingers = stoppedAt.map { now - $0 < .seconds(2) } ?? false
          return WorkerStatus(brick: brick, state: lingers ? .active : .stopped)
        }
        guard now - startedAt >= crawlDelay else { return WorkerStatus(brick: brick, state: .initializing) }
        guard index == 0 else { return WorkerStatus(brick: brick, state: .passive) }
        return WorkerStatus(
          brick: brick, state: .active, crawl: isStalled ? .changelog : .history, entriesPending: 0,
          dataPending: 0, metadataPending: 0, failures: 0, lastSynced: startedAt,
          checkpointTime: checkpoint, checkpointCompleted: checkpoint == nil ? nil : isComplete)
      }
    }
  }

  /// A file operation at the secondary.
  mutating func touchSecondary(_ path: String) throws(DRError) {
    if isRunning { violations.append("\(path) was written while a worker lives") }
    let pools = [primary, secondary].map { $0[layout.metadata].flatMap(DomainMetadata.pools) ?? [] }
    if !pools[1].isEmpty, pools[0] != pools[1] { violations.append("\(path) was written on a live domain") }
    guard !secondaryIsReadOnly else {
      throw DRError(.refused, "write", path, reason: "Read-only file system")
    }
  }
}
