import Crypto

extension Identifier {
  /// A version 5 identifier (RFC 9562 5.5): the same name in the same name space gives the same id for ever, so that
  /// whose an overlay is can be proved without any journal.
  public static func derived<Space>(from space: Identifier<Space>, name: String) -> Identifier {
    var hash = Insecure.SHA1()
    hash.update(data: space.bytes)
    hash.update(data: Array(name.utf8))
    var high: UInt64 = 0
    var low: UInt64 = 0
    for (index, byte) in hash.finalize().enumerated() where index < 16 {
      if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
    }
    high = high & 0xffff_ffff_ffff_0fff | 0x5000
    low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    return Identifier(high: high, low: low)
  }
}

/// Ids that a run derives instead of drawing.
public enum Derived {
  /// The overlay that `run` asks for on `disk` in its `attempt` (from 1).
  public static func overlay(run: RunID, disk: DiskID, attempt: Int) -> VolumeID {
    .derived(from: run, name: "overlay/\(disk)/\(attempt)")
  }

  /// The engine keeps (origin, custom id) unique for ever: a repeated post of the same event is recognised there.
  public static func eventID(run: RunID, event: String) -> Int32 {
    let id = RunID.derived(from: run, name: "event/\(event)")
    return Int32(truncatingIfNeeded: id.high >> 33) | 1
  }
}
