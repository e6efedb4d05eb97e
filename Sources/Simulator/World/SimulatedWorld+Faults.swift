import DRKit

/// Faults begin and end; those with occasions are asked at each.
extension SimulatedWorld {
  func beginFault(_ index: Int, at now: Instant) {
    faults[index].isOn = true
    let fault = faults[index].fault
    timeline.add(now, .fault, "\(fault.kind.rawValue) begins, for \(fault.span.text)")
    let until = now + fault.span
    switch fault.kind {
    case .linkDown: session.setLink(up: false, at: now)
    case .rsyncCopiesNothing: session.faults.copyNothingUntil = until
    case .changelogLosesShard: loseShard(fault, until: until)
    case .secondaryLosesShard: damageShard(fault, .lost)
    case .secondaryTruncatesShard: damageShard(fault, .truncated)
    case .liveCrawlStall:
      if let times = fault.times {
        session.faults.stallNext = times
      } else {
        session.faults.stallChance = fault.chance
      }
    case .workerFaultyOnStart: session.faults.faultyStarts = fault.times ?? .max
    case .workerCrash: session.crashWorkers(of: nil, at: now)
    case .monitorKilled: session.killMonitors(workersLiveFor: fault.span, at: now)
    case .executorCrash:
      executorMayReturn = max(executorMayReturn, until)
      if let executor, loop.isAlive(executor) {
        faults[index].bites += 1
        loop.kill(executor, inFlight: .lands)
      }
    case .guestStops: stopGuest(index, at: now)
    case .guestStarts: startGuest(index, at: now)
    case .guestMigrates, .snapshotForeign, .snapshotRemovedByOther: tryAgain(index, at: now)
    case .diskAttached: attachDisk(index, at: now)
    case .snapshotRefused, .snapshotFails, .mergeFails, .portUnreachable, .portAnswerLost: break
    }
  }

  /// A run enters a phase: the faults that wait for it begin.
  func enters(_ phase: Phase, at now: Instant) {
    for index in faults.indices where faults[index].fault.during == phase && !faults[index].isDue {
      guard now >= WorldPlan.birth + faults[index].fault.at else { continue }
      faults[index].isDue = true
      scheduleFault(index, at: now)
    }
  }

  func scheduleFault(_ index: Int, at begin: Instant) {
    loop.schedule(at: begin, kind: WorldEventKind.faultBegins, a: UInt32(index))
    let end = begin + faults[index].fault.span
    loop.schedule(at: end, kind: WorldEventKind.faultEnds, a: UInt32(index))
  }

  func endFault(_ index: Int, at now: Instant) {
    let fault = faults[index].fault
    switch fault.kind {
    case .linkDown: session.setLink(up: true, at: now)
    case .liveCrawlStall:
      session.faults.stallChance = .never
      session.faults.stallNext = 0
    case .workerFaultyOnStart: session.faults.faultyStarts = 0
    case .guestStops: startGuest(index, at: now)
    case .guestMigrates: endMigration(index, at: now)
    case .snapshotForeign: removeForeignSnapshot(index, at: now)
    default: break
    }
    faults[index].isOn = false
    timeline.add(now, .fault, "\(fault.kind.rawValue) ends")
  }

  private func loseShard(_ fault: WorldFault, until: Instant) {
    if let path = base(of: fault) { session.loseShard(ofImage: path, until: until) }
  }

  private func damageShard(_ fault: WorldFault, _ damage: SessionFaults.ShardDamage) {
    if let path = base(of: fault) { session.damageSecondary(ofImage: path, damage) }
  }

  /// The base image of the fault's machine.
  private func base(of fault: WorldFault) -> String? {
    let machine = (fault.machine ?? 1) - 1
    return guests.first { $0.machineIndex == machine }.map { guest in
      VDSMLayout.volumePath(domain.id, guest.disk, guest.layers[0].volume)
    }
  }

  /// Whether a fault with occasions strikes this one.
  func strikes(_ kind: WorldFault.Kind, machine: VirtualMachineID? = nil, port: SimPortName? = nil) -> Bool {
    for index in faults.indices where faults[index].isOn && faults[index].fault.kind == kind {
      let fault = faults[index].fault
      if let wanted = fault.machine, machine.flatMap({ machineIndex[$0] }) != wanted - 1 { continue }
      if let wanted = fault.port, wanted != port { continue }
      if faults[index].strikes(seed.child("fault", index)) { return true }
    }
    return false
  }

  /// How often one fault of the plan was felt. What gluster counts is counted by kind.
  public func bites(ofFault index: Int) -> Int {
    switch faults[index].fault.kind {
    case .snapshotRefused, .snapshotFails, .mergeFails, .portUnreachable, .portAnswerLost, .executorCrash,
      .guestStops, .guestStarts, .guestMigrates, .snapshotForeign, .snapshotRemovedByOther, .diskAttached:
      return faults[index].bites
    default: return bites(of: faults[index].fault.kind)
    }
  }

  /// How often each kind of fault was felt.
  public func bites(of kind: WorldFault.Kind) -> Int {
    let own = faults.filter { $0.fault.kind == kind }.reduce(0) { $0 + $1.bites }
    let gluster = session.bites
    switch kind {
    case .linkDown: return gluster.outage
    case .rsyncCopiesNothing: return gluster.copyNothing
    case .changelogLosesShard: return gluster.shardLost
    case .secondaryLosesShard: return gluster.shardGone
    case .secondaryTruncatesShard: return gluster.shardTruncated
    case .liveCrawlStall: return gluster.stall
    case .workerFaultyOnStart: return gluster.faultyStart
    case .workerCrash: return gluster.crash
    case .monitorKilled: return gluster.orphan
    case .snapshotRefused, .snapshotFails, .mergeFails, .portUnreachable, .portAnswerLost, .executorCrash,
      .guestStops, .guestStarts, .guestMigrates, .snapshotForeign, .snapshotRemovedByOther, .diskAttached:
      return own
    }
  }
}
