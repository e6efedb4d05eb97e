import DRKit

/// World events and task wake-ups in one order. What is cancelled stays until it is due, or until it is half
/// of all.
struct EventQueue: ~Copyable {
  private var wheel: EventWheel
  /// Tags of entries that are still in the wheel but won't happen. Only asked for membership.
  private var cancelled: Set<UInt64> = []
  private var sequence: UInt64 = 0
  /// The last entry taken: all up to it have happened.
  private var taken = (time: UInt64(0), tag: UInt64(0))

  init(start: Int64) {
    wheel = EventWheel(start: Scheduled.time(of: start))
  }

  /// Entries that are due some time and not cancelled.
  var count: Int { wheel.count - cancelled.count }

  /// Schedules an entry, no earlier than the one taken last; returns what names it.
  @inline(__always)
  mutating func insert(at: Int64, isWakeUp: Bool, kind: UInt32, a: UInt32, b: Int64) -> EventHandle {
    sequence &+= 2
    let tag = sequence | (isWakeUp ? 1 : 0)
    wheel.insert(Scheduled(at: at, tag: tag, kind: kind, a: a, b: b))
    return EventHandle(time: Scheduled.time(of: at), tag: tag)
  }

  /// False if it has happened or was cancelled before.
  mutating func cancel(_ handle: EventHandle) -> Bool {
    guard (handle.time, handle.tag) > taken, cancelled.insert(handle.tag).inserted else { return false }
    if cancelled.count > 1_024, cancelled.count * 2 > wheel.count {
      let dead = cancelled
      wheel.retain { !dead.contains($0.tag) }
      cancelled.removeAll(keepingCapacity: true)
    }
    return true
  }

  /// The slot of the sleeper who is probably woken next, to have its memory ready.
  @inline(__always)
  func nextSleeper() -> Int? {
    guard let next = wheel.probablyNext(), next.pointee.isWakeUp, next.pointee.kind == WakeUpKind.sleep else {
      return nil
    }
    return Int(next.pointee.a)
  }

  /// Takes the next entry if it is due no later than `limit`.
  @inline(__always)
  mutating func take(until limit: Int64) -> Due {
    let end = Scheduled.time(of: limit)
    while let first = wheel.firstInPlace() {
      let time = first.pointee.time
      let tag = first.pointee.tag
      if !cancelled.isEmpty, cancelled.remove(tag) != nil {
        wheel.dropFirst()
        continue
      }
      guard time <= end else { return .later }
      wheel.dropFirst(happened: true)
      taken = (time, tag)
      return .entry(first)
    }
    return .nothing
  }
}

/// What `EventQueue.take` finds.
enum Due {
  /// Readable until the queue changes.
  case entry(UnsafePointer<Scheduled>)
  /// The next entry is due later.
  case later
  case nothing
}
