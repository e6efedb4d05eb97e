/// Scheduled entries in order: a small 4-ary heap of what is near, and a wheel of wheels for what is far.
///
/// A heap of 10⁵ entries is bound by cache misses (200 ns an event here). The wheel sorts only as far as is
/// needed: level l has 64 bags by the l-th digit (of 6 bits) of the time, an entry lies at the level of the
/// highest digit in which it differs from the cursor, and the first bag of the lowest level is spread over
/// lower levels, or put into the heap once it is small. That's a radix heap, cut off; it needs no tuning.
/// What comes out is the heap's total order, so none of this shows.
struct EventWheel: ~Copyable {
  private static let levels = 11
  private static let digitBits = 6
  /// A bag of at most so many entries goes straight into the heap.
  private static let smallBag = 24

  private var near = Heap4<Scheduled>(capacity: 256)
  /// The heap takes what is due up to here; all in the wheel is later.
  private var nearEnd: UInt64
  /// No later than all in the wheel; what an entry's place is relative to.
  private var cursor: UInt64
  private var pool = ChunkPool()
  private var bags = PlainArray<ChunkPool.Bag>(capacity: levels * 64)
  private var sizes = PlainArray<Int32>(capacity: levels * 64)
  /// By level: which of its bags hold something.
  private var occupied = PlainArray<UInt64>(capacity: levels)
  private var occupiedLevels: UInt32 = 0
  private var far = 0
  /// Entries put straight into the heap since it was last filled from the wheel.
  private var lateArrivals = 0
  /// No entry is or will be due before it: the time of what was taken last.
  private var floor: UInt64

  /// - Parameter start: no entry is due before it.
  init(start: UInt64) {
    cursor = start
    floor = start
    nearEnd = 0
    for _ in 0..<Self.levels * 64 {
      bags.append(-1)
      sizes.append(0)
    }
    for _ in 0..<Self.levels { occupied.append(0) }
  }

  var count: Int { near.count + far }

  @inline(__always)
  mutating func insert(_ entry: Scheduled) {
    if entry.time <= nearEnd {
      near.insert(entry)
      lateArrivals &+= 1
      if lateArrivals > 1_024, lateArrivals > count / 4, near.count > 1_024 { rebuild() }
    } else {
      place(entry)
    }
  }

  /// Where the first entry is, until the next change; nil if there is none.
  @inline(__always)
  mutating func firstInPlace() -> UnsafePointer<Scheduled>? {
    if let entry = near.leastInPlace() { return entry }
    guard far > 0 else { return nil }
    approach()
    return near.leastInPlace()
  }

  /// Takes the entry that `firstInPlace` pointed to; it stays readable there until the next change. With
  /// `happened`, nothing will be scheduled before it any more.
  @inline(__always)
  mutating func dropFirst(happened: Bool = false) {
    if happened, let entry = near.leastInPlace() { floor = entry.pointee.time }
    near.dropLeast()
  }

  /// What is probably next after the one that was dropped; nil if that is not cheap to tell.
  @inline(__always)
  func probablyNext() -> UnsafePointer<Scheduled>? { near.leastOfSuccessors() }

  /// Removes what does not satisfy `keep`, in time proportional to the number of entries.
  mutating func retain(where keep: (Scheduled) -> Bool) {
    near.retain(where: keep)
    for bag in 0..<Self.levels * 64 where bags[bag] >= 0 {
      var old = bags[bag]
      var kept: ChunkPool.Bag = -1
      var size: Int32 = 0
      while old >= 0 {
        let (chunk, count) = pool.detach(from: &old)
        for position in 0..<count {
          let entry = pool.entry(chunk, position)
          if keep(entry) {
            pool.append(entry, to: &kept)
            size += 1
          }
        }
        pool.free(chunk)
      }
      far -= Int(sizes[bag] - size)
      bags[bag] = kept
      sizes[bag] = size
      if size == 0 { clear(bag >> 6, bag & 63) }
    }
  }

  /// Puts an entry, no earlier than the cursor, into its bag.
  @inline(__always)
  private mutating func place(_ entry: Scheduled) {
    let distance = (entry.time ^ cursor) | 1
    // (63 - leading zeros) / 6, for 0…63.
    let level = ((63 &- distance.leadingZeroBitCount) &* 43) >> 8
    let digit = Int(truncatingIfNeeded: entry.time &>> UInt64(level &* Self.digitBits)) & 63
    let bag = level << 6 | digit
    var head = bags[bag]
    pool.append(entry, to: &head)
    bags[bag] = head
    sizes[bag] &+= 1
    occupied[level] |= 1 << UInt64(digit)
    occupiedLevels |= 1 << UInt32(level)
    far &+= 1
  }

  /// Brings the wheel's first entries into the heap, which is empty.
  private mutating func approach() {
    while far > 0 {
      let level = occupiedLevels.trailingZeroBitCount
      let digit = occupied[level].trailingZeroBitCount
      let bag = level << 6 | digit
      var rest = bags[bag]
      let size = Int(sizes[bag])
      bags[bag] = -1
      sizes[bag] = 0
      clear(level, digit)
      far &-= size
      if level == 0 || size <= Self.smallBag {
        var latest: UInt64 = 0
        while rest >= 0 {
          let (chunk, count) = pool.detach(from: &rest)
          pool.prefetch(rest)
          for position in 0..<count {
            let entry = pool.entry(chunk, position)
            latest = max(latest, entry.time)
            near.insert(entry)
          }
          pool.free(chunk)
        }
        nearEnd = latest
        cursor = latest
        lateArrivals = 0
        // By the time that these have happened, the next bag will have come.
        if occupied[level] != 0 { pool.prefetch(bags[level << 6 | occupied[level].trailingZeroBitCount]) }
        return
      }
      // The bag's first instant: the cursor's digits above, this digit, zeros below.
      let shift = UInt64(level * Self.digitBits)
      let above = ~((1 << (shift + UInt64(Self.digitBits))) &- 1) as UInt64
      cursor = cursor & above | UInt64(digit) << shift
      while rest >= 0 {
        let (chunk, count) = pool.detach(from: &rest)
        pool.prefetch(rest)
        for position in 0..<count {
          let entry = pool.entry(chunk, position)
          place(entry)
        }
        pool.free(chunk)
      }
    }
  }

  @inline(__always)
  private mutating func clear(_ level: Int, _ digit: Int) {
    occupied[level] &= ~(1 << UInt64(digit))
    if occupied[level] == 0 { occupiedLevels &= ~(1 << UInt32(level)) }
  }

  /// After many entries before `nearEnd`: sorts all of them anew, so that the heap is small again.
  private mutating func rebuild() {
    lateArrivals = 0
    var all = PlainArray<Scheduled>(capacity: count)
    while let entry = near.takeFirst() { all.append(entry) }
    for bag in 0..<Self.levels * 64 where bags[bag] >= 0 {
      var rest = bags[bag]
      while rest >= 0 {
        let (chunk, count) = pool.detach(from: &rest)
        pool.prefetch(rest)
        for position in 0..<count { all.append(pool.entry(chunk, position)) }
        pool.free(chunk)
      }
      bags[bag] = -1
      sizes[bag] = 0
      clear(bag >> 6, bag & 63)
    }
    far = 0
    cursor = floor
    nearEnd = 0
    for index in 0..<all.count { place(all[index]) }
  }
}
