import DRKit

public enum ClusterKind {}
public enum DataCenterKind {}
public enum JobKind {}

public typealias ClusterID = Identifier<ClusterKind>
public typealias DataCenterID = Identifier<DataCenterKind>
public typealias JobID = Identifier<JobKind>

/// A storage domain as the engine's database holds it.
public struct EngineDomain: Sendable, Hashable {
  public enum Status: String, Sendable, Hashable, CaseIterable {
    case active, inactive, locked, maintenance, unattached, unknown
  }

  public var id: StorageDomainID
  public var name: String
  /// `glusterfs`, `nfs`, …
  public var storageType: String
  /// The host part of `host:/volume`.
  public var address: String
  /// As REST shows it: with a leading slash, or without one where it was entered so.
  public var path: String
  /// As `datacenters/{dc}/storagedomains/{sd}` shows it; the top-level resource has no status for an attached domain.
  public var status: Status
  public var externalStatus: ExternalStatus
  public var isMaster: Bool
  /// Bytes.
  public var available: Int64
  /// Bytes.
  public var used: Int64
  /// GiB: with less than this available, operations that need space are refused (409 "Low disk space").
  public var criticalSpaceBlocker: Int
  /// What the last OVF_STORE update wrote; nil before the first.
  public var ovfStore: OVFStoreContent?

  public init(
    id: StorageDomainID, name: String, storageType: String = "glusterfs", address: String, path: String,
    status: Status = .active, externalStatus: ExternalStatus = .ok, isMaster: Bool = false,
    available: Int64 = 1 << 40, used: Int64 = 0, criticalSpaceBlocker: Int = 5
  ) {
    self.id = id
    self.name = name
    self.storageType = storageType
    self.address = address
    self.path = path
    self.status = status
    self.externalStatus = externalStatus
    self.isMaster = isMaster
    self.available = available
    self.used = used
    self.criticalSpaceBlocker = criticalSpaceBlocker
  }
}

/// A machine's OVF as it lies in an OVF_STORE.
public struct OVFDocument: Sendable, Hashable {
  public var machine: VirtualMachineID
  public var text: String

  public init(machine: VirtualMachineID, text: String) {
    self.machine = machine
    self.text = text
  }
}

/// The payload of a domain's OVF_STORE disks, without the tar around it.
public struct OVFStoreContent: Sendable, Hashable {
  public var updated: Instant
  public var documents: [OVFDocument]

  public init(updated: Instant, documents: [OVFDocument]) {
    self.updated = updated
    self.documents = documents
  }

  public func text(of machine: VirtualMachineID) -> String? {
    documents.first { $0.machine == machine }?.text
  }
}

public struct EngineAttachment: Sendable, Hashable {
  public var disk: DiskID
  /// Plugged.
  public var isActive: Bool
  public var isBootable: Bool
  public var isReadOnly: Bool
  /// `virtio_scsi`, `virtio`, `sata`.
  public var interface: String

  public init(
    disk: DiskID, isActive: Bool = true, isBootable: Bool = false, isReadOnly: Bool = false,
    interface: String = "virtio_scsi"
  ) {
    self.disk = disk
    self.isActive = isActive
    self.isBootable = isBootable
    self.isReadOnly = isReadOnly
    self.interface = interface
  }
}

public struct EngineMachine: Sendable, Hashable {
  public var id: VirtualMachineID
  public var name: String
  public var description: String
  public var status: MachineStatus
  /// `managed_hosted_engine` names the engine's own machine.
  public var origin: String
  public var cluster: ClusterID
  /// Where it runs, or ran last.
  public var host: HostID?
  /// Bytes.
  public var memory: Int64
  /// A stateless machine that runs refuses snapshots.
  public var isStateless: Bool
  public var attachments: [EngineAttachment]
  /// Oldest first; exactly one is of type `active`, and it is the last.
  public internal(set) var snapshots: [EngineSnapshot] = []
  /// The operation that locks the machine, if any.
  public internal(set) var operation: WorkID?

  public init(
    id: VirtualMachineID, name: String, description: String = "", status: MachineStatus = .up,
    origin: String = "ovirt", cluster: ClusterID = .blank, memory: Int64 = 1 << 30,
    isStateless: Bool = false, attachments: [EngineAttachment] = []
  ) {
    self.id = id
    self.name = name
    self.description = description
    self.status = status
    self.origin = origin
    self.cluster = cluster
    self.memory = memory
    self.isStateless = isStateless
    self.attachments = attachments
  }
}

public struct EngineSnapshot: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    case regular, active, preview, stateless
  }

  public var id: SnapshotID
  public var kind: Kind
  public var status: SnapshotStatus
  public var description: String
  public var date: Instant
  /// Whether the request asked for memory (the REST default) and the machine had any to save.
  public var persistsMemory: Bool
  /// The dump and its metadata, of a snapshot with memory.
  public var memoryDisks: [DiskID] = []

  public init(
    id: SnapshotID, kind: Kind, status: SnapshotStatus = .ok, description: String, date: Instant,
    persistsMemory: Bool = false
  ) {
    self.id = id
    self.kind = kind
    self.status = status
    self.description = description
    self.date = date
    self.persistsMemory = persistsMemory
  }
}

/// One volume of a disk's chain.
public struct ChainVolume: Sendable, Hashable {
  public var id: VolumeID
  public var format: VolumeFormat
  /// The snapshot whose frozen image this is; nil for the leaf, which belongs to the active entry.
  public var snapshot: SnapshotID?
  /// vdsm's SEQ: parent + 1.
  public var sequence: Int
  public var created: Instant
  /// A template's volume at the bottom of a thin machine's chain (VOLTYPE SHARED).
  public var isShared: Bool
  /// False once a merge left it ILLEGAL in the engine's database.
  public var isLegal: Bool

  public init(
    id: VolumeID, format: VolumeFormat, snapshot: SnapshotID? = nil, sequence: Int = 1,
    created: Instant = Instant(nanoseconds: 0), isShared: Bool = false, isLegal: Bool = true
  ) {
    self.id = id
    self.format = format
    self.snapshot = snapshot
    self.sequence = sequence
    self.created = created
    self.isShared = isShared
    self.isLegal = isLegal
  }
}

public struct EngineDisk: Sendable, Hashable {
  public var id: DiskID
  public var alias: String
  public var storage: DiskStorage
  /// Nil for a LUN.
  public var domain: StorageDomainID?
  public var status: DiskStatus
  public var contentType: String
  /// Bytes; what the guest sees.
  public var provisionedSize: Int64
  /// Bytes on the storage, of the whole chain.
  public var actualSize: Int64
  public var isShareable: Bool
  /// Bottom to top; the last is what the guest writes to. Empty for a LUN.
  public var chain: [ChainVolume]

  public init(
    id: DiskID, alias: String, storage: DiskStorage = .image, domain: StorageDomainID?,
    status: DiskStatus = .ok, contentType: String = "data", provisionedSize: Int64, actualSize: Int64? = nil,
    isShareable: Bool = false, chain: [ChainVolume]
  ) {
    self.id = id
    self.alias = alias
    self.storage = storage
    self.domain = domain
    self.status = status
    self.contentType = contentType
    self.provisionedSize = provisionedSize
    self.actualSize = actualSize ?? provisionedSize
    self.isShareable = isShareable
    self.chain = chain
  }

  /// `disks/{id}.image_id`.
  public var activeVolume: VolumeID? { chain.last?.id }

  /// Raw or cow as `disks/{id}.format` says: the leaf's.
  public var format: VolumeFormat { chain.last?.format ?? .raw }
}

public struct EngineCluster: Sendable, Hashable {
  public var id: ClusterID
  public var name: String

  public init(id: ClusterID, name: String) {
    self.id = id
    self.name = name
  }
}

public struct EngineDataCenter: Sendable, Hashable {
  public var id: DataCenterID
  public var name: String

  public init(id: DataCenterID, name: String) {
    self.id = id
    self.name = name
  }
}

public struct EngineJob: Sendable, Hashable {
  public enum Status: String, Sendable, Hashable {
    case started, finished, failed, aborted, unknown
  }

  public var id: JobID
  public var description: String
  public var status: Status
  public var start: Instant
  public var end: Instant?
  public var correlationID: String?
}
