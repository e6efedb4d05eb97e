import DRKit

/// How old the newest true point was, over time, and when there was none that could be used: the secondary's only copy is
/// overwritten in place while the next one arrives.
public struct ExposureRecord: Sendable, Hashable, Codable {
  /// When it began to be true, and the instant of the point; the last one holds until now.
  public private(set) var steps: [Step] = []
  /// Stretches in which no point could be used, after the first was sealed; the last may be open.
  public private(set) var gaps: [Gap] = []

  public struct Step: Sendable, Hashable, Codable {
    public var from: Instant
    public var point: Instant
  }

  public struct Gap: Sendable, Hashable, Codable {
    public var from: Instant
    public var until: Instant?
  }

  var isUsable: Bool { !steps.isEmpty && gaps.last.map { $0.until != nil } ?? true }

  mutating func sealed(_ point: Instant, at now: Instant) {
    steps.append(Step(from: now, point: point))
    if let last = gaps.indices.last, gaps[last].until == nil { gaps[last].until = now }
  }

  mutating func overwritten(at now: Instant) { gaps.append(Gap(from: now, until: nil)) }

  /// The greatest age that the newest true point reached, from the first seal to `end`; nil when nothing was sealed.
  public func longest(to end: Instant) -> TimeSpan? {
    guard !steps.isEmpty else { return nil }
    var longest = TimeSpan.zero
    for (index, step) in steps.enumerated() {
      let until = index + 1 < steps.count ? steps[index + 1].from : end
      longest = max(longest, until - step.point)
    }
    return longest
  }

  /// The longest stretch without a usable point after the first seal.
  public func longestGap(to end: Instant) -> TimeSpan {
    gaps.reduce(.zero) { max($0, ($1.until ?? end) - $1.from) }
  }
}
