import CSimulatorHook

/// The tasks that sleep, each in a slot that its entry in the event queue points to.
struct SleepTable: ~Copyable {
  typealias Waker = UnsafeContinuation<Bool, Never>

  /// Not private: Swift 6.3.1's debug build emits a broken module for a private type in a noncopyable one's
  /// storage.
  struct Slot {
    /// The entry in the event queue; `.none` while free.
    var event: EventHandle
    /// Set once the task is suspended. Resumed with true when the time has come, with false when told to
    /// stop.
    var waker: Waker?
    var incarnation: UInt32
    /// Cancelled before it was suspended.
    var isStopped: Bool
    var nextFree: Int
  }

  enum Stop {
    /// It is awake already (or another task sleeps there now).
    case late
    /// It was about to sleep and won't.
    case early
    case wake(Waker)
  }

  private var slots = PlainArray<Slot>(capacity: 64)
  private var firstFree = -1
  private(set) var sleeping = 0

  var capacity: Int { slots.count }

  /// The slot that `reserve` will give next.
  @inline(__always)
  var nextSlot: Int { firstFree >= 0 ? firstFree : slots.count }

  @inline(__always)
  mutating func reserve(event: EventHandle, incarnation: UInt32) -> Int {
    let slot = nextSlot
    if firstFree >= 0 {
      firstFree = slots[slot].nextFree
    } else {
      slots.append(Slot(event: .none, waker: nil, incarnation: 0, isStopped: false, nextFree: -1))
    }
    slots[slot] = Slot(event: event, waker: nil, incarnation: incarnation, isStopped: false, nextFree: -1)
    sleeping &+= 1
    return slot
  }

  /// Suspends the task; false if it has been told to stop meanwhile, and then the slot is free again.
  @inline(__always)
  mutating func suspend(_ slot: Int, _ waker: Waker) -> Bool {
    if slots[slot].isStopped {
      release(slot)
      return false
    }
    slots[slot].waker = waker
    return true
  }

  /// The task whose time has come.
  @inline(__always)
  mutating func wake(_ slot: Int) -> (waker: Waker?, incarnation: UInt32) {
    let result = (slots[slot].waker, slots[slot].incarnation)
    release(slot)
    return result
  }

  /// Asks for the memory of a sleeper's task, some 1.5 KiB: a thousand of them don't fit into the cache, and
  /// fetching it takes as long as all the rest of a wake-up.
  @inline(__always)
  func prefetch(_ slot: Int) {
    guard let waker = slots[slot].waker else { return }
    let task = unsafeBitCast(waker, to: UnsafeRawPointer.self)
    for line in 0..<20 { drk_prefetch(task + line &* 64) }
  }

  mutating func stop(_ slot: Int, event: EventHandle) -> Stop {
    guard slots[slot].event == event else { return .late }
    guard let waker = slots[slot].waker else {
      slots[slot].isStopped = true
      return .early
    }
    release(slot)
    return .wake(waker)
  }

  /// The sleeper at `slot` if it is one of this incarnation (of any, if nil): its entry in the event queue.
  func event(at slot: Int, of incarnation: UInt32?) -> EventHandle? {
    guard slots[slot].event != .none, slots[slot].waker != nil else { return nil }
    guard incarnation == nil || incarnation == slots[slot].incarnation else { return nil }
    return slots[slot].event
  }

  @inline(__always)
  private mutating func release(_ slot: Int) {
    slots[slot].event = .none
    slots[slot].waker = nil
    slots[slot].nextFree = firstFree
    firstFree = slot
    sleeping &-= 1
  }
}
