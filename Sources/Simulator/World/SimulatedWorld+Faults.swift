import DRKit

/// Faults begin and end; those with occasions are asked at each.
extension SimulatedWorld {
  /// A run begins a phase, in whichever life: faults that wait for it begin, and end when their time is over.
  func phaseBegins(_ phase: Phase, at now: Instant) {
    for index in faults.indices where faults[index].fault.during == phase && !faults[index].hasBegun {
      let fault = faults[index].fault
      let armed = WorldPlan.birth + fault.at
      guard now >= armed, fault.window.map({ now <= armed + $0 }) ?? true else { continue }
      faults[index].hasBegun = true
      loop.schedule(at: now + fault.after, kind: WorldEventKind.faultBegins, a: UInt32(index))
      loop.schedule(at: now + fault.after + fault.span, kind: WorldEventKind.faultEnds, a: UInt32(index))
    }
  }

  func beginFault(_ index: Int, at now: Instant) {
    faults[index].isOn = true
    let fault = faults[index].fault
    timeline.add(now, .fault, "\(fault.kind.rawValue) begins, for \(fault.span.text)")
    let until = now + fault.span
    switch fault.kind {
    case .secondaryLosesShard, .secondaryTruncatesShard, .sessionStarted: changedUnseen = now
    default: break
    }
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
    case .sessionStarted:
      if !session.isStarted { faults[index].bites += 1 }
      session.startByOthers(at: now)
    case .sessionStopped:
      if session.isStarted { faults[index].bites += 1 }
      session.stop(at: now)
    case .primaryBrickDown: session.setPrimaryBrick(0, up: false, at: now)
    case .secondaryBrickDown: session.setSecondaryBrick(up: false, at: now)
    case .storageSlow: setSlowness()
    case .guestStops: stopGuest(index, at: now)
    case .guestStarts: startGuest(index, at: now)
    case .guestMigrates, .snapshotForeign, .snapshotRemovedByOther: tryAgain(index, at: now)
    case .diskAttached: attachDisk(index, at: now)
    case .snapshotRefused, .snapshotFails, .mergeFails, .portUnreachable, .portAnswerLost, .mergeStalls: break
    }
  }

  func endFault(_ index: Int, at now: Instant) {
    let fault = faults[index].fault
    faults[index].isOn = false
    // Where two of a kind overlap, the last one ends it.
    let goesOn = isOn(fault.kind)
    switch fault.kind {
    case .linkDown: if !goesOn { session.setLink(up: true, at: now) }
    case .liveCrawlStall:
      if !goesOn {
        session.faults.stallChance = .never
        session.faults.stallNext = 0
      }
    case .workerFaultyOnStart: if !goesOn { session.faults.faultyStarts = 0 }
    case .primaryBrickDown: if !goesOn { session.setPrimaryBrick(0, up: true, at: now) }
    case .secondaryBrickDown: if !goesOn { session.setSecondaryBrick(up: true, at: now) }
    case .storageSlow: setSlowness()
    case .guestStops: startGuest(index, at: now)
    case .guestMigrates: endMigration(index, at: now)
    case .snapshotForeign: removeForeignSnapshot(index, at: now)
    default: break
    }
    timeline.add(now, .fault, "\(fault.kind.rawValue) ends")
  }

  func isOn(_ kind: WorldFault.Kind) -> Bool { faults.contains { $0.isOn && $0.fault.kind == kind } }

  /// The slowest of what is on.
  private func setSlowness() {
    let factors = faults.filter { $0.isOn && $0.fault.kind == .storageSlow }.map(\.fault.factor)
    slowness = max(1, factors.max() ?? 1)
    session.slowness = slowness
  }

  /// How long a read of so many bytes for a digest takes. Felt where storage is slow.
  func reading(_ bytes: Int64) -> TimeSpan {
    if slowness > 1, bytes > 0,
      let index = faults.firstIndex(where: { $0.isOn && $0.fault.kind == .storageSlow })
    {
      faults[index].bites += 1
    }
    let rate = max(1, plan.digestRate / slowness)
    return .seconds(bytes / rate) + .nanoseconds(bytes % rate * 1_000_000_000 / rate)
  }

  /// Whether a live merge gets no further now. Felt once for each that waits.
  func mergeStalls(isFirst: Bool) -> Bool {
    guard let index = faults.firstIndex(where: { $0.isOn && $0.fault.kind == .mergeStalls }) else {
      return false
    }
    if isFirst { faults[index].bites += 1 }
    return true
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
      .sessionStarted, .sessionStopped, .mergeStalls, .guestStops, .guestStarts, .guestMigrates,
      .snapshotForeign, .snapshotRemovedByOther, .diskAttached:
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
    case .primaryBrickDown: return gluster.primaryBrick
    case .secondaryBrickDown: return gluster.secondaryBrick
    case .storageSlow: return own + gluster.slow
    case .snapshotRefused, .snapshotFails, .mergeFails, .portUnreachable, .portAnswerLost, .executorCrash,
      .sessionStarted, .sessionStopped, .mergeStalls, .guestStops, .guestStarts, .guestMigrates,
      .snapshotForeign, .snapshotRemovedByOther, .diskAttached:
      return own
    }
  }
}
