import DRKit

/// A geo-replication session between two simulated volumes: monitor, workers, crawls, rsync jobs, the link.
///
/// It owns both volumes, because a worker reaches both. Sans-IO: what shall happen later is put on the agenda, and whoever
/// drives the model brings it back with `handle`.
public struct SessionModel: Sendable {
  public let name: SessionName
  public var primary: VolumeModel
  public var secondary: VolumeModel
  public internal(set) var link: LinkModel
  public var timings: SessionTimings
  public var faults = SessionFaults()

  /// The bricks of the primary, subvolume by subvolume.
  let bricks: [(name: BrickName, subvolume: Int)]
  var workers: [Worker] = []
  /// The worker that the monitor of each brick knows of.
  var workerOfBrick: [Int?]
  /// End of the last changelog worked off on each subvolume; nil before the first sync.
  var workedOff: [Instant?]
  /// Views of the secondary that are open.
  public internal(set) var mounts = 0
  public internal(set) var isStarted = false
  /// False between a deletion and the next creation.
  public internal(set) var exists = true
  /// The options that the simulation keeps; of them `gluster_params` and `rsync_options` mean something here.
  public internal(set) var settings: [SessionSetting]
  /// What the options say of them; asked for every shard.
  var hasQuickCheck = true
  var hasPageCache = true
  /// Bricks of the primary, and the secondary's, whose processes are not there.
  var primaryBricksDown: [Int] = []
  public internal(set) var isSecondaryUp = true
  /// Started by somebody else than the program under test.
  var isForeign = false
  var foreignSince: Instant?
  /// Until when a session that somebody else had started went on.
  var foreignUntil: Instant?
  /// How many times longer bricks take at the moment.
  var slowness: Int64 = 1
  var wasStarted = false
  public internal(set) var checkpoint: Instant?
  var draws: Randomness
  var tornSerial: UInt64 = 0
  var agenda = Agenda()
  var linkGeneration: Int64 = -1

  public init(
    name: SessionName, primary: VolumeModel, secondary: VolumeModel, link: LinkModel,
    timings: SessionTimings = SessionTimings(), seed: Seed
  ) {
    self.name = name
    self.primary = primary
    self.secondary = secondary
    self.link = link
    self.timings = timings
    settings = Self.defaults(timings)
    bricks = primary.subvolumes.enumerated().flatMap { index, set in set.map { ($0, index) } }
    workerOfBrick = Array(repeating: nil, count: bricks.count)
    workedOff = Array(repeating: nil, count: primary.subvolumes.count)
    draws = Randomness(seed)
  }

  /// What shall happen later; the caller takes it over.
  public mutating func takeAgenda() -> [Agenda.Item] {
    if agenda.items.isEmpty { return [] }
    defer { agenda.items.removeAll(keepingCapacity: true) }
    return agenda.items
  }

  /// Lets the changelogs begin to roll over. Each subvolume at its own phase.
  public mutating func begin(at now: Instant) {
    for subvolume in primary.subvolumes.indices {
      let phase = draws.integer(in: 0...(primary.rollover.nanoseconds - 1))
      agenda.add(now + .nanoseconds(phase), .rollover, subvolume)
    }
  }

  /// A session that was created and finished its first sync long ago: the secondary holds what the primary holds.
  public mutating func declareSynced(at now: Instant) {
    secondary.copyAll(from: primary)
    primary.forgetChangelogs()
    for subvolume in workedOff.indices { workedOff[subvolume] = Instant(epochSeconds: now.epochSeconds) }
    isStarted = false
    wasStarted = true
    secondary.setReadOnly(true)
  }

  // MARK: What the CLI asks for

  /// Does nothing when started.
  public mutating func start(at now: Instant) {
    if isForeign && isStarted { foreignUntil = now }
    isForeign = false
    if isStarted { return }
    isStarted = true
    wasStarted = true
    for brick in bricks.indices { spawn(brick, at: now) }
  }

  /// Somebody else starts it.
  mutating func startByOthers(at now: Instant) {
    if isStarted { return }
    start(at: now)
    isForeign = true
    foreignSince = now
  }

  /// Ends the workers that the monitors know of. Orphans go on.
  public mutating func stop(at now: Instant) {
    if isForeign && isStarted { foreignUntil = now }
    isStarted = false
    for brick in bricks.indices {
      if let worker = workerOfBrick[brick] { end(worker, at: now) }
      workerOfBrick[brick] = nil
    }
    rescheduleLink()
  }

  /// Sets the checkpoint at now, in whole seconds as gluster keeps it.
  public mutating func setCheckpoint(at now: Instant) -> Instant {
    let second = Instant(epochSeconds: now.epochSeconds)
    checkpoint = second
    return second
  }

  /// Whether any worker can write at the secondary, now or without anybody starting it.
  public var livesAtSecondary: Bool { isStarted || workers.contains { $0.isOrphan && $0.lives } }

  /// The same, but for what somebody else started within the last seconds: a real worker needs 5-6 s before it does anything, and
  /// nobody can look more often, since gluster takes no fencing token.
  func livesAtSecondary(at now: Instant) -> Bool {
    let isFresh = isForeign && foreignSince.map { now < $0 + .seconds(5) } ?? false
    guard isFresh, !workers.contains(where: { $0.isOrphan && $0.lives }) else { return livesAtSecondary }
    return false
  }

  /// Each worker that lives has the secondary mounted, orphan or not, and so have the views of `mounts`: a connection to every
  /// brick. (gsyncd's mount shows with the address of the secondary node where it runs; docs/real-systems.md.)
  public var clientsAtSecondary: [BrickClients] {
    let connected = workers.indices.filter { workers[$0].lives }.map { index in
      VolumeClient(address: "10.0.1.1", port: UInt16(49_152 + index % 16_000))
    }
    let views = (0..<mounts).map { VolumeClient(address: "10.0.0.1", port: UInt16(1_000 + $0 % 16_000)) }
    guard isSecondaryUp else { return [] }
    return secondary.subvolumes.joined().map { BrickClients(brick: $0, clients: connected + views) }
  }

  // MARK: Workers

  mutating func spawn(_ brick: Int, at now: Instant) {
    let index = workers.count
    var worker = Worker(
      brick: brick, subvolume: bricks[brick].subvolume, state: .initializing, isStalled: false,
      jobs: Array(repeating: nil, count: timings.jobs))
    if takesBrickDown(brick) || faults.takesFaultyStart() {
      worker.state = .faulty
      agenda.add(now + draws.span(in: timings.faulty), .workerRespawns, brick)
    } else {
      worker.isStalled = faults.takesStall(&draws)
      agenda.add(now + draws.span(in: timings.settling), .workerSettles, index)
    }
    workers.append(worker)
    workerOfBrick[brick] = index
  }

  mutating func settle(_ index: Int, at now: Instant) {
    guard workers[index].state == .initializing else { return }
    let subvolume = workers[index].subvolume
    let hasActive = workers.contains { $0.subvolume == subvolume && $0.state == .active && !$0.isOrphan }
    workers[index].state = hasActive ? .passive : .active
    if !hasActive { agenda.add(now + draws.span(in: timings.beforeCrawl), .workerCrawls, index) }
  }

  mutating func takeOver(_ subvolume: Int, at now: Instant) {
    let mine = workers.indices.filter { workers[$0].subvolume == subvolume && !workers[$0].isOrphan }
    if mine.contains(where: { workers[$0].state == .active }) { return }
    guard let heir = mine.first(where: { workers[$0].state == .passive }) else { return }
    workers[heir].state = .active
    agenda.add(now + draws.span(in: timings.beforeCrawl), .workerCrawls, heir)
  }

  /// The worker is gone at once; what it had half written stays half written.
  mutating func end(_ index: Int, at now: Instant) {
    workers[index].state = .dead
    workers[index].batch = nil
    for job in 0...timings.jobs { link.cancel(linkID(index, job), at: now) }
    workers[index].jobs = []
  }

  // MARK: Events

  /// Takes an event from the agenda back. False if it is none of this model's.
  @discardableResult
  public mutating func handle(_ kind: UInt32, _ a: UInt32, _ b: Int64, at now: Instant) -> Bool {
    guard let event = GlusterEvent(rawValue: kind) else { return false }
    let index = Int(a)
    switch event {
    case .rollover: rollOver(index, at: now)
    case .workerSettles: settle(index, at: now)
    case .workerRespawns:
      if isStarted, let worker = workerOfBrick[index], workers[worker].state == .faulty {
        spawn(index, at: now)
      }
    case .workerCrawls: crawl(index, at: now)
    case .entriesReady: sendEntries(index, at: now)
    case .shardReady: sendShard(index, job: Int(b), at: now)
    case .linkDelivers: if b == link.generation { deliver(at: now) }
    case .workerTakesOver: takeOver(index, at: now)
    case .orphanEnds: if workers[index].isOrphan { end(index, at: now) }
    }
    rescheduleLink()
    return true
  }

  mutating func rescheduleLink() {
    if linkGeneration == link.generation { return }
    linkGeneration = link.generation
    if let next = link.nextCompletion() { agenda.add(next, .linkDelivers, 0, link.generation) }
  }

  func linkID(_ worker: Int, _ job: Int) -> UInt32 { UInt32(worker * (timings.jobs + 1) + job) }
}
