import DRKit
import Simulator

/// The engine's things as REST shows them, element by element (E types `*Mapper.java`); what drkit never reads is left out.
struct EntityViews {
  static let root = "/ovirt-engine/api"
  let engine: EngineModel

  private func reference(_ collection: String, _ id: some CustomStringConvertible) -> Entity {
    Entity(id: "\(id)", href: "\(Self.root)/\(collection)/\(id)")
  }

  private func links(_ href: String, _ names: [String]) -> [Link] {
    names.map { Link(rel: $0, href: "\(href)/\($0)") }
  }

  // MARK: Machines

  func machine(_ machine: EngineMachine, follow: Set<String> = [], allContent: Bool = false) -> Entity {
    var entity = reference("vms", machine.id)
    let href = entity.href ?? ""
    entity.set("name", machine.name)
    entity.set("description", machine.description)
    entity.set("memory", machine.memory)
    entity.set("origin", machine.origin)
    entity.set("stateless", machine.isStateless)
    entity.set("type", "server")
    entity.set("status", machine.status.rawValue)
    entity.set("delete_protected", false)
    entity.set("cluster", reference("clusters", machine.cluster))
    if machine.status.mayWrite, let host = machine.host { entity.set("host", reference("hosts", host)) }
    if allContent, let text = engine.ovf(of: machine.id) {
      var configuration = Entity()
      configuration.set("type", "ovf")
      configuration.set("data", text)
      var initialization = Entity()
      initialization.set("configuration", configuration)
      entity.set("initialization", initialization)
    }
    var names = ["diskattachments", "snapshots", "nics", "cdroms", "permissions", "tags"]
    if follow.contains("disk_attachments") {
      names.removeFirst()
      entity.set(
        "disk_attachments", list: "disk_attachment",
        machine.attachments.map {
          attachment($0, of: machine.id, followsDisk: follow.contains("disk_attachments.disk"))
        })
    }
    entity.links = links(href, names)
    entity.actions = links(href, ["start", "stop", "shutdown", "suspend", "migrate"])
    return entity
  }

  func attachment(_ attachment: EngineAttachment, of machine: VirtualMachineID, followsDisk: Bool) -> Entity {
    var entity = Entity(
      id: "\(attachment.disk)", href: "\(Self.root)/vms/\(machine)/diskattachments/\(attachment.disk)")
    entity.set("active", attachment.isActive)
    entity.set("bootable", attachment.isBootable)
    entity.set("interface", attachment.interface)
    entity.set("pass_discard", false)
    entity.set("read_only", attachment.isReadOnly)
    entity.set("uses_scsi_reservation", false)
    if followsDisk, let disk = engine.disk(attachment.disk) {
      entity.set("disk", self.disk(disk))
    } else {
      entity.set("disk", reference("disks", attachment.disk))
    }
    entity.set("vm", reference("vms", machine))
    return entity
  }

  // MARK: Disks

  func disk(_ disk: EngineDisk) -> Entity {
    var entity = reference("disks", disk.id)
    fill(&entity, disk, volume: disk.activeVolume)
    entity.links = links(entity.href ?? "", ["permissions", "statistics"])
    return entity
  }

  private func fill(_ entity: inout Entity, _ disk: EngineDisk, volume: VolumeID?) {
    entity.set("name", disk.alias)
    entity.set("alias", disk.alias)
    entity.set("content_type", disk.contentType)
    entity.set("propagate_errors", false)
    entity.set("shareable", disk.isShareable)
    entity.set("storage_type", disk.storage.rawValue)
    entity.set("wipe_after_delete", false)
    guard disk.storage == .image else {
      var unit = Entity()
      unit.set("size", disk.provisionedSize)
      var storage = Entity()
      storage.set("type", "iscsi")
      storage.set("logical_units", list: "logical_unit", [unit])
      entity.set("lun_storage", storage)
      return
    }
    entity.set("actual_size", disk.actualSize)
    entity.set("backup", "none")
    entity.set("format", disk.chain.first { $0.id == volume }?.format.rawValue ?? disk.format.rawValue)
    entity.set("image_id", volume?.description)
    entity.set("provisioned_size", disk.provisionedSize)
    entity.set("sparse", true)
    entity.set("status", disk.status.rawValue)
    entity.set("total_size", disk.actualSize)
    if let domain = disk.domain {
      entity.set("storage_domains", list: "storage_domain", [reference("storagedomains", domain)])
    }
  }

  /// `disksnapshots`: the entity's id is the *volume's*, and there is no `image_id`; the parent is a reference, none at the
  /// bottom (R `types/DiskSnapshotMapper.java`: `setImageId(null)`).
  func diskSnapshot(_ volume: DiskVolume, on domain: StorageDomainID) -> Entity {
    let collection = "storagedomains/\(domain)/disksnapshots"
    var entity = reference(collection, volume.volume)
    if let disk = engine.disk(volume.disk) { fill(&entity, disk, volume: volume.volume) }
    entity.fields.removeAll { $0.name == "image_id" }
    if let index = entity.fields.firstIndex(where: { $0.name == "format" }), volume.parent != nil {
      entity.fields[index].node = .text("cow")
    }
    entity.set("disk", reference("disks", volume.disk))
    entity.set("parent", volume.parent.map { reference(collection, $0) })
    if let snapshot = volume.snapshot { entity.set("snapshot", Entity(id: "\(snapshot)")) }
    entity.set("storage_domain", reference("storagedomains", domain))
    return entity
  }

  // MARK: Snapshots

  func snapshot(_ snapshot: EngineSnapshot, of machine: VirtualMachineID) -> Entity {
    let href = "\(Self.root)/vms/\(machine)/snapshots/\(snapshot.id)"
    var entity = Entity(id: "\(snapshot.id)", href: href)
    entity.set("date", snapshot.date)
    entity.set("description", snapshot.description)
    entity.set("persist_memorystate", snapshot.persistsMemory)
    entity.set("snapshot_status", snapshot.status.rawValue)
    entity.set("snapshot_type", snapshot.kind.rawValue)
    entity.set("vm", reference("vms", machine))
    entity.links = links(href, ["disks", "cdroms", "nics"])
    if snapshot.kind == .regular { entity.actions = links(href, ["restore"]) }
    return entity
  }

  /// `snapshots/{s}/disks`: the disk as it is in the snapshot, `image_id` its volume there.
  func snapshotDisk(_ volume: DiskVolume, snapshot: SnapshotID, of machine: VirtualMachineID) -> Entity {
    var entity = Entity(
      id: "\(volume.disk)", href: "\(Self.root)/vms/\(machine)/snapshots/\(snapshot)/disks/\(volume.disk)")
    if let disk = engine.disk(volume.disk) { fill(&entity, disk, volume: volume.volume) }
    entity.set("snapshot", Entity(id: "\(snapshot)"))
    return entity
  }

  // MARK: Domains, clusters, data centres

  /// The status of an attached domain is shown only under its data centre; at the top level there is none, or `unattached`
  /// (R `BackendStorageDomainResource.java`).
  func domain(_ domain: EngineDomain, inDataCenter: Bool = false) -> Entity {
    let path = inDataCenter ? "datacenters/\(engine.dataCenter.id)/storagedomains" : "storagedomains"
    var entity = reference(path, domain.id)
    entity.set("name", domain.name)
    entity.set("available", domain.available)
    entity.set("backup", false)
    entity.set("block_size", 512)
    entity.set("committed", domain.used)
    entity.set("critical_space_action_blocker", domain.criticalSpaceBlocker)
    entity.set("discard_after_delete", false)
    entity.set("external_status", domain.externalStatus.rawValue)
    entity.set("master", domain.isMaster)
    var storage = Entity()
    storage.set("address", domain.address)
    storage.set("path", domain.path)
    storage.set("type", domain.storageType)
    if domain.storageType == "glusterfs" { storage.set("vfs_type", "glusterfs") }
    entity.set("storage", storage)
    entity.set("storage_format", "v5")
    if inDataCenter || domain.status == .unattached { entity.set("status", domain.status.rawValue) }
    entity.set("type", "data")
    entity.set("used", domain.used)
    entity.set("warning_low_space_indicator", 10)
    entity.set("wipe_after_delete", false)
    if domain.status != .unattached {
      entity.set("data_centers", list: "data_center", [reference("datacenters", engine.dataCenter.id)])
    }
    let href = "\(Self.root)/storagedomains/\(domain.id)"
    entity.links = links(href, ["disks", "vms", "disksnapshots", "templates", "storageconnections"])
    entity.actions = links(href, ["updateovfstore", "refreshluns"])
    return entity
  }

  func cluster(_ cluster: EngineCluster) -> Entity {
    var entity = reference("clusters", cluster.id)
    entity.set("name", cluster.name)
    entity.set("gluster_service", false)
    entity.set("virt_service", true)
    entity.set("data_center", reference("datacenters", engine.dataCenter.id))
    return entity
  }

  func dataCenter() -> Entity {
    var entity = reference("datacenters", engine.dataCenter.id)
    entity.set("name", engine.dataCenter.name)
    entity.set("local", false)
    entity.set("status", "up")
    entity.links = links(entity.href ?? "", ["storagedomains", "clusters"])
    return entity
  }

  // MARK: Events, jobs, faults

  func event(_ event: LoggedEvent) -> Entity {
    var entity = reference("events", event.index)
    entity.set("code", event.code)
    entity.set("correlation_id", event.correlationID)
    entity.set("custom_id", Int(event.customID))
    entity.set("description", event.description)
    entity.set("flood_rate", 30)
    entity.set("index", event.index)
    entity.set("origin", event.origin)
    entity.set("severity", event.severity.rawValue)
    entity.set("time", event.time)
    if let id = event.cluster { entity.set("cluster", reference("clusters", id)) }
    if let id = event.domain { entity.set("storage_domain", reference("storagedomains", id)) }
    if let id = event.machine { entity.set("vm", reference("vms", id)) }
    return entity
  }

  func job(_ job: EngineJob) -> Entity {
    var entity = reference("jobs", job.id)
    entity.set("auto_cleared", true)
    entity.set("description", job.description)
    entity.set("end_time", job.end)
    entity.set("external", false)
    entity.set("last_updated", job.end ?? job.start)
    entity.set("start_time", job.start)
    entity.set("status", job.status.rawValue)
    entity.links = links(entity.href ?? "", ["steps"])
    return entity
  }

  /// The answer to an action that has been started.
  func action(job: JobID) -> Document {
    var entity = Entity()
    entity.set("job", reference("jobs", job))
    entity.set("status", "complete")
    return Document(root: "action", node: .entity(entity))
  }

  static func fault(_ fault: EngineFault, inAction: Bool) -> Document {
    var entity = Entity()
    entity.set("detail", fault.detail)
    entity.set("reason", fault.reason)
    guard inAction else { return Document(root: "fault", node: .entity(entity)) }
    var action = Entity()
    action.set("status", "failed")
    action.set("fault", entity)
    return Document(root: "action", node: .entity(action))
  }

  /// `GET /ovirt-engine/api`.
  func api(now: Instant) -> Document {
    var version = Entity()
    version.set("build", "7")
    version.set("full_version", "4.5.7-1.el9")
    version.set("major", "4")
    version.set("minor", "5")
    version.set("revision", "0")
    var product = Entity()
    product.set("name", "oVirt Engine")
    product.set("vendor", "ovirt.org")
    product.set("version", version)
    var entity = Entity()
    entity.set("product_info", product)
    entity.set("time", now)
    for name in ["vms", "disks", "storagedomains", "events", "jobs", "datacenters", "clusters"] {
      entity.links.append(Link(rel: name, href: "\(Self.root)/\(name)"))
    }
    return Document(root: "api", node: .entity(entity))
  }
}
