import DRKit

/// A catalogue that is another one but for what it does otherwise.
public protocol ForwardingCatalogue: Catalogue {
  var base: any Catalogue { get }
}

extension ForwardingCatalogue {
  public func takeLease(
    _ key: DestinationKey, owner: RunID, now: Instant, until expiry: Instant
  ) async throws(DRError) {
    try await base.takeLease(key, owner: owner, now: now, until: expiry)
  }
  public func releaseLease(_ key: DestinationKey, owner: RunID) async throws(DRError) {
    try await base.releaseLease(key, owner: owner)
  }
  public func save(_ run: RunRecord) async throws(DRError) { try await base.save(run) }
  public func unfinishedRun(_ key: DestinationKey) async throws(DRError) -> RunRecord? {
    try await base.unfinishedRun(key)
  }
  public func run(_ id: RunID) async throws(DRError) -> RunRecord? { try await base.run(id) }
  public func runs(_ key: DestinationKey?, limit: Int) async throws(DRError) -> [RunRecord] {
    try await base.runs(key, limit: limit)
  }
  public func save(_ point: RecoveryPoint) async throws(DRError) { try await base.save(point) }
  public func point(of run: RunID) async throws(DRError) -> RecoveryPoint? { try await base.point(of: run) }
  public func newestPoint(_ key: DestinationKey) async throws(DRError) -> RecoveryPoint? {
    try await base.newestPoint(key)
  }
  public func divergence(of key: DestinationKey) async throws(DRError) -> Divergence? {
    try await base.divergence(of: key)
  }
  public func save(_ divergence: Divergence) async throws(DRError) { try await base.save(divergence) }
  public func clearDivergence(of key: DestinationKey) async throws(DRError) {
    try await base.clearDivergence(of: key)
  }
  public func rsyncLimit(of key: DestinationKey) async throws(DRError) -> RsyncLimit? {
    try await base.rsyncLimit(of: key)
  }
  public func save(_ limit: RsyncLimit) async throws(DRError) { try await base.save(limit) }
  public func clearRsyncLimit(of key: DestinationKey) async throws(DRError) {
    try await base.clearRsyncLimit(of: key)
  }
}
