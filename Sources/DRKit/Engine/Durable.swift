/// The durable engine: straight-line code over a journal of steps.
///
/// Every effect is one `once`: if the journal holds its result, that is returned; otherwise the effect runs and its result is
/// recorded. A process killed between the effect and the record runs the effect again, so each effect must be idempotent.
public struct Durable: Sendable {
  public let run: RunID
  public let clock: any DRClock
  let journal: any Journal
  let observer: any RunObserver
  let retry: RetryPolicy
  let lease: LeaseKeeper?

  init(
    run: RunID, clock: any DRClock, journal: any Journal, observer: any RunObserver, retry: RetryPolicy,
    lease: LeaseKeeper?
  ) {
    self.run = run
    self.clock = clock
    self.journal = journal
    self.observer = observer
    self.retry = retry
    self.lease = lease
  }

  /// A durable engine without a lease, for single steps and tests.
  public init(
    run: RunID, clock: any DRClock, journal: any Journal, observer: any RunObserver = SilentObserver(),
    retry: RetryPolicy = RetryPolicy()
  ) {
    self.init(run: run, clock: clock, journal: journal, observer: observer, retry: retry, lease: nil)
  }

  /// Runs `body` unless the journal holds its result; records the result; returns it.
  public func once<T: Codable & Sendable>(
    _ step: String, _ item: String = "", _ body: () async throws(DRError) -> T
  ) async throws(DRError) -> T {
    if let known: T = try await recall(step, item) { return known }
    let value = try await retrying(body)
    try await remember(value, step, item)
    return value
  }

  /// `once` for an effect without a result.
  public func once(_ step: String, _ item: String = "", _ body: () async throws(DRError) -> Void)
    async throws(DRError)
  {
    if try await recall(step, item, as: Bool.self) != nil { return }
    try await retrying(body)
    try await remember(true, step, item)
  }

  /// The recorded result of a step, or nil.
  public func recall<T: Codable & Sendable>(
    _ step: String, _ item: String = "", as type: T.Type = T.self
  ) async throws(DRError) -> T? {
    let key = StepKey(run: run, step: step, item: item)
    let bytes = try await retrying { () async throws(DRError) in try await journal.value(for: key) }
    guard let bytes else { return nil }
    return try JournalCoding.decode(T.self, from: bytes, for: "\(step) \(item)")
  }

  public func remember(_ value: some Codable & Sendable, _ step: String, _ item: String = "")
    async throws(DRError)
  {
    let key = StepKey(run: run, step: step, item: item)
    let bytes = try JournalCoding.encode(value, for: step)
    try await retrying { () async throws(DRError) in try await journal.record(bytes, for: key) }
  }

  /// Runs `body`, again on transient errors only, with the policy's back-off.
  public func retrying<T>(_ body: () async throws(DRError) -> T) async throws(DRError) -> T {
    try await retry.retrying(clock, observer) { () async throws(DRError) in
      try lease?.check()
      return try await body()
    }
  }

  /// Sleeps until `instant`; at once if it is past.
  public func sleep(until instant: Instant) async throws(DRError) {
    try await clock.sleep(for: instant - clock.now)
  }
}
