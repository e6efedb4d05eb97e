import DRKit

/// Draws places of a disk, some more often than others: a Zipf distribution by octaves (all places of ranks 2ᵏ … 2ᵏ⁺¹-1 are
/// alike). Ranks are spread over the disk, as hot places of a guest are.
///
/// Made from square roots and products only, which IEEE 754 rounds alike on every machine; `pow` is not.
struct SkewTable: Sendable {
  private let count: UInt64
  /// Upper bounds of the octaves' shares of 2³².
  private let bounds: [UInt64]
  private let stride: UInt64
  private let offset: UInt64

  /// - Parameters:
  ///   - count: places, at least 1.
  ///   - skew: the exponent, in steps of 1/64; 0 makes all places alike.
  init(count: Int, skew: Double, seed: Seed) {
    self.count = UInt64(max(1, count))
    let step = Self.power(twoToMinus: Int((max(0, min(skew, 4)) * 64).rounded()))
    var shares: [Double] = []
    var first: UInt64 = 1
    var weight = 1.0
    while first <= self.count {
      let size = min(first, self.count - first + 1)
      shares.append(weight * Double(size))
      weight *= step
      first *= 2
    }
    let total = shares.reduce(0, +)
    var sum = 0.0
    var bounds: [UInt64] = []
    for share in shares {
      sum += share
      bounds.append(UInt64((sum / total * 4_294_967_296).rounded()))
    }
    bounds[bounds.count - 1] = 1 << 32
    self.bounds = bounds
    offset = seed.value % self.count
    var stride = (self.count * 5 / 8) | 1
    while Self.greatestCommonDivisor(stride, self.count) != 1 { stride += 2 }
    self.stride = stride
  }

  @inline(__always)
  func draw(_ random: inout Randomness) -> Int {
    let bits = random.next()
    let high = bits >> 32
    var octave = 0
    while high >= bounds[octave] { octave += 1 }
    let first = UInt64(1) << UInt64(octave)
    let size = min(first, count - first + 1)
    let rank = first - 1 + ((bits & 0xffff_ffff) * size) >> 32
    return Int((rank * stride + offset) % count)
  }

  /// 2^(-n/64).
  private static func power(twoToMinus n: Int) -> Double {
    var root = 0.5
    for _ in 0..<6 { root.formSquareRoot() }
    var product = 1.0
    for _ in 0..<n { product *= root }
    return product
  }

  private static func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
