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
    var left = n
    while left > 1, delay > .zero, delay < longestDelay {
      delay = delay + delay
      left -= 1
    }
    return min(delay, longestDelay)
  }

  /// Runs `body`, again on transient errors only, with the back-off.
  func retrying<T>(
    _ clock: any DRClock, _ observer: any RunObserver, _ body: () async throws(DRError) -> T
  ) async throws(DRError) -> T {
    var attempt = 1
    while true {
      let failure: DRError
      do throws(DRError) {
        return try await body()
      } catch {
        failure = error
      }
      guard failure.kind == .transient, attempt < attempts else { throw failure }
      let delay = delay(after: attempt)
      observer.observe(.retrying(failure, attempt: attempt, after: delay), at: clock.now)
      try await clock.sleep(for: delay)
      attempt += 1
    }
  }
}
