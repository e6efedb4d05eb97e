import DRKit

/// What is wrong with a session, as data; each ends by itself. `bites` say whether it was ever felt.
public struct SessionFaults: Sendable {
  /// rsync exits with 0 and copies nothing (docs/real-systems.md, rsync 3.5.0), until this instant.
  public var copyNothingUntil: Instant?
  /// The natural stall of the live crawl, drawn at every worker start (about half of all starts on the lab).
  public var stallChance = Chance.never
  /// This many of the next starts stall for certain.
  public var stallNext = 0
  /// This many of the next worker starts are Faulty at once.
  public var faultyStarts = 0

  public struct Bites: Sendable, Hashable {
    public var copyNothing = 0
    /// Shards that rsync took for copied already (docs/real-systems.md, The quick check).
    public var passedOver = 0
    /// Shards that a worker sent as it had read them before (docs/real-systems.md, The worker's page cache).
    public var stalePages = 0
    public var stall = 0
    public var faultyStart = 0
    public var shardLost = 0
    /// Shards whose files vanished at the secondary, and that were cut off there.
    public var shardGone = 0
    public var shardTruncated = 0
    public var crash = 0
    /// Workers that outlived their monitor.
    public var orphan = 0
    /// Transfers that an outage held up.
    public var outage = 0
    /// Workers that were Faulty for a brick that was down.
    public var primaryBrick = 0
    public var secondaryBrick = 0
    /// Shards that took longer.
    public var slow = 0
  }

  public internal(set) var bites = Bites()

  /// What befalls a shard's file at the secondary.
  public enum ShardDamage: Sendable, Hashable {
    case lost, truncated
  }

  public init() {}

  func copiesNothing(at now: Instant) -> Bool { copyNothingUntil.map { now < $0 } ?? false }

  mutating func biteCopiesNothing() { bites.copyNothing += 1 }
  mutating func biteStalePages() { bites.stalePages += 1 }
  mutating func bitePassedOver() { bites.passedOver += 1 }
  mutating func biteStall() { bites.stall += 1 }

  mutating func takesFaultyStart() -> Bool {
    guard faultyStarts > 0 else { return false }
    faultyStarts -= 1
    bites.faultyStart += 1
    return true
  }

  mutating func takesStall(_ draws: inout Randomness) -> Bool {
    // Drawn in any case, so that a forced stall shifts no later draw.
    let natural = draws.happens(stallChance)
    guard stallNext > 0 else { return natural }
    stallNext -= 1
    return true
  }
}

extension SessionModel {
  public mutating func setLink(up: Bool, at now: Instant) {
    link.setUp(up, at: now)
    rescheduleLink()
  }

  /// Records of one shard of the image never reach the changelog, until `until`.
  public mutating func loseShard(ofImage path: String, until: Instant) {
    guard let file = primary.file(path) else { return }
    primary.loss = LossPlan(gfid: file.gfid, until: until)
  }

  /// A shard of the image, cold at the primary so that no transfer hides it, is damaged on the secondary's brick.
  public mutating func damageSecondary(ofImage path: String, _ damage: SessionFaults.ShardDamage) {
    guard let file = primary.file(path),
      let shard = file.shards.indices.last(where: {
        $0 > 0 && file.shards[$0] != .hole && file.unsent[$0] == 0
      })
    else { return }
    tornSerial += 1
    guard secondary.damage(file.gfid, shard: shard, damage, .torn(tornSerial)) else { return }
    if damage == .lost { faults.bites.shardGone += 1 } else { faults.bites.shardTruncated += 1 }
  }

  /// A worker process is killed: Faulty, then a new one; a Passive one takes over meanwhile if there is one.
  /// - Parameter subvolume: Whose Active worker; nil for those of all.
  public mutating func crashWorkers(of subvolume: Int?, at now: Instant) {
    for index in workers.indices
    where workers[index].state == .active && !workers[index].isOrphan
      && (subvolume == nil || workers[index].subvolume == subvolume)
    {
      let brick = workers[index].brick
      end(index, at: now)
      faults.bites.crash += 1
      workers[index].state = .faulty
      agenda.add(now + draws.span(in: timings.faulty), .workerRespawns, brick)
      agenda.add(now + timings.takeOver, .workerTakesOver, workers[index].subvolume)
    }
    rescheduleLink()
  }

  /// The monitors are killed: the status says Stopped at once, and the workers go on delivering, whatever is stopped or
  /// started, until each ends by itself after `life` (docs/real-systems.md, Kills and orphan workers).
  public mutating func killMonitors(workersLiveFor life: TimeSpan, at now: Instant) {
    guard isStarted else { return }
    if isForeign { foreignUntil = now + life }
    for index in workers.indices where workers[index].lives && !workers[index].isOrphan {
      workers[index].isOrphan = true
      faults.bites.orphan += 1
      agenda.add(now + life, .orphanEnds, index)
    }
    for brick in bricks.indices { workerOfBrick[brick] = nil }
    isStarted = false
  }

  /// How often each fault was felt; some are counted at the volume and at the link.
  public var bites: SessionFaults.Bites {
    var all = faults.bites
    all.shardLost = primary.lostRecords
    all.outage = link.heldUp
    return all
  }
}
