/// The only source of time in drkit.
public protocol DRClock: Sendable {
  /// Wall-clock time. May jump; what is journalled (deadlines, instants of snapshots) is in this time.
  var now: Instant { get }
  /// Time since an arbitrary origin that never jumps; for lengths within one incarnation.
  var uptime: TimeSpan { get }
  /// Sleeps for `span` (none if it is zero or negative).
  /// - Throws: `DRError` of kind `.stopped` when the incarnation is told to end.
  func sleep(for span: TimeSpan) async throws(DRError)
}
