/// Where a stream of random numbers begins. Seeds form a tree: every component takes a child by name and
/// index and owns the generator made from it, so that another consumer elsewhere shifts nobody's numbers.
public struct Seed: Hashable, Sendable {
  public let value: UInt64

  public init(_ value: UInt64) { self.value = value }

  /// The seed of a part. `name` says what it is (`"wan"`, `"scheduler"`), `index` which of them.
  public func child(_ name: StaticString, _ index: Int = 0) -> Seed {
    child(site: Self.site(name), index)
  }

  /// The same with a site made once by `Seed.site`.
  public func child(site: UInt64, _ index: Int = 0) -> Seed {
    var state = SplitMix64(state: value ^ site)
    let named = state.next()
    state = SplitMix64(state: named &+ UInt64(bitPattern: Int64(index)) &* 0xd6e8_feb8_6659_fd93)
    return Seed(state.next())
  }

  /// A number for a name: FNV-1a over its UTF-8, the same on every machine.
  public static func site(_ name: StaticString) -> UInt64 {
    name.withUTF8Buffer { fnv($0) }
  }

  /// The same for a name that is known only at run time (from a scenario file).
  public static func site(named name: String) -> UInt64 {
    var name = name
    return name.withUTF8 { fnv($0) }
  }

  /// A draw without a stream: the same for the same seed, site and `n`, whatever else has been drawn. For
  /// faults, where `n` counts the calls at the site: a retry elsewhere then moves no fault.
  public func hash(site: UInt64, _ n: UInt64) -> UInt64 {
    let mixed = SplitMix64.mix(value ^ site)
    return SplitMix64.mix(mixed &+ n &* SplitMix64.gamma)
  }

  /// Whether the fault at `site` strikes the `n`-th call, decided by `hash`.
  public func strikes(_ chance: Chance, site: UInt64, _ n: UInt64) -> Bool {
    chance.holds(for: hash(site: site, n))
  }

  private static func fnv(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return hash
  }
}

extension Seed: CustomStringConvertible {
  public var description: String { String(value) }
}

/// The generator that seeds the others (Steele, Lea and Flood 2014).
public struct SplitMix64: Sendable {
  public static let gamma: UInt64 = 0x9e37_79b9_7f4a_7c15

  public var state: UInt64

  public init(state: UInt64) { self.state = state }

  public mutating func next() -> UInt64 {
    state &+= Self.gamma
    return Self.mix(state)
  }

  /// Mixes 64 bits so that each depends on all; a bijection.
  public static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
