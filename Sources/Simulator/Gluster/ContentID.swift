import DRKit

/// What a shard holds, as a number: which write made it what it is. Two shards with the same number hold the same bytes.
public struct ContentID: Hashable, Sendable {
  public let number: UInt64

  public init(_ number: UInt64) { self.number = number }

  /// No shard file at all; reads as zeros at the primary.
  public static let hole = ContentID(0)
  /// The shard file exists and holds no byte: its entry arrived, its data did not.
  public static let empty = ContentID(1)
  /// The first number that a write may have.
  public static let firstWrite: UInt64 = 16

  /// A mix of old and new bytes, as a transfer leaves it that was cut off or that was overtaken by a write
  /// (gsyncd's rsync has `--inplace`; docs/real-systems.md, Entry before data). Each mix is another one.
  public static func torn(_ serial: UInt64) -> ContentID { ContentID(1 << 63 | serial) }

  public var isTorn: Bool { number >> 63 != 0 }
}

/// A file's identity within both volumes of a session: geo-replication keeps it. Files born at the secondary have the top bit.
public struct Gfid: Hashable, Sendable {
  public let number: UInt32

  public init(_ number: UInt32) { self.number = number }
}

/// What happens by itself in the Gluster part of the world.
public enum GlusterEvent: UInt32, Sendable, CaseIterable {
  /// `a` = subvolume: its changelog is closed and a new one begins.
  case rollover = 1
  /// `a` = worker: it has mounted and registered, and becomes Active or Passive.
  case workerSettles
  /// `a` = brick: the monitor starts a new worker after a Faulty one.
  case workerRespawns
  /// `a` = worker: it looks for its next batch.
  case workerCrawls
  /// `a` = worker: the entry operations of its batch are ready for the link.
  case entriesReady
  /// `a` = worker, `b` = job: the shard's checksums are done, and its bytes go to the link.
  case shardReady
  /// `b` = the link's generation: the earliest transfer is through.
  case linkDelivers
  /// `a` = subvolume: a Passive worker takes over from one that died.
  case workerTakesOver
  /// An orphan worker (its monitor was killed) ends. `a` = worker.
  case orphanEnds
}

/// Events that a model wants to have happen, until whoever drives it takes them.
public struct Agenda: Sendable {
  public struct Item: Hashable, Sendable {
    public var at: Instant
    public var kind: UInt32
    public var a: UInt32
    public var b: Int64
  }

  public var items: [Item] = []

  public init() {}

  mutating func add(_ at: Instant, _ kind: GlusterEvent, _ a: Int = 0, _ b: Int64 = 0) {
    items.append(Item(at: at, kind: kind.rawValue, a: UInt32(truncatingIfNeeded: a), b: b))
  }
}
