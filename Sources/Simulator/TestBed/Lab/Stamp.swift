/// One stamped block: 4096 bytes that say which write of which disk they are, and prove that they are whole.
///
/// Little endian: `DRKS`, disk (u32), sequence (u64), nanoseconds since the epoch (u64), block number (u64), then a filler
/// derived from the sequence up to byte 4088, four zeroes, and a CRC-32 (zlib's) of the 4092 bytes before it. The same
/// format as `Tests/Lab/stamps.py`, which checks images independently.
struct Stamp: Hashable, Sendable {
  static let size = 4_096
  private static let magic: UInt32 = 0x534b_5244  // "DRKS"
  private static let crcOffset = size - 4

  /// The disk's index within its machine, 0..<disks.
  var disk: UInt32
  /// Position in the machine's one global order of writes, from 1. Disk `i` of `n` gets the sequences with `seq % n == i`;
  /// its own count is `seq / n`.
  var sequence: UInt64
  var nanoseconds: UInt64
  var block: UInt64

  /// The block that the `count`-th write of a disk goes to: a permutation of every run of `blocks` (a power of two).
  static func block(ofWrite count: UInt64, blocks: UInt64) -> UInt64 { (count &* spread) % blocks }

  /// 2^32 divided by the golden ratio; odd, thus a permutation modulo a power of two.
  static let spread: UInt64 = 2_654_435_761

  /// The bytes to write. `buffer` is reused from write to write and must hold `size` bytes.
  func encode(into buffer: inout [UInt8]) {
    let filler = (sequence &* 0x9e37_79b9_7f4a_7c15).littleEndian
    buffer.withUnsafeMutableBytes { bytes in
      bytes.storeBytes(of: Self.magic.littleEndian, toByteOffset: 0, as: UInt32.self)
      bytes.storeBytes(of: disk.littleEndian, toByteOffset: 4, as: UInt32.self)
      bytes.storeBytes(of: sequence.littleEndian, toByteOffset: 8, as: UInt64.self)
      bytes.storeBytes(of: nanoseconds.littleEndian, toByteOffset: 16, as: UInt64.self)
      bytes.storeBytes(of: block.littleEndian, toByteOffset: 24, as: UInt64.self)
      var offset = 32
      while offset < Self.size - 8 {
        bytes.storeBytes(of: filler, toByteOffset: offset, as: UInt64.self)
        offset += 8
      }
      bytes.storeBytes(of: 0, toByteOffset: offset, as: UInt32.self)
      let crc = CRC32.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<Self.crcOffset]))
      bytes.storeBytes(of: crc.littleEndian, toByteOffset: Self.crcOffset, as: UInt32.self)
    }
  }

  /// What a block on disk holds.
  enum Content: Hashable, Sendable {
    /// Only zeroes: never written.
    case empty
    case stamp(Stamp)
    /// Neither: torn, foreign or damaged.
    case damaged
  }

  /// Reads one block of exactly `size` bytes.
  static func decode(_ bytes: UnsafeRawBufferPointer) -> Content {
    func load<Value: FixedWidthInteger>(_ offset: Int) -> Value {
      Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
    guard load(0) == magic else {
      var offset = 0
      while offset < size {
        guard load(offset) == UInt64(0) else { return .damaged }
        offset += 8
      }
      return .empty
    }
    let crc = CRC32.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<crcOffset]))
    guard load(crcOffset) == crc else { return .damaged }
    return .stamp(Stamp(disk: load(4), sequence: load(8), nanoseconds: load(16), block: load(24)))
  }
}

/// The CRC-32 of zlib (polynomial 0xEDB88320, reflected), eight bytes at a time: writers checksum each block they write,
/// also in a debug build.
enum CRC32 {
  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc = UInt32.max
    tables.withUnsafeBufferPointer { table in
      var at = 0
      while at + 8 <= bytes.count {
        let low = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)) ^ crc
        let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
        let a = table[7 * 256 + Int(low & 0xff)] ^ table[6 * 256 + Int(low >> 8 & 0xff)]
        let b = table[5 * 256 + Int(low >> 16 & 0xff)] ^ table[4 * 256 + Int(low >> 24)]
        let c = table[3 * 256 + Int(high & 0xff)] ^ table[2 * 256 + Int(high >> 8 & 0xff)]
        let d = table[256 + Int(high >> 16 & 0xff)] ^ table[Int(high >> 24)]
        crc = a ^ b ^ c ^ d
        at += 8
      }
      while at < bytes.count {
        crc = table[Int((crc ^ UInt32(bytes[at])) & 0xff)] ^ (crc >> 8)
        at += 1
      }
    }
    return ~crc
  }

  /// Row r, column b: what byte b does to the checksum r bytes later.
  private static let tables: [UInt32] = {
    var rows = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : (value >> 1) ^ 0xedb8_8320 }
      rows[byte] = value
    }
    for row in 1..<8 {
      for byte in 0..<256 {
        let before = rows[(row - 1) * 256 + byte]
        rows[row * 256 + byte] = rows[Int(before & 0xff)] ^ (before >> 8)
      }
    }
    return rows
  }()
}
