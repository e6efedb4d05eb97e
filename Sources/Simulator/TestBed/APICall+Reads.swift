import DRKit
import Simulator

/// The GETs.
extension APICall {
  func read() throws(EngineFault) -> Answer {
    switch path.first {
    case nil: return Answer(document: views.api(now: now))
    case "vms": return try machines(Array(path.dropFirst()))
    case "disks": return try disks(Array(path.dropFirst()))
    case "storagedomains": return try domains(Array(path.dropFirst()))
    case "events": return try events(Array(path.dropFirst()))
    case "jobs": return try jobs(Array(path.dropFirst()))
    case "datacenters": return try dataCenters(Array(path.dropFirst()))
    case "clusters": return try clusters(Array(path.dropFirst()))
    default: throw EngineFault(status: 404, detail: nil)
    }
  }

  private var caseSensitive: Bool { request.flag("case_sensitive", default: true) }

  private func search() throws(EngineFault) -> EngineSearch {
    try EngineSearch(request.parameter("search") ?? "")
  }

  /// Nil without `max`: all rows, as in API version 4. Negative ones too.
  private func maximum() throws(EngineFault) -> Int? {
    guard let text = request.parameter("max"), !text.isEmpty else { return nil }
    guard let value = Int(text) else {
      throw EngineFault(status: 400, detail: "The parameter 'max' is no number.", reason: "Operation Failed")
    }
    return value < 0 ? nil : value
  }

  /// The links to follow, dotted, with every prefix: `a.b` follows `a` as well. An empty `follow=` is nothing.
  private var follow: Set<String> {
    var out: Set<String> = []
    for link in (request.parameter("follow") ?? "").split(separator: ",") {
      var prefix = ""
      for part in link.split(separator: ".") {
        prefix += prefix.isEmpty ? String(part) : ".\(part)"
        out.insert(prefix.trimmed.replacingDiskAttachments)
      }
    }
    return out
  }

  // MARK: vms

  private func machines(_ rest: [String]) throws(EngineFault) -> Answer {
    let follow = self.follow
    let allContent = request.flag("all_content")
    guard let first = rest.first else {
      let found = try engine.searchMachines(try search(), caseSensitive: caseSensitive, max: try maximum())
      return .list("vms", of: "vm", found.map { views.machine($0, follow: follow, allContent: allContent) })
    }
    guard let machine = engine.machine(try id(first)) else { throw EngineFault(status: 404, detail: nil) }
    guard rest.count > 1 else {
      return .entity("vm", views.machine(machine, follow: follow, allContent: allContent))
    }
    let deeper = Array(rest.dropFirst(2))
    switch rest[1] {
    case "diskattachments": return try attachments(of: machine, deeper)
    case "snapshots": return try snapshots(of: machine, deeper)
    case "nics" where deeper.isEmpty: return .list("nics", of: "nic", [])
    case "cdroms" where deeper.isEmpty: return .list("cdroms", of: "cdrom", [])
    default: throw EngineFault(status: 404, detail: nil)
    }
  }

  private func attachments(of machine: EngineMachine, _ rest: [String]) throws(EngineFault) -> Answer {
    let followsDisk = follow.contains("disk")
    guard let first = rest.first else {
      let all = machine.attachments.map {
        views.attachment($0, of: machine.id, followsDisk: followsDisk)
      }
      return .list("disk_attachments", of: "disk_attachment", all)
    }
    let wanted: DiskID = try id(first)
    guard rest.count == 1, let attachment = machine.attachments.first(where: { $0.disk == wanted }) else {
      throw EngineFault(status: 404, detail: nil)
    }
    return .entity(
      "disk_attachment", views.attachment(attachment, of: machine.id, followsDisk: followsDisk))
  }

  private func snapshots(of machine: EngineMachine, _ rest: [String]) throws(EngineFault) -> Answer {
    guard let first = rest.first else {
      return .list(
        "snapshots", of: "snapshot", machine.snapshots.map { views.snapshot($0, of: machine.id) })
    }
    let wanted = try snapshotID(first)
    let snapshot = try engine.snapshot(wanted, of: machine.id)
    guard rest.count > 1 else { return .entity("snapshot", views.snapshot(snapshot, of: machine.id)) }
    switch rest[1] {
    case "disks":
      let volumes = try engine.volumes(of: wanted, machine: machine.id)
      guard rest.count > 2 else {
        let disks = volumes.map { views.snapshotDisk($0, snapshot: wanted, of: machine.id) }
        return .list("disks", of: "disk", disks)
      }
      let disk: DiskID = try id(rest[2])
      guard rest.count == 3, let volume = volumes.first(where: { $0.disk == disk }) else {
        throw EngineFault(status: 404, detail: nil)
      }
      return .entity("disk", views.snapshotDisk(volume, snapshot: wanted, of: machine.id))
    case "nics" where rest.count == 2: return .list("nics", of: "nic", [])
    case "cdroms" where rest.count == 2: return .list("cdroms", of: "cdrom", [])
    default: throw EngineFault(status: 404, detail: nil)
    }
  }

  /// `None` is what Ansible's `ovirt_snapshot` asks for when it has no id: 404, not 400 (run with
  /// the module).
  func snapshotID(_ text: String) throws(EngineFault) -> SnapshotID {
    if text == "None" {
      throw EngineFault(status: 404, detail: "Entity not found: GetSnapshotBySnapshotId: id=None")
    }
    return try id(text)
  }

  // MARK: disks, storagedomains

  private func disks(_ rest: [String]) throws(EngineFault) -> Answer {
    guard let first = rest.first else {
      let found = try engine.searchDisks(try search(), caseSensitive: caseSensitive, max: try maximum())
      return .list("disks", of: "disk", found.map(views.disk))
    }
    guard let disk = engine.disk(try id(first)), rest.count == 1 else {
      throw EngineFault(status: 404, detail: nil)
    }
    return .entity("disk", views.disk(disk))
  }

  private func domains(_ rest: [String]) throws(EngineFault) -> Answer {
    guard let first = rest.first else {
      let found = try engine.searchDomains(try search(), caseSensitive: caseSensitive, max: try maximum())
      return .list("storage_domains", of: "storage_domain", found.map { views.domain($0) })
    }
    guard let domain = engine.domain(try id(first)) else { throw EngineFault(status: 404, detail: nil) }
    guard rest.count > 1 else { return .entity("storage_domain", views.domain(domain)) }
    guard rest.count == 2 else { throw EngineFault(status: 404, detail: nil) }
    // What the storage holds and the engine does not know: nothing in this bed.
    if request.flag("unregistered"), rest[1] == "vms" || rest[1] == "disks" {
      return .list(rest[1], of: String(rest[1].dropLast()), [])
    }
    let limit = try maximum() ?? .max
    switch rest[1] {
    case "vms":
      let found = engine.machines(on: domain.id).prefix(limit)
      return .list("vms", of: "vm", found.map { views.machine($0) })
    case "disks":
      return .list("disks", of: "disk", engine.disks(on: domain.id).prefix(limit).map(views.disk))
    case "disksnapshots":
      let volumes = engine.diskSnapshots(on: domain.id, includeActive: request.flag("include_active"))
      return .list(
        "disk_snapshots", of: "disk_snapshot",
        volumes.prefix(limit).map { views.diskSnapshot($0, on: domain.id) })
    default: throw EngineFault(status: 404, detail: nil)
    }
  }

  // MARK: events, jobs

  private func events(_ rest: [String]) throws(EngineFault) -> Answer {
    guard let first = rest.first else {
      let found = try engine.searchEvents(
        try search(), from: request.parameter("from").flatMap { Int($0) }, caseSensitive: caseSensitive,
        max: try maximum())
      return .list("events", of: "event", found.map(views.event))
    }
    guard let event = engine.events.first(where: { String($0.index) == first }), rest.count == 1 else {
      throw EngineFault(status: 404, detail: nil)
    }
    return .entity("event", views.event(event))
  }

  private func jobs(_ rest: [String]) throws(EngineFault) -> Answer {
    guard let first = rest.first else {
      let found = try engine.searchJobs(try search(), caseSensitive: caseSensitive, max: try maximum())
      return .list("jobs", of: "job", found.map(views.job))
    }
    guard let job = engine.job(try id(first)) else { throw EngineFault(status: 404, detail: nil) }
    if rest.count == 2, rest[1] == "steps" { return .list("steps", of: "step", []) }
    guard rest.count == 1 else { throw EngineFault(status: 404, detail: nil) }
    return .entity("job", views.job(job))
  }

  // MARK: datacenters, clusters

  private func dataCenters(_ rest: [String]) throws(EngineFault) -> Answer {
    guard let first = rest.first else {
      let found = try search().apply(
        to: [engine.dataCenter], caseSensitive: caseSensitive, max: try maximum()
      ) { $1 == "name" ? [$0.name] : nil }
      return .list("data_centers", of: "data_center", found.map { _ in views.dataCenter() })
    }
    let wanted: DataCenterID = try id(first)
    guard wanted == engine.dataCenter.id else { throw EngineFault(status: 404, detail: nil) }
    guard rest.count > 1 else { return .entity("data_center", views.dataCenter()) }
    let attached = engine.allDomains.filter { $0.status != .unattached }
    switch rest[1] {
    case "storagedomains":
      guard rest.count > 2 else {
        let all = attached.map { views.domain($0, inDataCenter: true) }
        return .list("storage_domains", of: "storage_domain", all)
      }
      let domainID: StorageDomainID = try id(rest[2])
      guard rest.count == 3, let domain = attached.first(where: { $0.id == domainID }) else {
        throw EngineFault(status: 404, detail: nil)
      }
      return .entity("storage_domain", views.domain(domain, inDataCenter: true))
    case "clusters" where rest.count == 2:
      return .list("clusters", of: "cluster", engine.allClusters.map(views.cluster))
    default: throw EngineFault(status: 404, detail: nil)
    }
  }

  private func clusters(_ rest: [String]) throws(EngineFault) -> Answer {
    guard let first = rest.first else {
      let found = try search().apply(
        to: engine.allClusters, caseSensitive: caseSensitive, max: try maximum()
      ) { $1 == "name" ? [$0.name] : nil }
      return .list("clusters", of: "cluster", found.map(views.cluster))
    }
    guard let cluster = engine.cluster(try id(first)), rest.count == 1 else {
      throw EngineFault(status: 404, detail: nil)
    }
    return .entity("cluster", views.cluster(cluster))
  }
}

extension String {
  /// `follow` names links with or without the underscore.
  fileprivate var replacingDiskAttachments: String {
    hasPrefix("diskattachments") ? "disk_attachments" + dropFirst("diskattachments".count) : self
  }
}
