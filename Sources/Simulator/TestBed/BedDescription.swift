import DRKit
import Simulator

/// A site for the engine to know, in names; what is not given an id gets one from the seed.
public struct BedDescription: Codable, Sendable, Hashable {
  public struct Domain: Codable, Sendable, Hashable {
    public var name: String
    public var id: StorageDomainID?
    /// `glusterfs` if not given.
    public var type: String?
    public var address: String
    /// With or without a leading slash.
    public var path: String
    /// GiB; 1024 if not given.
    public var available: Int?

    public init(
      name: String, id: StorageDomainID? = nil, type: String? = nil, address: String, path: String,
      available: Int? = nil
    ) {
      self.name = name
      self.id = id
      self.type = type
      self.address = address
      self.path = path
      self.available = available
    }
  }

  public struct Disk: Codable, Sendable, Hashable {
    /// The alias, unique in the bed.
    public var name: String
    public var id: DiskID?
    /// Its only volume.
    public var volume: VolumeID?
    /// A domain's name; none for a LUN.
    public var domain: String?
    /// `raw` if not given.
    public var format: VolumeFormat?
    /// MiB.
    public var size: Int
    public var storage: DiskStorage?
    public var shareable: Bool?
    /// `data` if not given.
    public var content: String?

    public init(
      name: String, id: DiskID? = nil, volume: VolumeID? = nil, domain: String?, format: VolumeFormat? = nil,
      size: Int, storage: DiskStorage? = nil, shareable: Bool? = nil, content: String? = nil
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

  public struct Machine: Codable, Sendable, Hashable {
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

  public var seed: UInt64
  public var dataCenter: String
  public var clusters: [String]
  public var domains: [Domain]
  public var disks: [Disk]
  public var machines: [Machine]

  public init(
    seed: UInt64 = 1, dataCenter: String = "Default", clusters: [String] = ["Default"], domains: [Domain],
    disks: [Disk], machines: [Machine]
  ) {
    self.seed = seed
    self.dataCenter = dataCenter
    self.clusters = clusters
    self.domains = domains
    self.disks = disks
    self.machines = machines
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
      Disk(name: "web-root", domain: "data", format: .cow, size: 64),
      Disk(name: "web-shared", domain: "data", size: 32, shareable: true),
      Disk(name: "db-root", domain: "data", size: 64),
      Disk(name: "db-data", domain: "data", format: .cow, size: 128),
      Disk(name: "app-root", domain: "data", size: 64),
      Disk(name: "app-scratch", domain: "other", size: 32),
      Disk(name: "app-lun", domain: nil, size: 1_024, storage: .lun),
      Disk(name: "old-root", domain: "data", format: .cow, size: 64),
      Disk(name: "he_virtio_disk", domain: "hosted_storage", size: 64, content: "hosted_engine"),
      Disk(name: "OVF_STORE", domain: "data", size: 128, content: "ovf_store"),
      Disk(name: "OVF_STORE_2", domain: "data", size: 128, content: "ovf_store"),
    ],
    machines: [
      Machine(name: "web", disks: ["web-root", "web-shared"]),
      Machine(name: "db", disks: ["db-root", "db-data", "web-shared"]),
      Machine(name: "app", disks: ["app-root", "app-scratch", "app-lun"]),
      Machine(name: "old", status: .down, disks: ["old-root"]),
      Machine(name: "HostedEngine", origin: "managed_hosted_engine", disks: ["he_virtio_disk"]),
    ])
}

extension BedDescription {
  /// The engine that knows this site.
  /// - Throws: `.unfit`, naming the machine or disk that refers to something that is not there, or stands twice.
  public func model(now: Instant) throws(DRError) -> EngineModel {
    var engine = EngineModel(seed: seed, dataCenterName: dataCenter)
    var clusterIDs: [String: ClusterID] = [:]
    for name in clusters { clusterIDs[name] = engine.addCluster(name: name) }
    let domainIDs = try addDomains(to: &engine)
    let diskIDs = try addDisks(to: &engine, domainIDs, now: now)
    var seen: Set<String> = []
    for machine in machines {
      guard seen.insert(machine.name).inserted else {
        throw Self.unfit("machine", machine.name, "stands twice")
      }
      let clusterName = machine.cluster ?? clusters.first ?? ""
      guard let cluster = clusterIDs[clusterName] else {
        throw Self.unfit("machine", machine.name, "cluster \"\(clusterName)\" does not exist")
      }
      var attachments: [EngineAttachment] = []
      for name in machine.disks {
        guard let disk = diskIDs[name] else {
          throw Self.unfit("machine", machine.name, "disk \"\(name)\" does not exist")
        }
        attachments.append(EngineAttachment(disk: disk, isBootable: attachments.isEmpty))
      }
      engine.add(
        EngineMachine(
          id: machine.id ?? engine.freshID(), name: machine.name, status: machine.status ?? .up,
          origin: machine.origin ?? "ovirt", cluster: cluster, attachments: attachments),
        now: now)
    }
    if let broken = engine.checkInvariants().first { throw Self.unfit("bed", "", broken) }
    return engine
  }

  private func addDomains(to engine: inout EngineModel) throws(DRError) -> [String: StorageDomainID] {
    var out: [String: StorageDomainID] = [:]
    for (index, domain) in domains.enumerated() {
      guard out[domain.name] == nil else { throw Self.unfit("storage domain", domain.name, "stands twice") }
      let id: StorageDomainID = domain.id ?? engine.freshID()
      out[domain.name] = id
      engine.add(
        EngineDomain(
          id: id, name: domain.name, storageType: domain.type ?? "glusterfs", address: domain.address,
          path: domain.path, isMaster: index == 0, available: Int64(domain.available ?? 1_024) << 30))
    }
    return out
  }

  private func addDisks(
    to engine: inout EngineModel, _ domainIDs: [String: StorageDomainID], now: Instant
  ) throws(DRError) -> [String: DiskID] {
    var out: [String: DiskID] = [:]
    for disk in disks {
      guard out[disk.name] == nil else { throw Self.unfit("disk", disk.name, "stands twice") }
      let storage = disk.storage ?? .image
      var domain: StorageDomainID?
      if storage == .image {
        guard let id = disk.domain.flatMap({ domainIDs[$0] }) else {
          throw Self.unfit("disk", disk.name, "storage domain \"\(disk.domain ?? "")\" does not exist")
        }
        domain = id
      }
      let id: DiskID = disk.id ?? engine.freshID()
      let volume = ChainVolume(id: disk.volume ?? engine.freshID(), format: disk.format ?? .raw, created: now)
      out[disk.name] = id
      engine.add(
        EngineDisk(
          id: id, alias: disk.name, storage: storage, domain: domain, contentType: disk.content ?? "data",
          provisionedSize: Int64(disk.size) << 20, isShareable: disk.shareable ?? false,
          chain: storage == .image ? [volume] : []))
    }
    return out
  }

  private static func unfit(_ kind: String, _ name: String, _ reason: String) -> DRError {
    DRError(
      .unfit, "build the bed", "\(kind) \(name)", reason: reason, remedy: "correct the bed's description")
  }
}
