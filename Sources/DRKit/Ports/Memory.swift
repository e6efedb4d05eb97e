/// A step of a run: what is done at most once. `item` tells apart the same step for many things; empty if there is one.
public struct StepKey: Hashable, Sendable, Codable {
  public var run: RunID
  /// `phase.step`, a stable word: journals outlive versions.
  public var step: String
  public var item: String

  public init(run: RunID, step: String, item: String = "") {
    self.run = run
    self.step = step
    self.item = item
  }
}

/// The run in hand. A recorded value survives the process (SQLite with `synchronous=FULL`); a value is recorded once and
/// never changed.
public protocol Journal: Sendable {
  /// The recorded value (JSON), or nil.
  func value(for key: StepKey) async throws(DRError) -> [UInt8]?
  /// Durable when it returns. Recording a key again with the same value is success; with another value `.refused`.
  func record(_ value: [UInt8], for key: StepKey) async throws(DRError)
}

/// The history, and the lease that keeps two runs of one domain apart.
public protocol Catalogue: Sendable {
  /// Takes or renews the lease of the key for `owner` until `expiry`. `.busy`, naming the holder, when another owner's
  /// lease has not expired at `now`.
  func takeLease(
    _ key: DestinationKey, owner: RunID, now: Instant, until expiry: Instant
  ) async throws(DRError)
  func releaseLease(_ key: DestinationKey, owner: RunID) async throws(DRError)

  /// Inserts the record, or replaces the one with its id.
  func save(_ run: RunRecord) async throws(DRError)
  /// The newest run of the key whose outcome is still `running`.
  func unfinishedRun(_ key: DestinationKey) async throws(DRError) -> RunRecord?
  func run(_ id: RunID) async throws(DRError) -> RunRecord?
  /// Newest first.
  func runs(_ key: DestinationKey?, limit: Int) async throws(DRError) -> [RunRecord]

  /// Inserts the point; again with the same run is success.
  func save(_ point: RecoveryPoint) async throws(DRError)
  /// The one that the run sealed; nil if it sealed none.
  func point(of run: RunID) async throws(DRError) -> RecoveryPoint?
  /// The newest by `instant`.
  func newestPoint(_ key: DestinationKey) async throws(DRError) -> RecoveryPoint?

  /// Why the destination is diverged; nil when it is not known to be.
  func divergence(of key: DestinationKey) async throws(DRError) -> Divergence?
  /// Inserts the mark of its key, or replaces it.
  func save(_ divergence: Divergence) async throws(DRError)
  /// A mark that is not there is success.
  func clearDivergence(of key: DestinationKey) async throws(DRError)

  /// What drkit set among the session's rsync options; nil where it set nothing.
  func rsyncLimit(of key: DestinationKey) async throws(DRError) -> RsyncLimit?
  /// Inserts what is remembered of its key, or replaces it.
  func save(_ limit: RsyncLimit) async throws(DRError)
  /// One that is not there is success.
  func clearRsyncLimit(of key: DestinationKey) async throws(DRError)
}
