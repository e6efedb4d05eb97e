/// Why a wait goes on, for whoever watches.
public struct Waiting: Sendable {
  public var phase: Phase
  public var reason: String

  public init(_ phase: Phase, _ reason: String) {
    self.phase = phase
    self.reason = reason
  }
}

extension Durable {
  /// Asks `probe` every `interval` until it gives a value, and records that; the deadline is journalled before the first
  /// look, so that a resumption does not extend it. Transient errors of the probe are waited out.
  /// - Throws: `.timedOut` with the reason, and the last transient error if there was one.
  public func poll<T: Codable & Sendable>(
    _ step: String, _ item: String = "", _ waiting: Waiting, within limit: TimeSpan, every interval: TimeSpan,
    _ probe: () async throws(DRError) -> T?
  ) async throws(DRError) -> T {
    if let known: T = try await recall(step, item) { return known }
    let value = try await watch(step, item, waiting, within: limit, every: interval, probe)
    try await remember(value, step, item)
    return value
  }

  /// `poll` for what may change again: only the deadline is journalled, each incarnation looks for itself.
  func watch<T: Sendable>(
    _ step: String, _ item: String = "", _ waiting: Waiting, within limit: TimeSpan, every interval: TimeSpan,
    _ probe: () async throws(DRError) -> T?
  ) async throws(DRError) -> T {
    let deadline = try await deadline(step, item, limit)
    var lastError: DRError?
    while true {
      try lease?.check()
      do throws(DRError) {
        if let value = try await probe() { return value }
        lastError = nil
      } catch {
        guard error.kind == .transient else { throw error }
        lastError = error
      }
      let now = clock.now
      guard now < deadline else {
        let tail = lastError.map { "; the last look failed: \($0.reason)" } ?? ""
        throw DRError(
          .timedOut, "wait", waiting.reason, reason: "not so within \(limit.wholeSeconds) s\(tail)")
      }
      observer.observe(.waiting(waiting.phase, reason: waiting.reason, deadline: deadline), at: now)
      try await clock.sleep(for: min(interval, deadline - now))
    }
  }

  /// A deadline `limit` from now, decided once.
  func deadline(_ step: String, _ item: String, _ limit: TimeSpan) async throws(DRError) -> Instant {
    let deadline = try await once(step + ".deadline", item) { () async throws(DRError) in clock.now + limit }
    observer.observe(.deadline(StepKey(run: run, step: step, item: item), deadline), at: clock.now)
    return deadline
  }

  /// Runs `body` for each item, at most `limit` at once, and returns every result in the items' order.
  ///
  /// - Parameter stopsAtFailure: no further item is begun after the first failure, which then stands for those not begun.
  /// - Throws: what ends the incarnation only, when it ended any of them.
  public func each<Item: Sendable, T: Sendable>(
    _ items: [Item], limit: Int, stopsAtFailure: Bool = false,
    _ body: @escaping @Sendable (Item) async throws(DRError) -> T
  ) async throws(DRError) -> [Result<T, DRError>] {
    let results = await withTaskGroup(of: (Int, Result<T, DRError>).self) { group in
      var results: [Result<T, DRError>?] = Array(repeating: nil, count: items.count)
      var next = 0
      var failure: Result<T, DRError>?
      func add() {
        let index = next
        let item = items[index]
        next += 1
        group.addTask {
          do throws(DRError) { return (index, .success(try await body(item))) } catch {
            return (index, .failure(error))
          }
        }
      }
      while next < min(max(1, limit), items.count) { add() }
      while let (index, result) = await group.next() {
        results[index] = result
        if case .failure = result, stopsAtFailure, failure == nil { failure = result }
        if next < items.count, failure == nil { add() }
      }
      return results.compactMap { $0 ?? failure }
    }
    for case .failure(let error) in results where error.endsIncarnation { throw error }
    return results
  }
}
