/// A file's size and digest: what a seal records.
public struct FileDigest: Hashable, Sendable, Codable {
  public var size: Int64
  /// 64 hexadecimal digits (32 bytes); the simulator fills it from its model of the content.
  public var sha256: String
  /// Bytes of a block where `sha256` is a `BlockDigests.root`; nil where it is plain SHA-256 of the bytes, as points had it
  /// before there were blocks.
  public var block: Int64?
  /// How many blocks were read; nil: all.
  public var read: Int64?

  public init(size: Int64, sha256: String, block: Int64? = nil, read: Int64? = nil) {
    self.size = size
    self.sha256 = sha256
    self.block = block
    self.read = read
  }
}

/// A file that a run writes at the primary to see it arrive: one on each subvolume.
public struct Nonce: Hashable, Sendable, Codable {
  /// Index into `VolumeGeometry.subvolumes` of the primary.
  public var subvolume: Int
  /// Relative to the volume's root.
  public var path: String

  public init(subvolume: Int, path: String) {
    self.subvolume = subvolume
    self.path = path
  }
}

/// A fresh look at a volume: a FUSE mount made for this view alone (a long-lived mount at the secondary was seen to give
/// stale data). Paths are relative to the volume's root, `/` separated, without `..`.
///
/// `close` must be called; a real view is already detached from the name space, so that a killed process leaks no mount.
public protocol VolumeView: Sendable {
  /// The whole of a small file (at most 1 MiB); nil when it does not exist.
  func read(_ path: String) async throws(DRError) -> [UInt8]?

  /// At most `count` bytes (1 MiB at most) of a file of any size, from `offset`; fewer at its end, none past it; nil when it
  /// does not exist.
  func read(_ path: String, at offset: Int64, count: Int) async throws(DRError) -> [UInt8]?

  /// Names in a directory (`""` is the root), sorted; nil when it does not exist.
  func list(_ directory: String) async throws(DRError) -> [String]?

  /// Bytes; nil when the file does not exist.
  func size(of path: String) async throws(DRError) -> Int64?

  /// Plain SHA-256 of the file as this view reads it; nil when it does not exist. Missing shards are an error
  /// (`.disproved`) where the volume is read-only; elsewhere they read as zeros, so compare (docs/real-systems.md, Holes).
  func digest(of path: String) async throws(DRError) -> FileDigest?

  /// The digests of the blocks that the plan names; nil when the file does not exist. Errors as in `digest(of:)`.
  ///
  /// A view that has no blocks may take the whole file for one: it reads more than was asked, never less.
  func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests?

  /// That content can be digested, asked before a run needs it; says how, for a human.
  /// - Throws: `.unfit` for a program that is missing there or does not understand ours.
  func checkDigests() async throws(DRError) -> String

  /// Replaces the file's content by `<path>.new` and rename, keeping owner and mode; makes missing directories.
  func replace(_ path: String, with bytes: [UInt8]) async throws(DRError)

  /// Removes one file. A file that is not there is success.
  func remove(_ path: String) async throws(DRError)

  func space() async throws(DRError) -> VolumeSpace

  func close() async
}

extension VolumeView {
  /// For views of small files only: the whole is read, and cut.
  public func read(_ path: String, at offset: Int64, count: Int) async throws(DRError) -> [UInt8]? {
    try await read(path).map { Array($0.dropFirst(Int(max(0, offset))).prefix(max(0, count))) }
  }

  public func checkDigests() async throws(DRError) -> String { "through the mount" }

  public func digests(of path: String, _ plan: DigestPlan) async throws(DRError) -> BlockDigests? {
    guard let whole = try await digest(of: path) else { return nil }
    guard let hash = BlockHash(hexadecimal: whole.sha256) else {
      throw DRError(.malformed, "digest a file", path, reason: "\"\(whole.sha256)\" is no SHA-256")
    }
    return BlockDigests(
      size: whole.size, block: whole.size,
      blocks: whole.size == 0 ? [] : [BlockDigests.Block(index: 0, hash: hash)])
  }
}

/// The primary volume's content: nonces, digests of frozen bases, space.
public protocol PrimaryVolume: Sendable {
  func view() async throws(DRError) -> any VolumeView

  /// Writes `content` into one file on *every* subvolume (the names are found by asking where each lands) and returns
  /// them. Repeating it with other content rewrites the same files.
  func writeNonces(_ content: [UInt8], under directory: String) async throws(DRError) -> [Nonce]
}

/// The secondary volume's content.
public protocol SecondaryVolume: Sendable {
  func view() async throws(DRError) -> any VolumeView
}

/// The secondary cluster's administration.
public protocol SecondaryCluster: Sendable {
  func geometry() async throws(DRError) -> VolumeGeometry

  /// The connections of each brick that tells them, the volume's own daemons and one's own mounts included. A brick that is down,
  /// or could not be asked, is left out: nothing is known of it. (gluster gives the same empty answer for "nobody" and for
  /// "could not be asked": only a brick that shows one's own mount is known to tell.)
  func clients() async throws(DRError) -> [BrickClients]

  /// What receives the session's data. It is at this end that rsync 3.5.0 copies nothing (measured).
  func dataMover() async throws(DRError) -> DataMover

  /// Sets `features.read-only`.
  func setReadOnly(_ readOnly: Bool) async throws(DRError)
}
