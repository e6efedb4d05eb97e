import DRKit
import Simulator

/// A site for the engine to know, in names; what is not given an id gets one from the seed.
public struct BedDescription: Sendable, Hashable {
  public struct Domain: Sendable, Hashable {
    public var name: String
    public var id: StorageDomainID?
    /// `glusterfs` if not given.
    public var type: String?
    public var address: String
    /// With or without a leading slash.
    public var path: String
    /// Bytes; 1 TiB if not given.
    public var available: Int64?

    public init(
      name: String, id: StorageDomainID? = nil, type: String? = nil, address: String, path: String,
      available: Int64? = nil
    ) {
      self.name = name
      self.id = id
      self.type = type
      self.address = address
      self.path = path
      self.available = available
    }
  }

  public struct Disk: Sendable, Hashable {
    /// The alias, unique in the bed.
    public var name: String
    public var id: DiskID?
    /// Its only volume.
    public var volume: VolumeID?
    /// A domain's name; none for a LUN.
    public var domain: String?
    /// `raw` if not given.
    public var format: VolumeFormat?
    /// Bytes.
    public var size: Int64
    public var storage: DiskStorage?
    public var shareable: Bool?
    /// `data` if not given.
    public var content: String?

    public init(
      name: String, id: DiskID? = nil, volume: VolumeID? = nil, domain: String?, format: VolumeFormat? = nil,
      size: Int64, storage: DiskStorage? = nil, shareable: Bool? = nil, content: String? = nil
    ) {
      self.name = name
      self.id = id
      self.volume = volume
      self.domain = domain
      self.format = format
      self.size = size
      self.storage = storage
      self.shareable = shareable
      self.content = content
    }
  }

  public struct Machine: Sendable, Hashable {
    public var name: String
    public var id: VirtualMachineID?
    /// `up` if not given.
    public var status: MachineStatus?
    /// `ovirt` if not given.
    public var origin: String?
    /// The first cluster if not given.
    public var cluster: String?
    /// Names of disks; the first is bootable.
    public var disks: [String]

    public init(
      name: String, id: VirtualMachineID? = nil, status: MachineStatus? = nil, origin: String? = nil,
      cluster: String? = nil, disks: [String]
    ) {
      self.name = name
      self.id = id
      self.status = status
      self.origin = origin
      self.cluster = cluster
      self.disks = disks
    }
  }

  public struct Fault: Sendable, Hashable {
    public var verb: EngineFaultPlan.Verb
    /// A machine's name; nil for any.
    public var machine: String?
    /// Which calls, counted from 1.
    public var calls: ClosedRange<Int>
    public var effect: EngineFaultPlan.Effect

    public init(
      _ verb: EngineFaultPlan.Verb, machine: String? = nil, calls: ClosedRange<Int>,
      _ effect: EngineFaultPlan.Effect
    ) {
      self.verb = verb
      self.machine = machine
      self.calls = calls
      self.effect = effect
    }
  }

  public var seed: UInt64
  public var dataCenter: String
  public var clusters: [String]
  public var domains: [Domain]
  public var disks: [Disk]
  public var machines: [Machine]
  /// Machines by name.
  public var faults: [Fault]
  /// For the performer that only waits.
  public var delays: WorkDelays

  public init(
    seed: UInt64 = 1, dataCenter: String = "Default", clusters: [String] = ["Default"], domains: [Domain],
    disks: [Disk], machines: [Machine], faults: [Fault] = [], delays: WorkDelays = WorkDelays()
  ) {
    self.seed = seed
    self.dataCenter = dataCenter
    self.clusters = clusters
    self.domains = domains
    self.disks = disks
    self.machines = machines
    self.faults = faults
    self.delays = delays
  }

  /// One Gluster domain with three running machines and one that is down, raw and cow disks, one of them shared by two, a
  /// disk on another domain, a LUN, the engine's own machine, and two OVF_STORE disks.
  public static let standard = BedDescription(
    domains: [
      Domain(name: "data", address: "gluster1.example", path: "/data"),
      Domain(name: "other", type: "nfs", address: "nas.example", path: "/export/other"),
      Domain(name: "hosted_storage", address: "gluster1.example", path: "/engine"),
    ],
    disks: [
      Disk(name: "web-root", domain: "data", format: .cow, size: 64 << 20),
      Disk(name: "web-shared", domain: "data", size: 32 << 20, shareable: true),
      Disk(name: "db-root", domain: "data", size: 64 << 20),
      Disk(name: "db-data", domain: "data", format: .cow, size: 128 << 20),
      Disk(name: "app-root", domain: "data", size: 64 << 20),
      Disk(name: "app-scratch", domain: "other", size: 32 << 20),
      Disk(name: "app-lun", domain: nil, size: 1_024 << 20, storage: .lun),
      Disk(name: "old-root", domain: "data", format: .cow, size: 64 << 20),
      Disk(name: "he_virtio_disk", domain: "hosted_storage", size: 64 << 20, content: "hosted_engine"),
      Disk(name: "OVF_STORE", domain: "data", size: 128 << 20, content: "ovf_store"),
      Disk(name: "OVF_STORE_2", domain: "data", size: 128 << 20, content: "ovf_store"),
    ],
    machines: [
      Machine(name: "web", disks: ["web-root", "web-shared"]),
      Machine(name: "db", disks: ["db-root", "db-data", "web-shared"]),
      Machine(name: "app", disks: ["app-root", "app-scratch", "app-lun"]),
      Machine(name: "old", status: .down, disks: ["old-root"]),
      Machine(name: "HostedEngine", origin: "managed_hosted_engine", disks: ["he_virtio_disk"]),
    ])
}
