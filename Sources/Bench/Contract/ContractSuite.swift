import DRKit

/// One suite for every implementation of the ports: it does what runs do, at a small scale, and judges the answers.
///
/// It changes the site: a machine is snapshotted and merged, the session is started, stopped, deleted and created again, and the
/// secondary is written to. For a simulated site, a test bed or a lab; not where a recovery point has to stand.
public struct ContractSuite: Sendable {
  public let ports: SyncPorts
  /// The storage domain's name at the engine.
  public let domain: String
  /// Of no run that the store knows: names of files, overlays and steps are derived from it.
  public let id: RunID
  /// Called with a line for each chapter.
  let progress: @Sendable (String) -> Void

  public init(
    ports: SyncPorts, domain: String, id: RunID, progress: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.ports = ports
    self.domain = domain
    self.id = id
    self.progress = progress
  }

  /// What belongs together. The raw value is the name in progress and troubles.
  public enum Chapter: String, Sendable, CaseIterable {
    case clock, store
    case engine = "the engine"
    case snapshot = "a snapshot"
    case session = "the session at rest"
    case primaryViews = "views of the primary"
    case nonces
    case secondaryViews = "views of the secondary"
    case cycle = "a cycle"
    case newSession = "a new session"
    /// What another process finds in the store that the chapter `store` has filled.
    case restart = "after a restart"
  }

  /// Runs chapters in this order; those that one process can run, unless told otherwise.
  /// - Throws: `.stopped` alone; every other error is a row's.
  public func run(
    _ book: inout ContractBook, _ chapters: [Chapter] = Chapter.allCases.filter { $0 != .restart }
  ) async throws(DRError) {
    for chapter in chapters {
      progress(chapter.rawValue)
      do throws(DRError) {
        try await run(chapter, &book)
      } catch {
        guard error.kind != .stopped else { throw error }
        book.trouble(chapter.rawValue, error)
      }
    }
  }

  private func run(_ chapter: Chapter, _ book: inout ContractBook) async throws(DRError) {
    switch chapter {
    case .clock: try await clock(&book)
    case .store: try await store(&book)
    case .engine: try await inventory(&book)
    case .snapshot:
      let newest = try await ports.engine.newestEvent()
      let taken = try await takeSnapshot(1, &book)
      try await mergeSnapshot(taken, &book)
      try await log(of: taken, after: newest, &book)
    case .session: try await sessionAtRest(&book)
    case .primaryViews: try await views(of: primaryContent, &book)
    case .nonces: try await nonces(&book)
    case .secondaryViews: try await secondaryViews(&book)
    case .cycle: try await cycle(&book)
    case .newSession: try await newSession(&book)
    case .restart: try await restarted(&book)
    }
  }

  // MARK: Tools

  /// The error of what should fail; nil if it does not.
  func error<T>(_ body: () async throws(DRError) -> T) async -> DRError? {
    do throws(DRError) {
      _ = try await body()
      return nil
    } catch {
      return error
    }
  }

  /// As the pipeline does: what is transient is tried again.
  func again<T>(_ body: () async throws(DRError) -> T) async throws(DRError) -> T {
    for _ in 0..<4 {
      do throws(DRError) { return try await body() } catch {
        guard error.kind == .transient else { throw error }
      }
      try await ports.clock.sleep(for: .seconds(1))
    }
    return try await body()
  }

  /// Looks until there is an answer.
  /// - Throws: `.timedOut`.
  @discardableResult
  func wait<T>(
    for what: String, within limit: TimeSpan, every interval: TimeSpan = .seconds(1),
    _ look: () async throws(DRError) -> T?
  ) async throws(DRError) -> T {
    let end = ports.clock.uptime + limit
    while true {
      do throws(DRError) {
        if let found = try await look() { return found }
      } catch {
        guard error.kind == .transient else { throw error }
      }
      guard ports.clock.uptime < end else {
        throw DRError(.timedOut, "wait for \(what)", reason: "not so within \(limit.wholeSeconds) s")
      }
      try await ports.clock.sleep(for: interval)
    }
  }

  /// Runs `body` with a fresh view, and closes it on every path.
  func look<T>(
    _ volume: ContractVolume, _ body: (any VolumeView) async throws(DRError) -> T
  ) async throws(DRError) -> T {
    let view = try await again { () async throws(DRError) in try await volume.view() }
    let result: Result<T, DRError>
    do throws(DRError) { result = .success(try await body(view)) } catch { result = .failure(error) }
    await view.close()
    return try result.get()
  }
}

/// Either volume: what both ports have in common.
struct ContractVolume: Sendable {
  let name: String
  /// Where the suite may write.
  let directory: String
  let view: @Sendable () async throws(DRError) -> any VolumeView
}

extension ContractSuite {
  func kind(_ error: DRError?) -> String { error.map { $0.kind.rawValue } ?? "success" }
}
