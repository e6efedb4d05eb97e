/// How often, and how patiently, a transient error is tried again.
public struct RetryPolicy: Hashable, Sendable, Codable {
  /// Tries in all, at least 1.
  public var attempts: Int
  /// Before the second try; doubled for each further one.
  public var firstDelay: TimeSpan
  /// The longest delay between two tries.
  public var longestDelay: TimeSpan

  public init(attempts: Int = 8, firstDelay: TimeSpan = .seconds(1), longestDelay: TimeSpan = .seconds(30)) {
    self.attempts = max(1, attempts)
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
  }

  /// The delay after the `n`-th failed try (from 1).
  public func delay(after n: Int) -> TimeSpan {
    var delay = firstDelay
    for _ in 1..<max(1, n) where delay < longestDelay { delay = delay + delay }
    return min(delay, longestDelay)
  }
}
