/// How the content of an image is proved: what a run is told to do.
public enum VerifyLevel: Hashable, Sendable, Codable {
  /// Every byte is read on both sides.
  case full
  /// The size, and so many blocks of each volume, drawn anew for every run; all of them where there are no more.
  case sampled(blocks: Int)
}

/// Which blocks of a file are to be digested.
public struct DigestPlan: Hashable, Sendable, Codable {
  /// Bytes of a block: the volume's shards, 1 or more.
  public var block: Int64
  /// Nil: all of them.
  public var sample: BlockSample?

  public init(block: Int64, sample: BlockSample? = nil) {
    self.block = max(1, block)
    self.sample = sample
  }

  /// The blocks of a file of `size` bytes, ascending.
  public func indices(size: Int64) -> [Int64] {
    let count = BlockDigests.count(size: max(0, size), block: block)
    return sample?.indices(of: count) ?? Array(0..<count)
  }

  /// Bytes that it reads of a file of `size` bytes.
  public func bytes(size: Int64) -> Int64 {
    guard sample != nil else { return size }
    return indices(size: size).reduce(0) { $0 + min(block, size - $1 * block) }
  }
}

/// A draw of blocks without replacement. Both sides make it by themselves and get the same: it depends on nothing but the
/// seed and the number of blocks.
public struct BlockSample: Hashable, Sendable, Codable {
  /// At least 1.
  public var count: Int
  public var seed: UInt64

  public init(count: Int, seed: UInt64) {
    self.count = max(1, count)
    self.seed = seed
  }

  /// `count` distinct numbers below `blocks`, ascending, every set of them as likely; all where there are no more.
  public func indices(of blocks: Int64) -> [Int64] {
    guard blocks > Int64(count) else { return Array(0..<max(0, blocks)) }
    // Floyd's algorithm (Bentley and Floyd, CACM 30:9, 1987): one draw for each number that is wanted.
    var chosen: Set<Int64> = []
    var state = seed
    for top in (blocks - Int64(count))..<blocks {
      let drawn = Int64(Self.next(&state).multipliedFullWidth(by: UInt64(top) + 1).high)
      if !chosen.insert(drawn).inserted { chosen.insert(top) }
    }
    return chosen.sorted()
  }

  /// SplitMix64 (Steele, Lea and Flood 2014). Written out: agent and executor may come from different toolchains.
  private static func next(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

/// What stands behind an image's digest: how much of it was read on both sides, and how likely that shows a loss.
public struct ContentProof: Hashable, Sendable, Codable {
  public enum Level: String, Hashable, Sendable, Codable, CaseIterable {
    case full, sampled
  }

  public var level: Level
  /// Blocks of the volume: n.
  public var blocks: Int64
  /// Blocks that were compared: k.
  public var compared: Int64
  /// The probability that one lost block would have been noticed, 0...1: k of n drawn without replacement are k/n.
  public var detection: Double

  public init(blocks: Int64, compared: Int64) {
    self.blocks = blocks
    self.compared = compared
    level = compared >= blocks ? .full : .sampled
    detection = compared >= blocks ? 1 : Double(compared) / Double(blocks)
  }

  public init(_ digest: FileDigest) {
    let blocks = digest.block.map { BlockDigests.count(size: digest.size, block: max(1, $0)) } ?? 1
    self.init(blocks: blocks, compared: digest.read ?? blocks)
  }

  /// Of several, all of which an image stands on: the one that shows the least.
  public static func weakest(_ proofs: [ContentProof]) -> ContentProof? {
    proofs.min { ($0.detection, $0.blocks) < ($1.detection, $1.blocks) }
  }
}

extension ContentProof: CustomStringConvertible {
  public var description: String {
    guard level == .sampled else { return "every byte compared" }
    let permille = Int64(detection * 1_000)
    let percent = permille >= 10 ? "\(permille / 10).\(permille % 10) %" : "less than 1 %"
    return "\(compared) of \(blocks) shards compared: one lost shard would have shown with \(percent)"
  }
}

extension Derived {
  /// The seed of the blocks that `run` compares of a file: unforeseeable before the run, the same on both sides, another in
  /// the next run.
  public static func sampleSeed(run: RunID, path: String) -> UInt64 {
    let id = RunID.derived(from: run, name: "sample/\(path)")
    return id.high ^ (id.low << 32 | id.low >> 32)
  }
}
