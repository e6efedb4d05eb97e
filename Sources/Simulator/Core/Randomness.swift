import DRKit

/// A stream of random numbers: xoshiro256** (Blackman and Vigna 2018), seeded by SplitMix64.
///
/// Deliberately no `RandomNumberGenerator`: the standard library promises no stable algorithm for
/// `random(in:using:)` or `shuffled(using:)`, and a seed has to mean the same run after the next toolchain.
/// Use the draws below.
public struct Randomness: Sendable {
  @usableFromInline var s0: UInt64
  @usableFromInline var s1: UInt64
  @usableFromInline var s2: UInt64
  @usableFromInline var s3: UInt64

  public init(_ seed: Seed) {
    var source = SplitMix64(state: seed.value)
    s0 = source.next()
    s1 = source.next()
    s2 = source.next()
    s3 = source.next()
  }

  /// From a raw state, for tests against published values. All zero is no valid state and counts as seed 0.
  public init(state: (UInt64, UInt64, UInt64, UInt64)) {
    self.init(Seed(0))
    if state != (0, 0, 0, 0) { (s0, s1, s2, s3) = state }
  }

  /// The next 64 bits.
  @inlinable
  public mutating func next() -> UInt64 {
    let product = s1 &* 5
    let result = (product << 7 | product >> 57) &* 9
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = s3 << 45 | s3 >> 19
    return result
  }

  /// 0 ..< `bound`; 0 if the bound is 0. One draw always: multiply-shift without rejection, biased by at most
  /// bound / 2⁶⁴.
  @inlinable
  public mutating func below(_ bound: UInt64) -> UInt64 {
    next().multipliedFullWidth(by: bound).high
  }

  /// 0 ..< `count` as an index; 0 if there is nothing to choose from.
  public mutating func index(_ count: Int) -> Int { Int(below(UInt64(max(count, 0)))) }

  /// One of the range's numbers, each as likely.
  public mutating func integer(in range: ClosedRange<Int64>) -> Int64 {
    let width = UInt64(bitPattern: range.upperBound) &- UInt64(bitPattern: range.lowerBound)
    let offset = width == .max ? next() : below(width + 1)
    return Int64(bitPattern: UInt64(bitPattern: range.lowerBound) &+ offset)
  }

  /// A length of time within the range, to the nanosecond.
  public mutating func span(in range: ClosedRange<TimeSpan>) -> TimeSpan {
    TimeSpan(nanoseconds: integer(in: range.lowerBound.nanoseconds...range.upperBound.nanoseconds))
  }

  /// Whether something of this probability happens. One draw always, also for never and always.
  public mutating func happens(_ chance: Chance) -> Bool { chance.holds(for: next()) }

  /// One of the elements; nil if there are none (one draw all the same).
  public mutating func element<T>(of elements: some RandomAccessCollection<T>) -> T? {
    let offset = index(elements.count)
    return elements.isEmpty ? nil : elements[elements.index(elements.startIndex, offsetBy: offset)]
  }

  /// Fisher and Yates, from the end.
  public mutating func shuffle<T>(_ elements: inout [T]) {
    var last = elements.count - 1
    while last > 0 {
      elements.swapAt(last, index(last + 1))
      last -= 1
    }
  }

  /// A random identifier in the form of RFC 9562, version 4.
  public mutating func identifier<Kind>(of kind: Kind.Type = Kind.self) -> Identifier<Kind> {
    let high = next()
    let low = next()
    return Identifier(
      high: high & ~0xf000 | 0x4000,
      low: low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
  }
}
