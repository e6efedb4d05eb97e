import DRKit

/// What a worker works off at a time: the changelogs up to `end`, all entry operations first, then data.
struct Batch: Sendable {
  var end: Instant
  var entries: [EntryOperation]
  /// Files whose size changed.
  var sizes: [Gfid]
  var data: [DirtyShard]
  /// The next of `data` to be handed to a job.
  var next = 0
  var inFlight = 0
  var entriesAreDone = false

  var entriesPending: Int { entriesAreDone ? 0 : entries.count }
  var dataPending: Int { data.count - next + inFlight }
}

/// One rsync at work on one shard.
struct TransferJob: Sendable {
  var dirty: DirtyShard
  /// The primary's slot, and its content when the job began.
  var slot: Int
  var before: ContentID
  /// Of a small file then.
  var length: Int64
  /// What the worker's mount read of it earlier, and gives again.
  var stale: ContentID?
  /// Its modification time then, and whether rsync takes the copy for the same and sends nothing.
  var second: Int32
  var isPassedOver: Bool
  var bytes: Int64
}

/// The gsyncd worker of one brick; a new one each time the monitor starts one.
struct Worker: Sendable {
  enum State: Sendable, Hashable {
    case initializing, active, passive, faulty
    /// It is gone: its events mean nothing any more.
    case dead
  }

  let brick: Int
  let subvolume: Int
  var state: State
  var crawl = CrawlState.none
  /// The race in the brick's changelog translator struck: the live crawl will deliver nothing (glusterfs
  /// `changelog-ev-handle.c`; docs/real-systems.md, The live-crawl stall).
  var isStalled: Bool
  /// Its monitor is gone: it goes on under a status that says Stopped.
  var isOrphan = false
  var batch: Batch?
  var jobs: [TransferJob?]
  /// What its mount read of images' shards, where it keeps the pages (docs/real-systems.md, The worker's page cache).
  var pages: [DirtyShard: ContentID] = [:]

  /// Whether it has the secondary mounted.
  var lives: Bool { state == .initializing || state == .active || state == .passive }
}

/// How long things take, and how many there are.
public struct SessionTimings: Sendable, Hashable {
  /// From the worker's start to Active or Passive: ssh, mount, registration (5-6 s on the lab).
  public var settling: ClosedRange<TimeSpan> = .seconds(5)...(.seconds(6))
  /// From Active to the first crawl.
  public var beforeCrawl: ClosedRange<TimeSpan> = .milliseconds(300)...(.milliseconds(1_200))
  /// Of each batch, whatever is in it.
  public var batch: ClosedRange<TimeSpan> = .milliseconds(800)...(.milliseconds(1_600))
  /// What a worker spends on one dirty shard however little of it changed; the jobs share it out.
  public var shard: TimeSpan = .milliseconds(700)
  public var entry: TimeSpan = .milliseconds(2)
  /// `sync-jobs`.
  public var jobs = 3
  /// Faulty before the monitor starts another worker (gsyncd `monitor.py`; docs/real-systems.md, Kills and
  /// orphan workers).
  public var faulty: ClosedRange<TimeSpan> = .seconds(10)...(.seconds(15))
  public var takeOver: TimeSpan = .milliseconds(2_200)

  public init() {}
}
