internal import DRKit

/// When something is due: by time, then by the order in which it was scheduled. 16 bytes, so that four are one cache line.
struct EventKey: Comparable, BitwiseCopyable {
  /// The instant's nanoseconds, moved so that they compare as unsigned.
  var time: UInt64
  /// Sequence (39 bits), whether a task waits for it (1 bit), the slot of its payload (24 bits).
  var tag: UInt64

  static let slotBits: UInt64 = 24
  static let maximumSlots = 1 << 24
  static let maximumSequence: UInt64 = 1 << 39

  init(at: Int64, tag: UInt64) {
    time = UInt64(bitPattern: at) ^ (1 << 63)
    self.tag = tag
  }

  var at: Int64 { Int64(bitPattern: time ^ (1 << 63)) }
  var slot: Int { Int(truncatingIfNeeded: tag & 0xff_ffff) }
  var isWakeUp: Bool { tag & (1 << Self.slotBits) != 0 }

  @inline(__always)
  static func < (a: EventKey, b: EventKey) -> Bool {
    (UInt128(a.time) << 64 | UInt128(a.tag)) < (UInt128(b.time) << 64 | UInt128(b.tag))
  }
}

/// What a wake-up's entry wakes.
enum WakeUpKind {
  /// The sleeper in slot `a`.
  static let sleep: UInt32 = 0
  /// The request number `a` that has lost its sender.
  static let landing: UInt32 = 1
}

/// World events and task wake-ups in one order. Cancelled ones stay in the heap until they are due, or until they are half
/// of it.
struct EventQueue: ~Copyable {
  /// The rest of an event, apart from the heap so that sifting moves 16 bytes and not 40.
  private struct Payload {
    /// The key's tag, or 0 once cancelled (or while free).
    var tag: UInt64
    var kind: UInt32
    var a: UInt32
    /// While free: the next free slot, or -1.
    var b: Int64
  }

  private var heap = Heap4<EventKey>(capacity: 256)
  private var payloads = PlainArray<Payload>(capacity: 256)
  private var firstFree = -1
  private var cancelled = 0
  private var sequence: UInt64 = 1
  /// Set when an event found no room; it was dropped, and the run is void.
  private(set) var isFull = false

  /// Events that are due some time and not cancelled.
  var count: Int { heap.count - cancelled }

  @inline(__always)
  mutating func insert(at: Int64, isWakeUp: Bool, kind: UInt32, a: UInt32, b: Int64) -> UInt64 {
    var slot = firstFree
    if slot >= 0 {
      firstFree = Int(payloads[slot].b)
    } else {
      slot = payloads.count
      guard slot < EventKey.maximumSlots, sequence < EventKey.maximumSequence else {
        isFull = true
        return 0
      }
      payloads.append(Payload(tag: 0, kind: 0, a: 0, b: -1))
    }
    let tag = sequence << (EventKey.slotBits + 1) | (isWakeUp ? 1 << EventKey.slotBits : 0) | UInt64(slot)
    sequence &+= 1
    payloads[slot] = Payload(tag: tag, kind: kind, a: a, b: b)
    heap.insert(EventKey(at: at, tag: tag))
    return tag
  }

  /// False if it has happened or was cancelled before.
  mutating func cancel(tag: UInt64) -> Bool {
    let slot = Int(truncatingIfNeeded: tag & 0xff_ffff)
    guard tag != 0, slot < payloads.count, payloads[slot].tag == tag else { return false }
    payloads[slot].tag = 0
    cancelled &+= 1
    if cancelled > 1_024, cancelled * 2 > heap.count { compact() }
    return true
  }

  /// When the next event is due; nil if there is none.
  @inline(__always)
  mutating func nextTime() -> Int64? {
    while let key = heap.first {
      if payloads[key.slot].tag == key.tag { return key.at }
      _ = heap.takeFirst()
      release(key.slot)
      cancelled &-= 1
    }
    return nil
  }

  /// Takes the event that `nextTime` has just reported. The flag says whether a task waits for it; then `a` is its slot.
  @inline(__always)
  mutating func takeNext() -> (event: WorldEvent, isWakeUp: Bool)? {
    guard let key = heap.takeFirst() else { return nil }
    let payload = payloads[key.slot]
    release(key.slot)
    let event = WorldEvent(
      at: Instant(nanoseconds: key.at), kind: payload.kind, a: payload.a, b: payload.b)
    return (event, key.isWakeUp)
  }

  private func isDead(_ key: EventKey) -> Bool { payloads[key.slot].tag != key.tag }

  @inline(__always)
  private mutating func release(_ slot: Int) {
    payloads[slot].tag = 0
    payloads[slot].b = Int64(firstFree)
    firstFree = slot
  }

  private mutating func compact() {
    var free = firstFree
    let payloads = payloads.base
    heap.retain { key in
      if payloads[key.slot].tag == key.tag { return true }
      payloads[key.slot].b = Int64(free)
      free = key.slot
      return false
    }
    firstFree = free
    cancelled = 0
  }
}
