import DRKit

/// Draws without a stream: each is a hash of the seed, of what is drawn and of which of them it is. Another draw elsewhere shifts
/// none, so that a seed that once showed a bug goes on showing it.
struct Draws: Sendable {
  let seed: Seed

  init(_ seed: Seed) { self.seed = seed }

  func bits(_ what: StaticString, _ which: Int = 0) -> UInt64 {
    seed.hash(site: Seed.site(what), UInt64(bitPattern: Int64(which)))
  }

  /// One of the range's numbers, each as likely (but for 2⁻⁶⁴ of the range).
  func number(_ what: StaticString, _ which: Int = 0, in range: ClosedRange<Int64>) -> Int64 {
    let width = UInt64(range.upperBound - range.lowerBound) + 1
    return range.lowerBound + Int64(bits(what, which).multipliedFullWidth(by: width).high)
  }

  func count(_ what: StaticString, _ which: Int = 0, in range: ClosedRange<Int>) -> Int {
    Int(number(what, which, in: Int64(range.lowerBound)...Int64(range.upperBound)))
  }

  func span(_ what: StaticString, _ which: Int = 0, in range: ClosedRange<TimeSpan>) -> TimeSpan {
    TimeSpan(
      nanoseconds: number(what, which, in: range.lowerBound.nanoseconds...range.upperBound.nanoseconds))
  }

  /// Each power of two within the range as likely, so that short and long are tried alike. Whole seconds.
  func spread(_ what: StaticString, _ which: Int = 0, seconds range: ClosedRange<Int64>) -> Int64 {
    let bits = Self.bits(range.lowerBound)...Self.bits(range.upperBound)
    let exponent = number(what, which << 1, in: bits)
    let low = max(range.lowerBound, 1 << exponent)
    let high = min(range.upperBound, (2 << exponent) - 1)
    return number(what, which << 1 | 1, in: low...max(low, high))
  }

  func happens(_ what: StaticString, _ which: Int = 0, percent: UInt32) -> Bool {
    Chance(partsPerMillion: percent * 10_000).holds(for: bits(what, which))
  }

  /// One of the choices; there must be some.
  func choice<T>(_ what: StaticString, _ which: Int = 0, of choices: [T]) -> T {
    choices[count(what, which, in: 0...(choices.count - 1))]
  }

  private static func bits(_ number: Int64) -> Int64 { Int64(63 - max(1, number).leadingZeroBitCount) }
}
