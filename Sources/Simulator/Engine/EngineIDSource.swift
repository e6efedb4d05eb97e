import DRKit

/// Fresh identifiers from a seed (SplitMix64, dressed as UUID version 4): the same seed gives the same ids.
public struct EngineIDSource: Sendable, Hashable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next<Kind>(_: Kind.Type = Kind.self) -> Identifier<Kind> {
    let high = word() & 0xffff_ffff_ffff_0fff | 0x4000
    let low = word() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    return Identifier(high: high, low: low)
  }

  private mutating func word() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
