/// A 128-bit identifier as oVirt writes it (`8-4-4-4-12` hexadecimal digits), typed by what it names so that a disk's id
/// can't be handed over where a volume's is wanted.
///
/// Own bytes rather than Foundation's `UUID`: DRKit makes ids only from the seeded stream or by derivation.
public struct Identifier<Kind>: Hashable, Sendable, Comparable {
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// `00000000-0000-0000-0000-000000000000`: vdsm's "no parent".
  public static var blank: Identifier { Identifier(high: 0, low: 0) }

  /// Reads the canonical text, in either case; nil for anything else (braces, missing dashes, other lengths).
  public init?(_ text: some StringProtocol) {
    var high: UInt64 = 0
    var low: UInt64 = 0
    var digits = 0
    var position = 0
    for byte in text.utf8 {
      defer { position += 1 }
      if position == 8 || position == 13 || position == 18 || position == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      let value: UInt64
      switch byte {
      case 0x30...0x39: value = UInt64(byte - 0x30)
      case 0x61...0x66: value = UInt64(byte - 0x61 + 10)
      case 0x41...0x46: value = UInt64(byte - 0x41 + 10)
      default: return nil
      }
      if digits < 16 { high = high << 4 | value } else { low = low << 4 | value }
      digits += 1
      if digits > 32 { return nil }
    }
    guard digits == 32, position == 36 else { return nil }
    self.high = high
    self.low = low
  }

  public static func < (a: Identifier, b: Identifier) -> Bool {
    a.high != b.high ? a.high < b.high : a.low < b.low
  }

  /// The sixteen bytes, most significant first (RFC 9562 order).
  public var bytes: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(16)
    for word in [high, low] {
      for shift in stride(from: 56, through: 0, by: -8) {
        out.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
    return out
  }
}

extension Identifier: CustomStringConvertible, LosslessStringConvertible {
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    var out: [UInt8] = []
    out.reserveCapacity(36)
    for (index, byte) in bytes.enumerated() {
      if index == 4 || index == 6 || index == 8 || index == 10 { out.append(UInt8(ascii: "-")) }
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
  }
}

extension Identifier: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Self(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is no UUID")
    }
    self = value
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

public enum StorageDomainKind {}
public enum VirtualMachineKind {}
public enum DiskKind {}
public enum VolumeKind {}
public enum SnapshotKind {}
public enum RunKind {}
public enum HostKind {}

public typealias StorageDomainID = Identifier<StorageDomainKind>
public typealias VirtualMachineID = Identifier<VirtualMachineKind>
/// A disk of the engine: an *image* directory on the storage domain.
public typealias DiskID = Identifier<DiskKind>
/// A volume of an image: a base or an overlay, one file on the storage domain (`images/<disk>/<volume>`).
public typealias VolumeID = Identifier<VolumeKind>
public typealias SnapshotID = Identifier<SnapshotKind>
public typealias RunID = Identifier<RunKind>
public typealias HostID = Identifier<HostKind>
