import DRKit
import Foundation

/// The wall clock, and the machine's monotonic one.
public struct SystemClock: DRClock {
  private let origin = ContinuousClock.now

  public init() {}

  public var now: Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  public var uptime: TimeSpan {
    let (seconds, attoseconds) = (ContinuousClock.now - origin).components
    return TimeSpan(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }

  public func sleep(for span: TimeSpan) async throws(DRError) {
    guard span > .zero else {
      if Task.isCancelled { throw .stopped }
      return
    }
    do { try await Task.sleep(nanoseconds: UInt64(span.nanoseconds)) } catch { throw .stopped }
  }
}
