/// A probability as a threshold of 2⁻³² steps, so that a draw against it compares integers: never and always
/// are exact.
public struct Chance: Hashable, Sendable {
  /// 0 (never) … 2³² (always).
  public let threshold: UInt64

  public static let never = Chance(threshold: 0)
  public static let always = Chance(threshold: 1 << 32)

  /// - Parameter threshold: out of 2³²; more counts as always.
  public init(threshold: UInt64) { self.threshold = min(threshold, 1 << 32) }

  /// - Parameter probability: 0…1; what lies outside counts as never or always, and so does not-a-number as
  ///   never.
  public init(_ probability: Double) {
    // A product with a power of two is exact, so every machine rounds the same value.
    let scaled = (probability * 4_294_967_296).rounded()
    threshold = scaled >= 4_294_967_296 ? 1 << 32 : (scaled > 0 ? UInt64(scaled) : 0)
  }

  /// - Parameter partsPerMillion: 0…1,000,000; more counts as always.
  public init(partsPerMillion: UInt32) {
    self.init(threshold: (UInt64(partsPerMillion) << 32) / 1_000_000)
  }

  /// Whether 64 random bits fall within it. Looks at the upper half, the better one of every generator.
  public func holds(for bits: UInt64) -> Bool { bits >> 32 < threshold }
}
