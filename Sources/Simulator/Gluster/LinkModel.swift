import DRKit

/// The line between the two sites: transfers share its bandwidth equally, and none moves while it is down. A dead link looks
/// like a slow one: nobody is told (docs/real-systems.md, Link cut).
///
/// A cap holds for each transfer alike, entries too: with few of them the line is not full.
///
/// A fluid model in integers: every transfer has had the same *service* since it began, so the next one to end is the one
/// with the least tag, whatever the bandwidth did in between.
public struct LinkModel: Sendable {
  /// Bytes a second.
  public let bandwidth: Int64
  public let latency: TimeSpan
  public private(set) var isUp = true
  /// Bytes a second of one transfer at most; nil: as much as the line has.
  public private(set) var cap: Int64?
  /// Bytes that were delivered.
  public private(set) var delivered: Int64 = 0
  /// Transfers that an outage held up.
  public private(set) var heldUp = 0
  /// Goes up when the next completion may have changed.
  private(set) var generation: Int64 = 0

  private struct Transfer {
    var id: UInt32
    /// Service at which it is through.
    var tag: Int64
    var bytes: Int64
  }

  private var transfers: [Transfer] = []
  /// Service that each active transfer has had, in 1/64 bytes, at `anchor`.
  private var service: Int64 = 0
  private var anchor = Instant(nanoseconds: 0)

  private static let unitsPerByte: Int64 = 64

  public init(bandwidth: Int64, latency: TimeSpan) {
    self.bandwidth = max(1, bandwidth)
    self.latency = latency
  }

  var count: Int { transfers.count }

  mutating func setUp(_ up: Bool, at now: Instant) {
    settle(now)
    if isUp && !up { heldUp += transfers.count }
    isUp = up
    generation += 1
  }

  mutating func setCap(_ cap: Int64?, at now: Instant) {
    settle(now)
    self.cap = cap
    generation += 1
  }

  /// Of all transfers together.
  private var rate: Int64 {
    guard let cap else { return bandwidth }
    let (sum, overflow) = cap.multipliedReportingOverflow(by: Int64(transfers.count))
    return overflow ? bandwidth : max(1, min(bandwidth, sum))
  }

  mutating func begin(_ id: UInt32, bytes: Int64, at now: Instant) {
    settle(now)
    if !isUp { heldUp += 1 }
    transfers.append(Transfer(id: id, tag: service + max(1, bytes) * Self.unitsPerByte, bytes: bytes))
    generation += 1
  }

  mutating func cancel(_ id: UInt32, at now: Instant) {
    guard let index = transfers.firstIndex(where: { $0.id == id }) else { return }
    settle(now)
    transfers.remove(at: index)
    generation += 1
  }

  /// Takes the transfers that are through, in the order in which they began.
  mutating func take(at now: Instant) -> [UInt32] {
    settle(now)
    var done: [UInt32] = []
    for transfer in transfers where transfer.tag <= service {
      done.append(transfer.id)
      delivered += transfer.bytes
    }
    if done.isEmpty { return done }
    transfers.removeAll { $0.tag <= service }
    generation += 1
    return done
  }

  /// When the next transfer is through if nothing changes; nil if none will be.
  func nextCompletion() -> Instant? {
    guard isUp, var least = transfers.first?.tag else { return nil }
    for transfer in transfers where transfer.tag < least { least = transfer.tag }
    let missing = UInt64(max(0, least - service))
    // service grows by bandwidth * units / (n * 1e9) a nanosecond; rounded up, so that the transfer is through then.
    let (high, low) = missing.multipliedFullWidth(by: UInt64(transfers.count) * 1_000_000_000)
    let rate = UInt64(self.rate * Self.unitsPerByte)
    if high >= rate { return nil }
    let (quotient, remainder) = rate.dividingFullWidth((high, low))
    let span = quotient + (remainder > 0 ? 1 : 0)
    return anchor + TimeSpan(nanoseconds: Int64(clamping: span))
  }

  private mutating func settle(_ now: Instant) {
    let span = UInt64(max(0, (now - anchor).nanoseconds))
    anchor = now
    if transfers.isEmpty {
      service = 0
      return
    }
    if !isUp { return }
    let (high, low) = span.multipliedFullWidth(by: UInt64(rate * Self.unitsPerByte))
    let shares = UInt64(transfers.count) * 1_000_000_000
    if high >= shares { return }
    service += Int64(clamping: shares.dividingFullWidth((high, low)).quotient)
  }
}
