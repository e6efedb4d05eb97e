import DRKit

/// The pauses that a guest noticed: times between the completions of two writes.
struct PauseRecord: Hashable, Sendable {
  struct Pause: Hashable, Sendable {
    var nanoseconds: UInt64
    /// The write that ended it.
    var sequence: UInt64
    /// When that was, nanoseconds since the epoch.
    var at: UInt64
  }

  /// A pause from this length on is listed, the first hundred of them.
  static let threshold: UInt64 = 100_000_000
  private static let mostListed = 100

  private(set) var longest: Pause?
  private(set) var notable: [Pause] = []

  mutating func record(_ nanoseconds: UInt64, sequence: UInt64) {
    guard nanoseconds > longest?.nanoseconds ?? 0 || nanoseconds >= Self.threshold else { return }
    let pause = Pause(nanoseconds: nanoseconds, sequence: sequence, at: LabTime.wall())
    if nanoseconds > longest?.nanoseconds ?? 0 { longest = pause }
    if nanoseconds >= Self.threshold && notable.count < Self.mostListed { notable.append(pause) }
  }
}

/// Latencies in buckets an eighth of an octave wide: any number of writes in constant space, quantiles within 13 %.
struct LatencyHistogram: Hashable, Sendable {
  private var buckets = [UInt64](repeating: 0, count: 64 * 8)
  private(set) var count: UInt64 = 0
  /// Exact.
  private(set) var maximum: UInt64 = 0

  mutating func record(_ nanoseconds: UInt64) {
    buckets[Self.bucket(nanoseconds)] += 1
    count += 1
    maximum = max(maximum, nanoseconds)
  }

  /// The upper edge of the bucket that holds the quantile; nil without any latency.
  func quantile(perMille: UInt64) -> UInt64? {
    guard count > 0 else { return nil }
    let rank = max(1, (count * perMille + 999) / 1_000)
    var seen: UInt64 = 0
    for (index, n) in buckets.enumerated() {
      seen += n
      if seen >= rank { return min(maximum, Self.upperEdge(index)) }
    }
    return maximum
  }

  private static func bucket(_ value: UInt64) -> Int {
    guard value >= 8 else { return Int(value) }
    let octave = 63 - value.leadingZeroBitCount
    return octave * 8 + Int(value >> UInt64(octave - 3) & 7)
  }

  private static func upperEdge(_ bucket: Int) -> UInt64 {
    guard bucket >= 24 else { return UInt64(bucket) }
    let (octave, eighth) = (UInt64(bucket / 8), UInt64(bucket % 8))
    return ((8 + eighth + 1) << (octave - 3)) - 1
  }
}
