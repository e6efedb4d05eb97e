import DRKit

/// One entry of the event queue, as it lies in its tables: 32 bytes, nothing counted, nothing boxed.
struct Scheduled: Comparable, BitwiseCopyable {
  /// The instant's nanoseconds, moved so that they compare (and split into digits) as unsigned.
  var time: UInt64
  /// Sequence, and in the lowest bit whether a task waits for it.
  var tag: UInt64
  var kind: UInt32
  var a: UInt32
  var b: Int64

  @inline(__always)
  init(at: Int64, tag: UInt64, kind: UInt32, a: UInt32, b: Int64) {
    time = Self.time(of: at)
    self.tag = tag
    self.kind = kind
    self.a = a
    self.b = b
  }

  @inline(__always)
  static func time(of at: Int64) -> UInt64 { UInt64(bitPattern: at) ^ (1 << 63) }

  var at: Int64 { Int64(bitPattern: time ^ (1 << 63)) }
  var isWakeUp: Bool { tag & 1 != 0 }

  /// By time, then by the order in which they were scheduled: total, so that no table's accidents show.
  @inline(__always)
  static func < (a: Scheduled, b: Scheduled) -> Bool {
    (UInt128(a.time) << 64 | UInt128(a.tag)) < (UInt128(b.time) << 64 | UInt128(b.tag))
  }

  @inline(__always)
  static func == (a: Scheduled, b: Scheduled) -> Bool { a.time == b.time && a.tag == b.tag }
}

/// What a wake-up's entry wakes.
enum WakeUpKind {
  /// The sleeper in slot `a`.
  static let sleep: UInt32 = 0
  /// The request number `a` that has lost its sender.
  static let landing: UInt32 = 1
}
