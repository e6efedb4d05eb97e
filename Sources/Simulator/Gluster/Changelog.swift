import DRKit

/// An entry operation as a changelog keeps it.
public enum EntryOperation: Hashable, Sendable {
  case create(Gfid, path: String, isImage: Bool)
  case unlink(Gfid, path: String)
  case rename(Gfid, from: String, to: String)
  /// A shard file is made (MKNOD below `.shard`).
  case makeShard(Gfid, index: Int)
  /// The root directory's attributes change (SETATTR): on every subvolume, since DHT has directories on all.
  case touchRoot
}

/// One shard whose content changed, or with `sizeOnly` the size of the file.
public struct DirtyShard: Hashable, Sendable {
  public let gfid: Gfid
  public let index: Int32

  public static let sizeOnly: Int32 = -1
}

/// A closed changelog: what happened on one subvolume until `end`.
public struct Changelog: Sendable {
  public var end: Instant
  public var entries: [EntryOperation]
  public var dirty: [DirtyShard]
}

/// The changelogs of one subvolume: the open one, and those closed that the session has not worked off.
public struct ChangelogRecorder: Sendable {
  /// The open changelog's number, different for each that ever was on the volume: a shard that carries it is recorded.
  var number: UInt32
  var entries: [EntryOperation] = []
  var dirty: [DirtyShard] = []
  public private(set) var closed: [Changelog] = []

  init(number: UInt32) { self.number = number }

  /// Closes the open changelog; an empty one leaves nothing behind (so a quiet subvolume's stime never moves).
  /// - Returns: whether there is a new closed one.
  mutating func rollOver(at end: Instant, next: UInt32) -> Bool {
    number = next
    if entries.isEmpty && dirty.isEmpty { return false }
    closed.append(Changelog(end: end, entries: entries, dirty: dirty))
    entries = []
    dirty = []
    return true
  }

  /// Forgets what is worked off.
  mutating func trim(upTo end: Instant) {
    let done = closed.firstIndex { $0.end > end } ?? closed.count
    if done > 0 { closed.removeFirst(done) }
  }

  mutating func forgetAll() {
    entries = []
    dirty = []
    closed = []
  }
}

/// A fault of the changelog translator (docs/real-systems.md, Lost shards): records of one shard of one file
/// never reach the changelog.
struct LossPlan: Sendable {
  var gfid: Gfid
  /// When it ends by itself.
  var until: Instant
  /// Chosen at the first record of a shard of which nothing else waits to be sent, so that the loss matters.
  var shard: Int32?
}
