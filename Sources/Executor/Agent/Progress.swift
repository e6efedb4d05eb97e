import Synchronization

/// Bytes read so far, by all threads.
final class Progress: Sendable {
  private let count = Atomic<Int>(0)

  var bytes: Int64 { Int64(count.load(ordering: .relaxed)) }

  func add(_ bytes: Int) { count.wrappingAdd(bytes, ordering: .relaxed) }
}

/// Tells a slow volume from one that has stopped answering: a value, told what time it is.
///
/// A read into a mount whose bricks are gone can hang for ever and nothing can interrupt it, so the whole process has to end.
struct StallWatch: Sendable {
  enum Verdict: Hashable, Sendable {
    case fine
    /// Time for a sign of life.
    case alive
    case stalled
  }

  /// Nanoseconds without a byte; `network.ping-timeout` is 42 s, and a mount has 90 s.
  var limit: Int64 = 120_000_000_000
  /// Nanoseconds between two signs of life: an ssh that went away is noticed by the first that can't be written.
  var interval: Int64 = 15_000_000_000
  private var bytes: Int64 = 0
  private var moved: Int64
  private var spoken: Int64

  init(now: Int64) { (moved, spoken) = (now, now) }

  mutating func look(_ count: Int64, now: Int64) -> Verdict {
    if count != bytes { (bytes, moved) = (count, now) }
    if now - moved >= limit { return .stalled }
    guard now - spoken >= interval else { return .fine }
    spoken = now
    return .alive
  }
}
