import DRKit
import Glibc

/// Real time for lab mode: it watches real processes, so there is no clock port here to take time from.
enum LabTime {
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  static func wall() -> UInt64 { read(CLOCK_REALTIME) }

  /// Nanoseconds since an arbitrary origin; never jumps.
  static func monotonic() -> UInt64 { read(CLOCK_MONOTONIC) }

  /// Blocks the calling thread. Never call it on a thread of the cooperative pool.
  static func sleep(nanoseconds: UInt64) {
    let end = monotonic() + nanoseconds
    withUnsafeTemporaryAllocation(of: timespec.self, capacity: 1) { buffer in
      guard let at = buffer.baseAddress else { return }
      let words = UnsafeMutableRawPointer(at)
      words.storeBytes(of: Int64(end / 1_000_000_000), as: Int64.self)
      words.storeBytes(of: Int64(end % 1_000_000_000), toByteOffset: 8, as: Int64.self)
      while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, nil) == EINTR {}
    }
  }

  private static func read(_ clock: clockid_t) -> UInt64 { UInt64(clamping: WallClock.read(clock)) }
}

/// The moment at which a wait gives up, on the monotonic clock.
struct LabDeadline {
  private let at: UInt64

  init(in span: TimeSpan) {
    at = LabTime.monotonic() + UInt64(max(0, span.nanoseconds))
  }

  var hasPassed: Bool { LabTime.monotonic() >= at }

  /// What is left, rounded up to whole milliseconds as `poll` wants them; 0 when it has passed.
  var milliseconds: Int32 {
    let now = LabTime.monotonic()
    guard at > now else { return 0 }
    return Int32(clamping: (at - now + 999_999) / 1_000_000)
  }
}
