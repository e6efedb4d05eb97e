import DRKit

/// The names and the text of the files that vdsm keeps on a file storage domain (docs/real-systems.md,
/// "vdsm's files"). Pure functions: whoever has a file system, real or simulated, writes them.
public enum VDSMLayout {
  /// `images/<disk>` under the domain's directory, relative to the volume's root.
  public static func imageDirectory(_ domain: StorageDomainID, _ disk: DiskID) -> String {
    "\(domain)/images/\(disk)"
  }

  public static func volumePath(_ domain: StorageDomainID, _ disk: DiskID, _ volume: VolumeID) -> String {
    "\(imageDirectory(domain, disk))/\(volume)"
  }

  public static func metadataPath(_ domain: StorageDomainID, _ disk: DiskID, _ volume: VolumeID) -> String {
    volumePath(domain, disk, volume) + ".meta"
  }

  public static func leasePath(_ domain: StorageDomainID, _ disk: DiskID, _ volume: VolumeID) -> String {
    volumePath(domain, disk, volume) + ".lease"
  }

  public static func domainMetadataPath(_ domain: StorageDomainID) -> String { "\(domain)/dom_md/metadata" }
}

/// One volume's `.meta` on a domain of format 5 (V `volumemetadata.py`): sorted `KEY=VALUE` lines, then `EOF`; 512 bytes at
/// most.
public struct VDSMVolumeMetadata: Sendable, Hashable {
  public enum Role: String, Sendable, Hashable {
    case leaf = "LEAF"
    /// Another volume of the image stands on it.
    case inner = "INTERNAL"
    /// A template's.
    case shared = "SHARED"
  }

  public var domain: StorageDomainID
  public var disk: DiskID
  /// Nil at the bottom: written as the blank id.
  public var parent: VolumeID?
  public var role: Role
  public var format: VolumeFormat
  /// Bytes.
  public var capacity: Int64
  /// Epoch seconds.
  public var created: Int64
  public var description: String
  /// `DATA`, `OVFS`, `MEMD`, `MEMM`, `HEVD`, …
  public var diskType: String
  public var isLegal: Bool
  public var generation: Int
  public var sequence: Int
  public var isSparse: Bool

  public init(
    domain: StorageDomainID, disk: DiskID, parent: VolumeID?, role: Role, format: VolumeFormat,
    capacity: Int64, created: Int64, description: String = "", diskType: String = "DATA",
    isLegal: Bool = true, generation: Int = 0, sequence: Int = 1, isSparse: Bool = true
  ) {
    self.domain = domain
    self.disk = disk
    self.parent = parent
    self.role = role
    self.format = format
    self.capacity = capacity
    self.created = created
    self.description = description
    self.diskType = diskType
    self.isLegal = isLegal
    self.generation = generation
    self.sequence = sequence
    self.isSparse = isSparse
  }

  /// vdsm refuses to write more.
  public static let maximumLength = 512

  /// The file's text. A description that would not fit is cut, as vdsm does.
  public func render() -> String {
    let bare = render(description: "")
    let room = max(0, Self.maximumLength - bare.utf8.count)
    var text = ""
    var used = 0
    for character in description where character != "\n" && character != "\r" {
      used += character.utf8.count
      if used > room { break }
      text.append(character)
    }
    return render(description: text)
  }

  private func render(description: String) -> String {
    """
    CAP=\(capacity)
    CTIME=\(created)
    DESCRIPTION=\(description)
    DISKTYPE=\(diskType)
    DOMAIN=\(domain)
    FORMAT=\(format == .cow ? "COW" : "RAW")
    GEN=\(generation)
    IMAGE=\(disk)
    LEGALITY=\(isLegal ? "LEGAL" : "ILLEGAL")
    PUUID=\(parent ?? .blank)
    SEQ=\(sequence)
    TYPE=\(isSparse ? "SPARSE" : "PREALLOCATED")
    VOLTYPE=\(role.rawValue)
    EOF

    """
  }
}
