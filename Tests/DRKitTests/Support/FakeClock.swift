import DRKit
import Synchronization
import Testing

/// A clock that stands still until somebody sleeps: a sleep advances it at once. A sleep of two minutes and more (a lease
/// keeper's; nothing else sleeps so long) parks until it is cancelled, so that it does not run the time away.
final class FakeClock: DRClock {
  static let parking = TimeSpan.minutes(2)

  private let state: Mutex<(now: Instant, uptime: TimeSpan, slept: [TimeSpan])>
  private let tripwire: Tripwire?

  init(at now: Instant = Instant(epochSeconds: 1_700_000_000), tripwire: Tripwire? = nil) {
    state = Mutex((now, .zero, []))
    self.tripwire = tripwire
  }

  var now: Instant { state.withLock { $0.now } }
  var uptime: TimeSpan { state.withLock { $0.uptime } }
  /// Every sleep asked for, in order, the parked ones left out.
  var slept: [TimeSpan] { state.withLock { $0.slept } }

  func sleep(for span: TimeSpan) async throws(DRError) {
    if span >= FakeClock.parking {
      do {
        try await Task.sleep(for: .seconds(100))
        Issue.record("a sleep of \(span.wholeSeconds) s was parked and never cancelled")
      } catch {
        // Cancelled, as it should be.
      }
      throw .stopped
    }
    if Task.isCancelled { throw .stopped }
    guard let tripwire else { return advance(span) }
    try tripwire.call("clock.sleep") { () throws(DRError) in advance(span) }
  }

  private func advance(_ span: TimeSpan) {
    state.withLock {
      $0.slept.append(span)
      guard span > .zero else { return }
      $0.now = $0.now + span
      $0.uptime = $0.uptime + span
    }
  }

  /// Time that passes while nobody sleeps.
  func pass(_ span: TimeSpan) {
    state.withLock {
      $0.now = $0.now + span
      $0.uptime = $0.uptime + span
    }
  }

  /// The wall clock is set; the uptime does not notice.
  func jump(_ span: TimeSpan) { state.withLock { $0.now = $0.now + span } }
}
