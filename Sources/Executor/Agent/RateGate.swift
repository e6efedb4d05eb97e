import Glibc
import Synchronization

/// When the next bytes may be read so that no second carries more than a rate allows: a value, told what time it is.
struct RatePlan: Sendable {
  /// Bytes a second, at least 1.
  let rate: Int64
  /// Nanoseconds; before it nothing may be read.
  private var free: Int64 = 0

  init(rate: Int64) { self.rate = max(1, rate) }

  /// Takes `count` bytes (below 8 GiB) and says how many nanoseconds to wait before reading them. Time that went by unused
  /// is not saved up: a stall is not followed by a burst.
  mutating func take(_ count: Int, now: Int64) -> Int64 {
    let begin = max(now, free)
    let (quotient, rest) = (Int64(count) / rate, Int64(count) % rate)
    free = begin + quotient * 1_000_000_000 + Int64(Double(rest) / Double(rate) * 1e9)
    return begin - now
  }
}

/// One rate for all threads of a job.
final class RateGate: Sendable {
  private let plan: Mutex<RatePlan>

  init(rate: Int64) { plan = Mutex(RatePlan(rate: rate)) }

  /// Blocks until `count` bytes may be read, or `isOver` says that nobody wants them any more.
  func take(_ count: Int, isOver: () -> Bool) {
    var left = plan.withLock { $0.take(count, now: MonotonicClock.nanoseconds) }
    while left > 0, !isOver() {
      let part = min(left, 200_000_000)
      var time = timespec(tv_sec: 0, tv_nsec: Int(part))
      nanosleep(&time, nil)
      left -= part
    }
  }
}

enum MonotonicClock {
  static var nanoseconds: Int64 { read(CLOCK_MONOTONIC) }
  /// Processor time of this process.
  static var processNanoseconds: Int64 { read(CLOCK_PROCESS_CPUTIME_ID) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
