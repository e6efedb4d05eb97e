import DRKit

/// Ids and texts that tests agree on.
enum Sample {
  static let domain = StorageDomainID("5dae1fae-0000-4000-8000-000000000001")!
  static let pool = "aaaaaaaa-0000-4000-8000-000000000001"
  static let key = DestinationKey(domain: "data", destination: "b1")
  static let session = SessionName(primaryVolume: "data", secondaryHost: "b1", secondaryVolume: "data-dr")

  static func run(_ n: UInt64) -> RunID { RunID(high: 0x0000_0000_0000_4000, low: 0x8000_0000_0000_0000 | n) }
  static func machine(_ n: UInt64) -> VirtualMachineID { VirtualMachineID(high: 0x1111_0000, low: n) }
  static func disk(_ n: UInt64) -> DiskID { DiskID(high: 0x2222_0000, low: n) }
  static func volume(_ n: UInt64) -> VolumeID { VolumeID(high: 0x3333_0000, low: n) }

  /// A `.meta` as vdsm writes it (format 5).
  static func meta(
    disk: DiskID, domain: StorageDomainID = Sample.domain, parent: VolumeID = .blank,
    role: VolumeMetadata.Role = .leaf, legality: String = "LEGAL", format: String = "RAW"
  ) -> [UInt8] {
    Array(
      """
      CAP=10737418240
      CTIME=1700000000
      DESCRIPTION={"DiskAlias":"vm_Disk1","DiskDescription":""}
      DISKTYPE=DATA
      DOMAIN=\(domain)
      FORMAT=\(format)
      GEN=0
      IMAGE=\(disk)
      LEGALITY=\(legality)
      PUUID=\(parent)
      SEQ=1
      TYPE=SPARSE
      VOLTYPE=\(role.rawValue)
      EOF

      """.utf8)
  }

  static func metadata(
    disk: DiskID, domain: StorageDomainID = Sample.domain, parent: VolumeID = .blank,
    role: VolumeMetadata.Role = .leaf, legality: String = "LEGAL"
  ) -> VolumeMetadata {
    do {
      let bytes = meta(disk: disk, domain: domain, parent: parent, role: role, legality: legality)
      return try VolumeMetadata(bytes, path: "sample")
    } catch {
      preconditionFailure("the sample is bad: \(error)")
    }
  }

  static func domainMetadata(pools: String = Sample.pool) -> [UInt8] {
    Array("CLASS=Data\nPOOL_UUID=\(pools)\nROLE=Regular\nSDUUID=\(domain)\nVERSION=5\n".utf8)
  }

  static func attached(
    _ id: DiskID, alias: String = "disk", active: VolumeID?, domains: [StorageDomainID] = [Sample.domain],
    _ edit: (inout AttachedDisk) -> Void = { _ in }
  ) -> AttachedDisk {
    var disk = AttachedDisk(
      id: id, alias: alias, activeVolume: active, format: .raw, provisionedSize: 10 << 30, domains: domains)
    edit(&disk)
    return disk
  }
}
