import Synchronization

/// Holds the lease of a destination for one incarnation of a run: gluster and the engine take no fencing token, so each
/// effect asks here first, and an incarnation whose lease ran out ends without touching anything more.
final class LeaseKeeper: Sendable {
  private let key: DestinationKey
  private let owner: RunID
  private let length: TimeSpan
  private let clock: any DRClock
  private let catalogue: any Catalogue
  /// Uptime at which the lease we last took runs out: not wall time, which may jump.
  private let expiry = Mutex(TimeSpan.zero)

  /// `owner` must be new for each incarnation: the run's own id would not tell two that resume it apart.
  init(key: DestinationKey, owner: RunID, length: TimeSpan, clock: any DRClock, catalogue: any Catalogue) {
    self.key = key
    self.owner = owner
    self.length = length
    self.clock = clock
    self.catalogue = catalogue
  }

  func take() async throws(DRError) {
    let began = clock.uptime
    let now = clock.now
    try await catalogue.takeLease(key, owner: owner, now: now, until: now + length)
    let until = began + length
    expiry.withLock { $0 = until }
  }

  /// - Throws: `.stopped` when the lease ran out or was taken over.
  func check() throws(DRError) {
    let until = expiry.withLock { $0 }
    guard clock.uptime < until else {
      throw DRError(
        .stopped, "act on \(key)", reason: "the lease ran out; another executor may have taken over")
    }
  }

  /// Renews until cancelled or until the lease is lost; returns in either case.
  func keep() async {
    while true {
      do throws(DRError) {
        try await clock.sleep(for: TimeSpan(nanoseconds: length.nanoseconds / 3))
        // One that stood still until its lease had run out must not come back to life with a lease that is free again.
        try check()
        try await take()
      } catch {
        // A transient failure leaves time for two more tries; a lost lease shows at the next check.
        if error.kind == .stopped || error.kind == .busy { return }
      }
    }
  }

  func release() async throws(DRError) {
    expiry.withLock { $0 = .zero }
    try await catalogue.releaseLease(key, owner: owner)
  }

  /// Does short work under the lease, and gives it back whatever comes of it. Long work calls `take` again in between.
  /// - Throws: `.busy` while somebody else holds it; what `body` throws.
  func holding<T: Sendable>(_ body: () async throws(DRError) -> T) async throws(DRError) -> T {
    try await take()
    let result: Result<T, DRError>
    do throws(DRError) { result = .success(try await body()) } catch { result = .failure(error) }
    // A lease that can't be given back ends by itself.
    try? await release()
    return try result.get()
  }
}
