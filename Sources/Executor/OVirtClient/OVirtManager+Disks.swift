import DRKit

/// Disks and volumes.
extension OVirtManager {
  public func disks(of machine: VirtualMachineID) async throws(DRError) -> [AttachedDisk] {
    let call = CallName("list the machine's disks", machine.description)
    let query = [OVirtRequest.Item("follow", "disk")]
    let fields = try await read("/vms/\(machine)/diskattachments", query: query, call).list("disk_attachment")
    var disks: [AttachedDisk] = []
    for field in fields { disks.append(try Self.attachedDisk(field)) }
    return disks
  }

  private static func attachedDisk(_ attachment: JSONField) throws(DRError) -> AttachedDisk {
    let disk = attachment["disk"]
    let storage: DiskStorage = try disk["storage_type"].word()
    // Format, status, size and domain are an image's; a LUN has none of them (E types `DiskMapper.java`).
    let isImage = storage == .image
    let format: VolumeFormat? = try disk["format"].optionalWord()
    let status: DiskStatus? = try disk["status"].optionalWord()
    let size = try disk["provisioned_size"].optionalInteger()
    let volume = try disk["image_id"].optionalID(VolumeID.self)
    if isImage {
      if format == nil { throw disk["format"].malformed("is missing") }
      if status == nil { throw disk["status"].malformed("is missing") }
      if volume == nil { throw disk["image_id"].malformed("is missing") }
      guard let size, size >= 0 else { throw disk["provisioned_size"].malformed("is missing or negative") }
    }
    var domains: [StorageDomainID] = []
    for domain in try disk["storage_domains"].list("storage_domain") {
      domains.append(try domain["id"].id())
    }
    let id = try disk["id"].id(DiskID.self)
    let alias = try disk["alias"].optionalText()
    let name = try disk["name"].optionalText()
    return AttachedDisk(
      id: id, alias: alias ?? name ?? id.description,
      activeVolume: volume, format: format ?? .raw, provisionedSize: size ?? 0, status: status ?? .ok,
      storage: storage, domains: domains, isShareable: try disk["shareable"].flag(absent: false),
      isReadOnly: try attachment["read_only"].flag(absent: false),
      isActive: try attachment["active"].flag(absent: true),
      contentType: try disk["content_type"].optionalText() ?? "data")
  }

  public func volumes(on domain: StorageDomainID) async throws(DRError) -> [DiskVolume] {
    let call = CallName("list the volumes of the storage domain", domain.description)
    let query = [OVirtRequest.Item("include_active", "true")]
    let path = "/storagedomains/\(domain)/disksnapshots"
    let fields = try await read(path, query: query, call).list("disk_snapshot")
    var volumes: [DiskVolume] = []
    for field in fields {
      // The entry's own id is the volume's too; the bottom of a chain has no parent, or vdsm's blank one.
      let volume = field["image_id"].isPresent ? field["image_id"] : field["id"]
      let parent = try field["parent"]["id"].optionalID(VolumeID.self)
      volumes.append(
        DiskVolume(
          disk: try field["disk"]["id"].id(), volume: try volume.id(),
          parent: parent == .blank ? nil : parent, snapshot: try field["snapshot"]["id"].optionalID()))
    }
    return volumes
  }
}
