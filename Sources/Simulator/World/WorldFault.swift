import DRKit

/// Something that goes wrong, and for how long: every fault ends by construction.
public struct WorldFault: Sendable, Hashable {
  /// The words of scenario files.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Nothing moves on the line; the status does not say so.
    case linkDown = "link.down"
    /// rsync exits with 0 and copies nothing.
    case rsyncCopiesNothing = "rsync.copies-nothing"
    /// Records of one shard of one base image never reach the changelog.
    case changelogLosesShard = "changelog.loses-shard"
    /// The file of one shard of one base image is gone from the secondary's brick; nothing records that.
    case secondaryLosesShard = "secondary.loses-shard"
    /// One shard of one base image is cut off at the secondary's brick; nothing records that.
    case secondaryTruncatesShard = "secondary.truncates-shard"
    /// Live crawls of workers that start while it lasts are deaf.
    case liveCrawlStall = "live-crawl.stall"
    /// Workers that start while it lasts are Faulty for 10 to 15 s first.
    case workerFaultyOnStart = "worker.faulty-on-start"
    /// The Active workers die at once; the monitors start new ones.
    case workerCrash = "worker.crash"
    /// The monitors die: status Stopped, while the workers go on until the fault ends.
    case monitorKilled = "monitor.killed"
    /// Snapshot requests are refused.
    case snapshotRefused = "snapshot.refused"
    /// Snapshot requests are accepted and then fail.
    case snapshotFails = "snapshot.fails"
    /// Merges are accepted and then fail.
    case mergeFails = "merge.fails"
    /// A guest shuts down, and is started again when the fault ends.
    case guestStops = "guest.stops"
    /// A guest that was down from the beginning starts.
    case guestStarts = "guest.starts"
    /// A guest migrates to another host while it lasts.
    case guestMigrates = "guest.migrates"
    /// Somebody else's tool snapshots the machine on top of drkit's snapshot, and removes its own when the fault ends.
    case snapshotForeign = "snapshot.foreign"
    /// Somebody else removes drkit's snapshot of the machine.
    case snapshotRemovedByOther = "snapshot.removed-by-other"
    /// The machine gets another disk on the domain, and keeps it.
    case diskAttached = "disk.attached"
    /// Calls never arrive.
    case portUnreachable = "port.unreachable"
    /// Calls take effect and the answer never comes.
    case portAnswerLost = "port.answer-lost"
    /// The process under test is killed; another one starts when the fault ends.
    case executorCrash = "executor.crash"
    /// Somebody else starts the session.
    case sessionStarted = "session.started"
    /// Somebody else stops the session.
    case sessionStopped = "session.stopped"
    /// A brick process of the primary is killed: its worker is Faulty, again and again, until the brick is started.
    case primaryBrickDown = "primary.brick-down"
    /// The secondary's brick process is killed: every worker is Faulty, and nothing can be read there or written.
    case secondaryBrickDown = "secondary.brick-down"
    /// Block jobs of live merges never get ready, as under a guest that writes faster than they copy.
    case mergeStalls = "merge.stalls"
    /// Everything that touches a brick takes longer: each dirty shard, each entry, each byte that is read for a digest.
    case storageSlow = "storage.slow"
  }

  public var kind: Kind
  /// From the simulation's beginning; of a fault with `during`, when it is armed.
  public var at: TimeSpan
  /// It begins when a run next begins this phase; nil: at `at`.
  public var during: Phase?
  /// So long after that phase began.
  public var after = TimeSpan.zero
  /// It never begins if the phase does not begin within so long of `at`; nil: it waits as long as it takes.
  public var window: TimeSpan?
  /// How long it lasts.
  public var span: TimeSpan
  /// How likely each occasion while it lasts is struck; always for faults without occasions.
  public var chance: Chance
  /// Occasions after which it is over; nil: only time ends it.
  public var times: Int?
  /// Which machine, from 1; nil: any. For machine faults.
  public var machine: Int?
  /// Which port's calls; nil: all. For port faults.
  public var port: SimPortName?
  /// How many times slower; for `storageSlow`.
  public var factor: Int64 = 10

  public init(
    _ kind: Kind, at: TimeSpan, for span: TimeSpan, during: Phase? = nil, window: TimeSpan? = nil,
    chance: Chance = .always, times: Int? = nil, machine: Int? = nil, port: SimPortName? = nil
  ) {
    self.kind = kind
    self.at = at
    self.span = span
    self.during = during
    self.window = window
    self.chance = chance
    self.times = times
    self.machine = machine
    self.port = port
    self.during = during
  }
}

/// The ports that a port fault can name.
public enum SimPortName: String, Sendable, Hashable, CaseIterable {
  case engine, georep, primary, secondary, cluster, journal, catalogue
}

/// A fault of the plan while the world runs.
struct ActiveFault: Sendable {
  let fault: WorldFault
  var isOn = false
  /// A fault with `during` begins once.
  var hasBegun = false
  /// Occasions looked at, struck or not.
  var occasions: UInt64 = 0
  /// Occasions struck: whether the fault was felt at all.
  var bites = 0

  /// Whether it strikes the present occasion. Decided by the fault's own seed and the occasion's number, so that a retry
  /// elsewhere shifts nothing.
  mutating func strikes(_ seed: Seed) -> Bool {
    guard isOn, fault.times.map({ bites < $0 }) ?? true else { return false }
    occasions += 1
    guard seed.strikes(fault.chance, site: Seed.site("occasion"), occasions) else { return false }
    bites += 1
    return true
  }
}
