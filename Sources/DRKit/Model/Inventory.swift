/// What the engine says of a storage domain.
public struct StorageDomain: Hashable, Sendable, Codable {
  public var id: StorageDomainID
  public var name: String
  /// `host:/volume` as the engine stores it, split: the host part.
  public var address: String
  /// The Gluster volume's name, without a leading slash.
  public var volume: String
  /// `glusterfs` for the domains that drkit protects.
  public var storageType: String

  public init(id: StorageDomainID, name: String, address: String, volume: String, storageType: String) {
    self.id = id
    self.name = name
    self.address = address
    self.volume = volume
    self.storageType = storageType
  }
}

/// The engine's `vm.status`, as far as a run must tell the words apart.
public enum MachineStatus: String, Hashable, Sendable, Codable {
  case up, down, paused, migrating, suspended, unknown
  case poweringUp = "powering_up"
  case poweringDown = "powering_down"
  case rebootInProgress = "reboot_in_progress"
  case notResponding = "not_responding"
  case waitForLaunch = "wait_for_launch"
  case savingState = "saving_state"
  case restoringState = "restoring_state"
  case imageLocked = "image_locked"
  case unassigned

  /// Whether a qemu process may be writing to the disks (M `types/VmStatus.java`, docs/real-systems.md): such
  /// a machine must be snapshotted for its images to stand still.
  public var mayWrite: Bool {
    switch self {
    case .down, .suspended, .imageLocked, .unassigned: false
    case .up, .paused, .migrating, .unknown, .poweringUp, .poweringDown, .rebootInProgress, .notResponding,
      .waitForLaunch, .savingState, .restoringState:
      true
    }
  }
}

public struct VirtualMachine: Hashable, Sendable, Codable {
  public var id: VirtualMachineID
  public var name: String
  public var status: MachineStatus
  /// The engine's `vm.origin`; `managed_hosted_engine` and `hosted_engine` name the engine's own machine.
  public var origin: String
  /// Where it runs; nil when it does not, or the engine does not say.
  public var host: HostID?

  public init(
    id: VirtualMachineID, name: String, status: MachineStatus, origin: String = "ovirt", host: HostID? = nil
  ) {
    self.id = id
    self.name = name
    self.status = status
    self.origin = origin
    self.host = host
  }

  public var isHostedEngine: Bool { origin == "managed_hosted_engine" || origin == "hosted_engine" }
}

public enum VolumeFormat: String, Hashable, Sendable, Codable {
  case raw
  /// qcow2; `COW` in vdsm's metadata.
  case cow
}

public enum DiskStatus: String, Hashable, Sendable, Codable {
  case ok, locked, illegal
}

public enum DiskStorage: String, Hashable, Sendable, Codable {
  case image, lun, cinder
  case managedBlock = "managed_block_storage"
}

/// A disk attached to a machine, with the volume that the guest writes to now.
public struct AttachedDisk: Hashable, Sendable, Codable {
  public var id: DiskID
  public var alias: String
  /// The *active* volume (`disks/{id}.image_id`); nil for a LUN.
  public var activeVolume: VolumeID?
  public var format: VolumeFormat
  /// What the guest sees, bytes.
  public var provisionedSize: Int64
  public var status: DiskStatus
  public var storage: DiskStorage
  public var domains: [StorageDomainID]
  public var isShareable: Bool
  public var isReadOnly: Bool
  /// False for a disk attached but not plugged.
  public var isActive: Bool
  /// `data` for guests' disks; `ovf_store`, `memory_dump_volume`, … otherwise.
  public var contentType: String

  public init(
    id: DiskID, alias: String, activeVolume: VolumeID?, format: VolumeFormat, provisionedSize: Int64,
    status: DiskStatus = .ok, storage: DiskStorage = .image, domains: [StorageDomainID],
    isShareable: Bool = false,
    isReadOnly: Bool = false, isActive: Bool = true, contentType: String = "data"
  ) {
    self.id = id
    self.alias = alias
    self.activeVolume = activeVolume
    self.format = format
    self.provisionedSize = provisionedSize
    self.status = status
    self.storage = storage
    self.domains = domains
    self.isShareable = isShareable
    self.isReadOnly = isReadOnly
    self.isActive = isActive
    self.contentType = contentType
  }
}

/// One volume of a storage domain as `storagedomains/{id}/disksnapshots?include_active=true` lists it.
public struct DiskVolume: Hashable, Sendable, Codable {
  public var disk: DiskID
  public var volume: VolumeID
  /// Nil for the bottom of a chain.
  public var parent: VolumeID?
  /// The snapshot it belongs to; nil where the engine does not say.
  public var snapshot: SnapshotID?

  public init(disk: DiskID, volume: VolumeID, parent: VolumeID?, snapshot: SnapshotID?) {
    self.disk = disk
    self.volume = volume
    self.parent = parent
    self.snapshot = snapshot
  }
}

public enum SnapshotStatus: String, Hashable, Sendable, Codable {
  case ok, locked
  case inPreview = "in_preview"
}

public struct Snapshot: Hashable, Sendable, Codable {
  public var id: SnapshotID
  public var description: String
  public var status: SnapshotStatus
  /// False for the collection's `active` entry ("Active VM") and for previews.
  public var isRegular: Bool

  public init(id: SnapshotID, description: String, status: SnapshotStatus, isRegular: Bool = true) {
    self.id = id
    self.description = description
    self.status = status
    self.isRegular = isRegular
  }
}

/// A disk to be snapshotted, and the id that its new active volume shall have (`disk/image_id` in the request).
public struct OverlayRequest: Hashable, Sendable, Codable {
  public var disk: DiskID
  public var overlay: VolumeID

  public init(disk: DiskID, overlay: VolumeID) {
    self.disk = disk
    self.overlay = overlay
  }
}

public enum Severity: String, Hashable, Sendable, Codable {
  case normal, warning, error, alert
}

/// The engine's `external_status` of a storage domain: a flag that an administrator sees until it is changed.
public enum ExternalStatus: String, Hashable, Sendable, Codable {
  case ok, info, warning, error, failure
}

/// An event for the engine's own log (`POST events`).
public struct EngineEvent: Hashable, Sendable, Codable {
  /// With `origin` (`drkit`), unique for ever in the engine's database: a second post of the same pair is refused, which
  /// the adapter reports as success. 1...Int32.max.
  public var customID: Int32
  public var severity: Severity
  public var description: String
  public var storageDomain: StorageDomainID
  public var externalStatus: ExternalStatus?

  public init(
    customID: Int32, severity: Severity, description: String, storageDomain: StorageDomainID,
    externalStatus: ExternalStatus?
  ) {
    self.customID = customID
    self.severity = severity
    self.description = description
    self.storageDomain = storageDomain
    self.externalStatus = externalStatus
  }
}
