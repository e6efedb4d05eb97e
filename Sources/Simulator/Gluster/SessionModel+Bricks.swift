import DRKit

/// Brick processes that are down (docs/real-systems.md, Kills and orphan workers).
extension SessionModel {
  /// A brick of the primary is killed, or started. Its worker dies with it, and each new one is Faulty at once; in a replica set a
  /// Passive one takes over, and guests don't notice.
  mutating func setPrimaryBrick(_ brick: Int, up: Bool, at now: Instant) {
    primaryBricksDown.removeAll { $0 == brick }
    if up { return }
    primaryBricksDown.append(brick)
    if let worker = workerOfBrick[brick], workers[worker].lives {
      faults.bites.primaryBrick += 1
      fail(worker, at: now)
    }
    rescheduleLink()
  }

  /// The secondary's brick is killed, or started: no worker can write, no mount can read. An orphan that fails is not started again.
  mutating func setSecondaryBrick(up: Bool, at now: Instant) {
    isSecondaryUp = up
    if up { return }
    for worker in workers.indices where workers[worker].lives {
      faults.bites.secondaryBrick += 1
      if workers[worker].isOrphan { end(worker, at: now) } else { fail(worker, at: now) }
    }
    rescheduleLink()
  }

  /// Faulty until the monitor starts another one.
  private mutating func fail(_ worker: Int, at now: Instant) {
    let brick = workers[worker].brick
    let wasActive = workers[worker].state == .active
    end(worker, at: now)
    workers[worker].state = .faulty
    agenda.add(now + draws.span(in: timings.faulty), .workerRespawns, brick)
    if wasActive { agenda.add(now + timings.takeOver, .workerTakesOver, workers[worker].subvolume) }
  }

  /// Whether a worker of the brick is Faulty as soon as it starts.
  mutating func takesBrickDown(_ brick: Int) -> Bool {
    if !isSecondaryUp {
      faults.bites.secondaryBrick += 1
      return true
    }
    guard primaryBricksDown.contains(brick) else { return false }
    faults.bites.primaryBrick += 1
    return true
  }

  /// - Throws: `.transient` while the secondary's only brick is down.
  mutating func reachSecondary(_ operation: String) throws(DRError) {
    if isSecondaryUp { return }
    faults.bites.secondaryBrick += 1
    throw DRError(
      .transient, operation, secondary.name, reason: "Transport endpoint is not connected (simulated)")
  }
}
