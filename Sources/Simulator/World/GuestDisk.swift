import DRKit

/// One file of a disk's chain, as the guest's qemu has it open.
struct GuestLayer: Sendable {
  let volume: VolumeID
  /// The file's slot in the primary volume.
  let slot: Int
  /// For an overlay, per shard of the *disk*: the last write that it holds; a hole where it holds none.
  var contents: [ContentID]
  /// For an overlay, per shard of the disk: bytes that it holds.
  var bytes: [UInt32]
  /// Bytes that the overlay's file has grown to.
  var size: Int64
}

/// A disk with a guest that writes to it.
struct GuestDisk: Sendable {
  let disk: DiskID
  let machine: VirtualMachineID
  /// In the order of the plan, from 0.
  let machineIndex: Int
  let size: Int64
  let block: Int64
  let rate: Int64
  let table: SkewTable
  var random: Randomness
  /// Bottom first; the last is written to.
  var layers: [GuestLayer]
  /// Since when the machine has it.
  var attached: Instant
  /// Whether its machine runs.
  var isUp = true
  /// Bytes of writes that are due, times 10⁹.
  var debt: Int64 = 0
  var lastTick: Instant
  /// When it is looked at next, if it runs.
  var nextTick = Instant(nanoseconds: 0)
  var lastWrite: Instant

  /// How often the guest is looked at: a second, or as long as one write takes.
  var tick: TimeSpan {
    rate <= 0 ? .hours(24 * 365) : max(.seconds(1), TimeSpan(nanoseconds: block * 1_000_000_000 / rate))
  }

  /// How many writes are due since the last look.
  mutating func due(at now: Instant) -> Int {
    let span = (now - lastTick).nanoseconds
    lastTick = now
    debt += span * rate
    let unit = block * 1_000_000_000
    let writes = debt / unit
    debt -= writes * unit
    return Int(writes)
  }
}
