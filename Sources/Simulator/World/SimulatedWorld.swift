import DRKit

/// What happens by itself in the world besides Gluster's events.
enum WorldEventKind {
  /// `a` = guest disk: its writes since the last look.
  static let guest: UInt32 = 100
  /// `a` = work in progress, `b` = stage.
  static let work: UInt32 = 101
  /// The engine's own update of OVF_STORE.
  static let ovfStore: UInt32 = 102
  /// `a` = fault.
  static let faultBegins: UInt32 = 103
  static let faultEnds: UInt32 = 104
  /// `a` = fault: what somebody could not do yet is tried again.
  static let tryAgain: UInt32 = 105
}

/// Two sites: a simulated engine with guests that write, a simulated Gluster on both sides and the line between them, and
/// the oracle that knows what is true.
///
/// Plain state, changed only at events and at port calls, on the loop's thread.
public final class SimulatedWorld: WorldHandler, @unchecked Sendable {
  public let loop: SimulationLoop
  public let plan: WorldPlan
  public let seed: Seed
  public internal(set) var session: SessionModel
  public internal(set) var engine: EngineModel
  public internal(set) var oracle = Oracle()
  public internal(set) var timeline = Timeline()
  public internal(set) var domain: StorageDomain
  var guests: [GuestDisk] = []
  var guestOfDisk: [DiskID: Int] = [:]
  var machineIndex: [VirtualMachineID: Int] = [:]
  var works: [WorkInProgress] = []
  var faults: [ActiveFault] = []
  /// When something last changed the secondary unseen: damage on its brick, a session that somebody else started.
  var changedUnseen: Instant?
  /// How many times longer bricks take at the moment.
  var slowness: Int64 = 1
  /// The executor's life, for the fault that ends it.
  var executor: Incarnation?
  /// Views of the secondary that each life has open; they end with it.
  var mounts: [Incarnation: Int] = [:]
  /// When a killed executor may come back.
  var executorMayReturn = Instant(nanoseconds: 0)
  /// The next guest write's number: one order over all disks.
  var nextWrite = ContentID.firstWrite
  public internal(set) var writes: UInt64 = 0
  /// Bytes on the primary volume, kept as they come and go.
  var used: Int64 = 0
  var workDraws: Randomness
  var portDraws: Randomness
  var ovfDisks: [(disk: DiskID, volume: VolumeID)] = []
  /// By fault: the snapshot that somebody else took.
  var foreignSnapshots: [Int: SnapshotID] = [:]

  /// Builds the site and starts its life; the loop's time must be at its beginning.
  public init(_ plan: WorldPlan, seed: Seed, in loop: SimulationLoop) {
    self.loop = loop
    self.plan = plan
    self.seed = seed
    engine = EngineModel(seed: seed.child("engine").value)
    session = SimulatedWorld.makeSession(plan, seed: seed.child("session"))
    workDraws = Randomness(seed.child("work"))
    portDraws = Randomness(seed.child("ports"))
    domain = StorageDomain(
      id: engine.freshID(), name: "gluster-\(plan.primary.name)", address: "a1", volume: plan.primary.name,
      storageType: "glusterfs")
    faults = plan.faults.map { ActiveFault(fault: $0) }
    build()
    begin()
  }

  // MARK: Events

  public func handle(_ event: WorldEvent, in loop: SimulationLoop) {
    switch event.kind {
    case WorldEventKind.guest: guestWrites(Int(event.a), at: event.at)
    case WorldEventKind.work: advanceWork(Int(event.a), stage: Int(event.b), at: event.at)
    case WorldEventKind.ovfStore: updateOVFStoreByItself(at: event.at)
    case WorldEventKind.faultBegins: beginFault(Int(event.a), at: event.at)
    case WorldEventKind.faultEnds: endFault(Int(event.a), at: event.at)
    case WorldEventKind.tryAgain: tryAgain(Int(event.a), at: event.at)
    default: session.handle(event.kind, event.a, event.b, at: event.at)
    }
    settle(at: event.at)
  }

  /// After every change: what the models want to have happen is scheduled, and the oracle looks.
  func settle(at now: Instant) {
    for work in engine.drainWork() { beginWork(work, at: now) }
    for item in session.takeAgenda() { loop.schedule(at: item.at, kind: item.kind, a: item.a, b: item.b) }
    oracle.look(at: session.secondary, now)
  }

  /// What the bricks see of the views of lives that live.
  func countMounts() {
    session.mounts = mounts.reduce(0) { $0 + (loop.isAlive($1.key) ? max(0, $1.value) : 0) }
  }

  private func begin() {
    let now = loop.now
    session.begin(at: now)
    var phases = Randomness(seed.child("phases"))
    for index in guests.indices where guests[index].rate > 0 {
      let phase = phases.integer(in: 1...guests[index].tick.nanoseconds)
      guests[index].lastTick = now + .nanoseconds(phase)
      guests[index].lastWrite = now + .nanoseconds(phase)
      lookAtGuest(index, at: now + .nanoseconds(phase))
    }
    loop.schedule(at: now + plan.engine.ovfStore, kind: WorldEventKind.ovfStore)
    for (index, fault) in plan.faults.enumerated() where fault.during == nil {
      loop.schedule(at: now + fault.at, kind: WorldEventKind.faultBegins, a: UInt32(index))
      loop.schedule(at: now + fault.at + fault.span, kind: WorldEventKind.faultEnds, a: UInt32(index))
    }
    settle(at: now)
  }

  // MARK: Guests

  func lookAtGuest(_ index: Int, at instant: Instant) {
    guests[index].nextTick = instant
    loop.schedule(at: instant, kind: WorldEventKind.guest, a: UInt32(index))
  }

  private func guestWrites(_ index: Int, at now: Instant) {
    // A look from before the guest was stopped and started again is none any more.
    guard guests[index].isUp, guests[index].nextTick == now else { return }
    let count = guests[index].due(at: now)
    let room = plan.primary.size - used
    if room >= guests[index].block * Int64(count) {
      for _ in 0..<count { writeOnce(index, at: now) }
      if count > 0 {
        oracle.guestWrote(after: now - guests[index].lastWrite, expected: guests[index].tick)
        guests[index].lastWrite = now
      }
    } else {
      // Stopped for want of room: told while it lasts, since the write that would end it may never come.
      oracle.guestWrote(after: now - guests[index].lastWrite, expected: guests[index].tick)
    }
    lookAtGuest(index, at: now + guests[index].tick)
  }

  @inline(__always)
  private func writeOnce(_ index: Int, at now: Instant) {
    let shard = guests[index].table.draw(&guests[index].random)
    let content = ContentID(nextWrite)
    nextWrite += 1
    writes += 1
    let block = UInt32(truncatingIfNeeded: guests[index].block)
    let top = guests[index].layers.count - 1
    if top == 0 {
      session.primary.write(guests[index].layers[0].slot, shard: shard, content, bytes: block, at: now)
    } else {
      writeOverlay(index, top, shard, content, block, at: now)
    }
  }

  /// A qcow2 overlay grows by what it did not hold yet; what it held is overwritten in its place.
  private func writeOverlay(
    _ index: Int, _ top: Int, _ shard: Int, _ content: ContentID, _ block: UInt32, at now: Instant
  ) {
    let slot = guests[index].layers[top].slot
    let shardSize = plan.primary.shard
    let held = guests[index].layers[top].bytes[shard]
    guests[index].layers[top].contents[shard] = content
    let place: Int
    if Int64(held) < shardSize {
      let grown = min(Int64(block), shardSize - Int64(held))
      guests[index].layers[top].bytes[shard] = held + UInt32(truncatingIfNeeded: grown)
      let size = guests[index].layers[top].size + grown
      guests[index].layers[top].size = size
      session.primary.grow(slot, to: size)
      used += grown
      place = Int((size - 1) / shardSize)
    } else {
      place = Int(content.number % UInt64(max(1, (guests[index].layers[top].size - 1) / shardSize + 1)))
    }
    session.primary.write(slot, shard: place, content, bytes: block, at: now)
  }
}
