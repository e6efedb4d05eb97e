import DRKit

/// Everything that a simulated world is built from: sizes, speeds, machines and faults. A plain value; a scenario file is one
/// way to get it.
public struct WorldPlan: Sendable, Hashable {
  public struct Volume: Sendable, Hashable {
    public var name: String
    public var subvolumes: Int
    public var replica: Int
    /// Bytes.
    public var shard: Int64
    /// Bytes.
    public var size: Int64

    public init(
      name: String, subvolumes: Int = 1, replica: Int = 1, shard: Int64 = 64 << 20, size: Int64 = 10 << 40
    ) {
      self.name = name
      self.subvolumes = subvolumes
      self.replica = replica
      self.shard = shard
      self.size = size
    }
  }

  /// How long the engine and its hosts take.
  public struct EngineSpeed: Sendable, Hashable {
    /// From the request of a snapshot to `ok`.
    public var snapshot: ClosedRange<TimeSpan> = .seconds(3)...(.seconds(12))
    /// Bytes a second of a live merge.
    public var merge: Int64 = 150 << 20
    /// Between two updates of OVF_STORE by the engine itself.
    public var ovfStore: TimeSpan = .minutes(60)

    public init() {}
  }

  /// A number of machines alike, with one disk each on the domain.
  public struct Machines: Sendable, Hashable {
    public var count: Int
    /// Bytes.
    public var disk: Int64
    public var format: VolumeFormat
    /// Bytes a second that each guest writes; 0 for a guest that is idle.
    public var rate: Int64
    /// Bytes of one write.
    public var block: Int64
    /// Exponent of the Zipf-like distribution of writes over the disk: 0 (all places alike) … 1.5.
    public var skew: Double
    /// Bytes of another disk of each, on another storage domain, which nobody cuts; nil for none.
    public var elsewhere: Int64?

    public init(
      count: Int, disk: Int64, format: VolumeFormat = .raw, rate: Int64, block: Int64 = 256 << 10,
      skew: Double = 0, elsewhere: Int64? = nil
    ) {
      self.count = count
      self.disk = disk
      self.format = format
      self.rate = rate
      self.block = block
      self.skew = skew
      self.elsewhere = elsewhere
    }
  }

  public var primary = Volume(name: "data")
  public var secondary = Volume(name: "data-dr")
  /// False: the secondary is empty and the session was never started.
  public var isSynced = true
  public var engine = EngineSpeed()
  public var session = SessionTimings()
  /// Bytes a second.
  public var bandwidth: Int64 = 125_000_000
  public var latency: TimeSpan = .milliseconds(20)
  public var machines: [Machines] = []
  public var faults: [WorldFault] = []
  /// Bytes a second that a view reads for a digest.
  public var digestRate: Int64 = 2 << 30

  public init() {}

  /// When every simulation begins: 2026-01-01T00:00:00Z.
  public static let birth = Instant(epochSeconds: 1_767_225_600)
}
