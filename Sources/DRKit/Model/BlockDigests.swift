import Crypto

/// SHA-256 of one block of a file (the simulator fills it from its model of the content).
public struct BlockHash: Hashable, Sendable {
  /// The 32 bytes as four words, the first byte on top.
  public var a: UInt64
  public var b: UInt64
  public var c: UInt64
  public var d: UInt64

  public init(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) {
    (self.a, self.b, self.c, self.d) = (a, b, c, d)
  }

  public init(_ digest: SHA256.Digest) {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    for (index, byte) in digest.enumerated() {
      let value = UInt64(byte) << UInt64(56 - index % 8 * 8)
      switch index / 8 {
      case 0: words.0 |= value
      case 1: words.1 |= value
      case 2: words.2 |= value
      default: words.3 |= value
      }
    }
    self.init(words.0, words.1, words.2, words.3)
  }

  /// Nil unless it is 64 hexadecimal digits.
  public init?(hexadecimal text: some StringProtocol) {
    let digits = Array(text.utf8)
    guard digits.count == 64 else { return nil }
    var words: [UInt64] = []
    for start in stride(from: 0, to: 64, by: 16) {
      var word: UInt64 = 0
      for digit in digits[start..<start + 16] {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): word = word << 4 | UInt64(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): word = word << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
        default: return nil
        }
      }
      words.append(word)
    }
    self.init(words[0], words[1], words[2], words[3])
  }

  /// 64 lower-case hexadecimal digits.
  public var hexadecimal: String {
    [a, b, c, d].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

/// A file's content as the digests of its blocks, all of them or a sample.
///
/// A block is a shard where the volume is sharded: shard 0 is the file itself, shard n is `.shard/GFID.n`. So blocks can be
/// hashed on all cores at once, and two sides that differ can say where. A hole reads, and so hashes, as zeros.
public struct BlockDigests: Hashable, Sendable {
  public struct Block: Hashable, Sendable {
    /// From 0.
    public var index: Int64
    public var hash: BlockHash

    public init(index: Int64, hash: BlockHash) {
      self.index = index
      self.hash = hash
    }
  }

  /// Bytes of the file.
  public let size: Int64
  /// Bytes of a block, at least 1; the last may be shorter.
  public let block: Int64
  /// By ascending index.
  public let blocks: [Block]

  /// - Parameter blocks: in any order, each index once.
  public init(size: Int64, block: Int64, blocks: [Block]) {
    self.size = size
    self.block = max(1, block)
    self.blocks = blocks.sorted { $0.index < $1.index }
  }

  /// How many blocks the whole file has.
  public var count: Int64 { Self.count(size: size, block: block) }

  public static func count(size: Int64, block: Int64) -> Int64 {
    size / block + (size % block == 0 ? 0 : 1)
  }

  /// SHA-256 over what was read: a tag, size and block size, then index and hash of every block (numbers as eight bytes,
  /// big-endian).
  public var root: BlockHash {
    var hash = SHA256()
    hash.update(data: Array("drkit blocks 1\n".utf8))
    var bytes: [UInt8] = []
    func add(_ word: UInt64) {
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
    add(UInt64(bitPattern: size))
    add(UInt64(bitPattern: block))
    for block in blocks {
      add(UInt64(bitPattern: block.index))
      for word in [block.hash.a, block.hash.b, block.hash.c, block.hash.d] { add(word) }
    }
    hash.update(data: bytes)
    return BlockHash(hash.finalize())
  }

  /// What is recorded of it.
  public var digest: FileDigest {
    let read = Int64(blocks.count)
    return FileDigest(
      size: size, sha256: root.hexadecimal, block: block, read: read == count ? nil : read)
  }

  /// Indices of blocks that are not the same, or that only one side has.
  public func differing(from other: BlockDigests) -> [Int64] {
    var found: [Int64] = []
    var (mine, theirs) = (blocks[...], other.blocks[...])
    while let left = mine.first {
      guard let right = theirs.first else { break }
      if left == right {
        mine.removeFirst()
        theirs.removeFirst()
      } else if left.index == right.index {
        found.append(left.index)
        mine.removeFirst()
        theirs.removeFirst()
      } else if left.index < right.index {
        found.append(left.index)
        mine.removeFirst()
      } else {
        found.append(right.index)
        theirs.removeFirst()
      }
    }
    return found + mine.map(\.index) + theirs.map(\.index)
  }

  /// `3, 7-9 and 12 more`: at most `limit` runs of ascending indices.
  public static func text(_ indices: [Int64], limit: Int = 8) -> String {
    var runs: [ClosedRange<Int64>] = []
    for index in indices {
      if let last = runs.last, last.upperBound + 1 == index {
        runs[runs.count - 1] = last.lowerBound...index
      } else {
        runs.append(index...index)
      }
    }
    let words = runs.prefix(limit).map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
    }
    let rest = runs.dropFirst(limit).reduce(0) { $0 + $1.count }
    return words.joined(separator: ", ") + (rest == 0 ? "" : " and \(rest) more")
  }
}
