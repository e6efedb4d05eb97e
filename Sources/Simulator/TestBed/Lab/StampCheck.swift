/// What a disk's stamped region proves: whether it is EXACTLY the state after the disk's first writes, up to some one.
struct StampCheck: Hashable, Sendable {
  /// The newest sequence found on the disk; 0 when nothing was written.
  var lastSequence: UInt64 = 0
  /// When that block was written, nanoseconds since the epoch.
  var lastNanoseconds: UInt64 = 0
  /// Blocks that hold a good stamp.
  var written = 0
  /// Blocks that are neither empty nor a good stamp of this disk at this place.
  var damaged: [UInt64] = []
  /// Blocks that hold another write than they should if the disk stood right after `lastSequence`.
  var wrong: [UInt64] = []

  var isExact: Bool { damaged.isEmpty && wrong.isEmpty }

  /// Checks the first `blocks` (a power of two) blocks of disk `disk` of `disks`.
  ///
  /// - Parameter read: Delivers the block's 4096 bytes.
  static func run<Failure: Error>(
    disk: UInt32, disks: UInt64, blocks: UInt64, read: (UInt64) throws(Failure) -> [UInt8]
  ) throws(Failure) -> StampCheck {
    var check = StampCheck()
    var found = [UInt64](repeating: 0, count: Int(blocks))
    for block in 0..<blocks {
      let content = try read(block).withUnsafeBytes { Stamp.decode($0) }
      switch content {
      case .empty: continue
      case .stamp(let stamp)
      where stamp.disk == disk && stamp.block == block
        && stamp.sequence > 0 && stamp.sequence % disks == UInt64(disk):
        found[Int(block)] = stamp.sequence
        check.written += 1
        if stamp.sequence > check.lastSequence {
          check.lastSequence = stamp.sequence
          check.lastNanoseconds = stamp.nanoseconds
        }
      case .stamp, .damaged:
        check.damaged.append(block)
      }
    }
    let last = check.lastSequence
    let inverse = inverse(of: Stamp.spread)
    for block in 0..<blocks where found[Int(block)] != expected(at: block) { check.wrong.append(block) }

    /// The sequence that the disk's writes up to `last` leave in the block; 0 for none.
    func expected(at block: UInt64) -> UInt64 {
      // The disk's own counts that go to this block: first, first + blocks, first + 2*blocks, … Sequence 0 is no write.
      var first = (block &* inverse) % blocks
      if first == 0 && disk == 0 { first = blocks }
      let newest = last / disks
      guard last > 0, first <= newest else { return 0 }
      return (first + (newest - first) / blocks * blocks) * disks + UInt64(disk)
    }
    return check
  }

  /// The inverse of an odd number modulo 2^64 (Newton: each round doubles the correct bits, 3 to begin with).
  private static func inverse(of odd: UInt64) -> UInt64 {
    var x = odd
    for _ in 0..<5 { x = x &* (2 &- odd &* x) }
    return x
  }
}
