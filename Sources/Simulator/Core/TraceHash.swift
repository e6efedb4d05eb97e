import DRKit

/// A running 64-bit hash of what happened, in order: the same for two runs if (and, but for accidents of
/// 2⁻⁶⁴, only if) they did the same. The same in every process and build: no seeded hashing, no addresses.
public struct TraceHash: Hashable, Sendable {
  public private(set) var value: UInt64 = 0x6a09_e667_f3bc_c908

  public init() {}

  /// Adds one step: an instant, what kind of step it was, and its integers.
  @inline(__always)
  public mutating func add(_ at: Instant, _ kind: UInt32, _ a: UInt32, _ b: Int64) {
    // The step's words are folded apart from the running value, so that the chain from step to step stays
    // short.
    var word = UInt64(bitPattern: at.nanoseconds) &* 0x9e37_79b9_7f4a_7c15
    word = (word ^ word >> 32) &+ (UInt64(kind) << 32 | UInt64(a))
    word = (word ^ word >> 29) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 32) &+ UInt64(bitPattern: b) &* 0x94d0_49bb_1331_11eb
    add(word)
  }

  /// Adds one word. A bijection of the running value: histories that differ never fall together again by
  /// themselves.
  @inline(__always)
  public mutating func add(_ word: UInt64) {
    var mixed = (value << 23 | value >> 41) ^ word
    mixed = mixed &* 0xff51_afd7_ed55_8ccd
    value = mixed ^ mixed >> 32
  }

  /// Adds text by its UTF-8 and its length.
  public mutating func add(_ text: String) {
    var length: UInt64 = 0
    for byte in text.utf8 {
      add(UInt64(byte))
      length += 1
    }
    add(length)
  }
}

extension TraceHash: CustomStringConvertible {
  /// Sixteen hexadecimal digits.
  public var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
