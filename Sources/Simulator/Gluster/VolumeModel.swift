import DRKit

/// A file of a simulated volume. Small files hold their bytes; an image holds numbers for its shards.
public struct VolumeFile: Sendable {
  public let gfid: Gfid
  /// Empty when no name leads to it (shards that arrived before their file).
  public internal(set) var path: String
  /// Where the file itself (its first shard) lies; a rename does not move it.
  public let subvolume: Int
  public internal(set) var isAlive = true
  /// Nil for an image.
  public internal(set) var bytes: [UInt8]?
  public internal(set) var size: Int64
  public internal(set) var shards: [ContentID]
  /// Bytes of each shard written since it was last delivered: what a transfer has to move.
  var unsent: [UInt32]
  /// The second of each shard's modification time, as rsync compares it; `unknownTime` where it has none.
  var modified: [Int32]
  /// The changelog in which each shard was last recorded.
  var recordedIn: [UInt32]
  var sizeRecordedIn: UInt32 = 0
  /// Shards whose files are gone from a secondary's brick. rsync runs with `--existing`: what is sent to them goes
  /// nowhere until an entry operation makes the file anew, and only a crawl of everything repeats that.
  var lost: Set<Int> = []
  /// Somebody wants to know when its content changes.
  var isWatched = false

  public var isImage: Bool { bytes == nil }

  /// Equal to no time: such a shard is copied.
  static let unknownTime: Int32 = -1

  @inline(__always)
  static func second(of instant: Instant) -> Int32 { Int32(truncatingIfNeeded: instant.epochSeconds) }
}

/// A simulated Gluster volume: files on subvolumes, shards placed by a stable hash; with changelogs when it is a primary.
///
/// Every mutation is at one instant. Nothing here knows of guests or of a session.
public struct VolumeModel: Sendable {
  public let name: String
  public let subvolumes: [[BrickName]]
  public let shardSize: Int64
  /// Bytes in all.
  public let capacity: Int64
  public let rollover: TimeSpan
  public internal(set) var isReadOnly = false
  public internal(set) var files: [VolumeFile] = []
  /// One a subvolume at a primary; empty at a secondary.
  public internal(set) var changelogs: [ChangelogRecorder]

  private var slotOfPath: [String: Int] = [:]
  private var slotOfGfid: [Gfid: Int] = [:]
  private var directories: [String: [String]] = ["": []]
  private let firstGfid: UInt32
  var nextGfid: UInt32
  var nextChangelog: UInt32
  /// Numbers for small files' contents; apart from the guests' writes.
  var nextVersion: UInt64 = 1 << 48
  var loss: LossPlan?
  /// Changes of content of watched files.
  public internal(set) var watchedChanges = 0
  /// Records that never reached a changelog.
  var lostRecords = 0

  public init(
    name: String, subvolumes: [[BrickName]], shardSize: Int64, capacity: Int64,
    rollover: TimeSpan = .seconds(15), isPrimary: Bool
  ) {
    self.name = name
    self.subvolumes = subvolumes
    self.shardSize = shardSize
    self.capacity = capacity
    self.rollover = rollover
    firstGfid = isPrimary ? 1 : 1 << 31
    nextGfid = firstGfid
    changelogs =
      isPrimary ? subvolumes.indices.map { ChangelogRecorder(number: UInt32($0) + 1) } : []
    nextChangelog = UInt32(subvolumes.count) + 1
  }

  public var geometry: VolumeGeometry {
    VolumeGeometry(
      name: name, isStarted: true, subvolumes: subvolumes, shardSize: shardSize, rollover: rollover,
      isReadOnly: isReadOnly)
  }

  // MARK: Looking

  public func slot(of path: String) -> Int? { slotOfPath[path] }
  func slot(of gfid: Gfid) -> Int? { slotOfGfid[gfid] }
  public func file(_ path: String) -> VolumeFile? { slotOfPath[path].map { files[$0] } }

  /// The whole of a small file.
  public func read(_ path: String) -> [UInt8]? { slotOfPath[path].flatMap { files[$0].bytes } }

  /// Sorted names, of files and directories; nil if there never was such a directory.
  public func list(_ directory: String) -> [String]? { directories[directory] }

  public var space: VolumeSpace {
    var used: Int64 = 0
    for file in files where file.isAlive {
      guard file.isImage else {
        used += file.size
        continue
      }
      var shards: Int64 = 0
      for shard in file.shards where shard != .hole { shards += 1 }
      used += min(file.size, shards * shardSize)
    }
    return VolumeSpace(total: capacity, available: max(0, capacity - used))
  }

  /// The subvolume of a new file at `path`: DHT hashes the name.
  public func placement(ofNewFile path: String) -> Int {
    let name =
      path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
    return Int(StableHash.text(name) % UInt64(subvolumes.count))
  }

  /// The subvolume of a shard: the first lies with its file, the others below `.shard` under a name of their own.
  @inline(__always)
  func placement(of slot: Int, shard: Int) -> Int {
    if shard <= 0 { return files[slot].subvolume }
    if subvolumes.count == 1 { return 0 }
    let hash = StableHash.mix(UInt64(files[slot].gfid.number) << 32 | UInt64(shard))
    return Int(hash % UInt64(subvolumes.count))
  }

  // MARK: Names

  /// Puts a new file into the tables; its `path` may be empty.
  mutating func insert(_ file: VolumeFile) -> Int {
    let slot = files.count
    files.append(file)
    slotOfGfid[file.gfid] = slot
    if !file.path.isEmpty { link(slot, file.path) }
    return slot
  }

  /// Lets `path` lead to the file; whatever it led to before dies.
  mutating func link(_ slot: Int, _ path: String) {
    if let old = slotOfPath[path], old != slot { bury(old) }
    files[slot].path = path
    slotOfPath[path] = slot
    enlist(path)
  }

  mutating func unlink(_ slot: Int) {
    delist(files[slot].path)
    slotOfPath[files[slot].path] = nil
    bury(slot)
  }

  mutating func move(_ slot: Int, to path: String) {
    if !files[slot].path.isEmpty {
      delist(files[slot].path)
      slotOfPath[files[slot].path] = nil
    }
    link(slot, path)
  }

  private mutating func bury(_ slot: Int) {
    if files[slot].isWatched { watchedChanges += 1 }
    files[slot].isAlive = false
    files[slot].shards = []
    files[slot].unsent = []
    files[slot].modified = []
    files[slot].recordedIn = []
    if files[slot].bytes != nil { files[slot].bytes = [] }
  }

  private mutating func enlist(_ path: String) {
    var child = path[...]
    while true {
      let cut = child.utf8.lastIndex(of: UInt8(ascii: "/"))
      let parent = cut.map { String(child[..<$0]) } ?? ""
      let name = cut.map { String(child[child.utf8.index(after: $0)...]) } ?? String(child)
      let position = Self.position(of: name, in: directories[parent] ?? [])
      if position.found { return }
      directories[parent, default: []].insert(name, at: position.index)
      guard let cut else { return }
      child = child[..<cut]
    }
  }

  private mutating func delist(_ path: String) {
    let cut = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let parent = cut.map { String(path[..<$0]) } ?? ""
    let name = cut.map { String(path[path.utf8.index(after: $0)...]) } ?? path
    let position = Self.position(of: name, in: directories[parent] ?? [])
    if position.found { directories[parent]?.remove(at: position.index) }
  }

  private static func position(of name: String, in names: [String]) -> (index: Int, found: Bool) {
    var low = 0
    var high = names.count
    while low < high {
      let middle = (low + high) / 2
      if names[middle] < name { low = middle + 1 } else { high = middle }
    }
    return (low, low < names.count && names[low] == name)
  }
}

/// Hashes that are the same on every machine and in every build.
enum StableHash {
  /// FNV-1a over UTF-8, then mixed: its low bits alone are poor.
  static func text(_ text: some StringProtocol) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return mix(hash)
  }

  static func bytes(_ bytes: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return mix(hash)
  }

  @inline(__always)
  static func mix(_ value: UInt64) -> UInt64 { SplitMix64.mix(value &+ SplitMix64.gamma) }
}
