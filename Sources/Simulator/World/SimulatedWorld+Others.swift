import DRKit

/// What guests and people other than drkit do to the machines. They do not ask; where the engine says no, they try again.
extension SimulatedWorld {
  private static let patience = TimeSpan.seconds(2)

  /// The machine that a fault is about.
  private func machine(of fault: WorldFault) -> VirtualMachineID? {
    let wanted = (fault.machine ?? 1) - 1
    return guests.first { $0.machineIndex == wanted }?.machine
  }

  private func later(_ index: Int) {
    loop.schedule(after: Self.patience, kind: WorldEventKind.tryAgain, a: UInt32(index))
  }

  /// Does what has to wait for the engine, or goes on waiting.
  func tryAgain(_ index: Int, at now: Instant) {
    let fault = faults[index].fault
    switch fault.kind {
    case .guestStops, .guestStarts: startGuest(index, at: now)
    case .guestMigrates: faults[index].isOn ? migrate(index, at: now) : endMigration(index, at: now)
    case .snapshotForeign:
      faults[index].isOn ? takeForeignSnapshot(index, at: now) : removeForeignSnapshot(index, at: now)
    case .snapshotRemovedByOther: if faults[index].isOn { removeOurSnapshot(index, at: now) }
    default: break
    }
  }

  // MARK: Guests

  /// One that does not run is left alone: another fault stopped it, and starts it again.
  func stopGuest(_ index: Int, at now: Instant) {
    guard let id = machine(of: faults[index].fault), engine.machine(id)?.status.mayWrite == true
    else { return }
    // A migration ends with its guest, which stays where it was.
    if engine.machine(id)?.status == .migrating { oracle.ended(.moved, of: id, at: now) }
    setRunning(false, id, at: now)
    engine.guestStops(id, now: now)
    faults[index].bites += 1
    oracle.happened(Disturbance(.stopped, id, at: now))
  }

  /// Not while files of the machine are worked on.
  func startGuest(_ index: Int, at now: Instant) {
    let fault = faults[index]
    if fault.fault.kind == .guestStops && fault.bites == 0 { return }
    guard let id = machine(of: fault.fault), engine.machine(id)?.status == .down else { return }
    guard !engine.isBusy(id) else { return later(index) }
    setRunning(true, id, at: now)
    engine.guestStarts(id, now: now)
    if fault.fault.kind == .guestStarts { faults[index].bites += 1 }
    oracle.ended(.stopped, of: id, at: now)
    oracle.happened(Disturbance(.started, id, at: now))
  }

  private func setRunning(_ isUp: Bool, _ machine: VirtualMachineID, at now: Instant) {
    for index in guests.indices where guests[index].machine == machine {
      guests[index].isUp = isUp
      guests[index].lastTick = now
      guests[index].lastWrite = now
      // From its start on, and not when it would have been looked at: it writes a tick after it started.
      if isUp && guests[index].rate > 0 { lookAtGuest(index, at: now + guests[index].tick) }
    }
  }

  private func migrate(_ index: Int, at now: Instant) {
    guard let id = machine(of: faults[index].fault) else { return }
    guard engine.machine(id)?.status == .up, !engine.isBusy(id) else { return later(index) }
    engine.migrationBegins(id, now: now)
    faults[index].bites += 1
    oracle.happened(Disturbance(.moved, id, at: now))
  }

  func endMigration(_ index: Int, at now: Instant) {
    guard let id = machine(of: faults[index].fault), engine.machine(id)?.status == .migrating else { return }
    engine.migrationEnds(id, at: Self.hosts.first { $0 != engine.machine(id)?.host }, now: now)
  }

  // MARK: Disks

  /// Of the machine's kind, and at most a gibibyte.
  func attachDisk(_ index: Int, at now: Instant) {
    guard let id = machine(of: faults[index].fault), let first = guests.first(where: { $0.machine == id })
    else { return }
    let group = WorldPlan.Machines(
      count: 1, disk: min(first.size, 1 << 30), rate: first.rate, block: first.block, skew: 0.9)
    let disk: DiskID = engine.freshID()
    let name = engine.machine(id)?.name ?? ""
    let number = guests.count { $0.machine == id }
    addDisk(disk, engine.freshID(), "\(name)_disk\(number + 1)", of: id, group, number: number, at: now)
    engine.diskAdded(EngineAttachment(disk: disk), to: id, now: now)
    used += group.disk
    let guest = guests.count - 1
    guests[guest].isUp = first.isUp
    if first.rate > 0 && first.isUp { lookAtGuest(guest, at: now + guests[guest].tick) }
    faults[index].bites += 1
    oracle.happened(Disturbance(.diskAttached(disk), id, at: now))
  }

  // MARK: Snapshots

  /// Drkit's snapshot of the machine, when it stands whole and nobody works on the machine.
  private func ourSnapshot(of machine: VirtualMachineID) -> EngineSnapshot? {
    guard !engine.isBusy(machine) else { return nil }
    return engine.machine(machine)?.snapshots.last {
      $0.kind == .regular && $0.status == .ok && $0.description.hasPrefix(Self.ourSnapshots)
    }
  }

  private func takeForeignSnapshot(_ index: Int, at now: Instant) {
    guard foreignSnapshots[index] == nil, let id = machine(of: faults[index].fault) else { return }
    guard ourSnapshot(of: id) != nil,
      let snapshot = try? engine.createSnapshot(
        of: id, SnapshotRequest(description: "nightly backup", persistsMemory: false), now: now)
    else { return later(index) }
    foreignSnapshots[index] = snapshot
    faults[index].bites += 1
    timeline.add(now, .fault, "somebody's snapshot \(snapshot) of \(engine.machine(id)?.name ?? "") begins")
  }

  func removeForeignSnapshot(_ index: Int, at now: Instant) {
    guard let snapshot = foreignSnapshots[index], let id = machine(of: faults[index].fault) else { return }
    // A snapshot that failed is gone.
    guard let standing = engine.machine(id)?.snapshots.first(where: { $0.id == snapshot }),
      standing.kind == .regular
    else { return }
    guard (try? engine.removeSnapshot(snapshot, of: id, now: now)) != nil else { return later(index) }
    oracle.ended(.foreignSnapshot(snapshot), of: id, at: now)
    timeline.add(now, .fault, "somebody's snapshot \(snapshot) is being removed")
  }

  private func removeOurSnapshot(_ index: Int, at now: Instant) {
    guard let id = machine(of: faults[index].fault) else { return }
    guard let ours = ourSnapshot(of: id),
      (try? engine.removeSnapshot(ours.id, of: id, now: now)) != nil
    else { return later(index) }
    faults[index].bites += 1
    timeline.add(now, .fault, "somebody removes \"\(ours.description)\"")
    oracle.happened(Disturbance(.ourSnapshotRemoved(ours.description), id, at: now))
  }
}
