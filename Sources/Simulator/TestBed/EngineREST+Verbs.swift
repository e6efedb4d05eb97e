import DRKit
import Simulator

/// POST and DELETE.
extension EngineService {
  func create(_ call: APICall, _ engine: inout EngineModel) throws(EngineFault) -> Answer {
    let path = call.path
    switch (path.count, path.first, path.last) {
    case (3, "vms", "snapshots"): return try createSnapshot(call, machine: try call.id(path[1]), &engine)
    case (3, "storagedomains", "updateovfstore"):
      return try updateOVFStore(call, domain: try call.id(path[1]), &engine)
    case (1, "events", _): return try postEvent(call, &engine)
    default: throw EngineFault(status: path.isEmpty ? 405 : 404, detail: nil)
    }
  }

  func remove(_ call: APICall, _ engine: inout EngineModel) throws(EngineFault) -> Answer {
    let path = call.path
    guard path.count == 4, path[0] == "vms", path[2] == "snapshots" else {
      throw EngineFault(status: path.count <= 1 ? 405 : 404, detail: nil)
    }
    let machine: VirtualMachineID = try call.id(path[1])
    let snapshot = try call.snapshotID(path[3])
    let job = try engine.removeSnapshot(
      snapshot, of: machine, correlationID: call.correlationID, now: call.now)
    // `?async=true` is the only way to a 202; the official SDK would take it as an error.
    if call.request.flag("async") { return Answer(status: 202) }
    return Answer(document: call.views.action(job: job))
  }

  /// 202 with the locked entity: the work has only begun.
  private func createSnapshot(
    _ call: APICall, machine: VirtualMachineID, _ engine: inout EngineModel
  ) throws(EngineFault) -> Answer {
    let request = try Self.snapshotRequest(call, try call.body())
    let id = try engine.createSnapshot(
      of: machine, request, correlationID: call.correlationID, now: call.now)
    let entry = try engine.snapshot(id, of: machine)
    var entity = EntityViews(engine: engine).snapshot(entry, of: machine)
    let href = entity.href ?? ""
    entity.links.append(Link(rel: "creation_status", href: "\(href)/creation_status/\(entry.id)"))
    return Answer(
      status: 202, document: Document(root: "snapshot", node: .entity(entity)), location: href)
  }

  static func snapshotRequest(_ call: APICall, _ body: RequestTree) throws(EngineFault) -> SnapshotRequest {
    var request = SnapshotRequest(
      description: body.value("description"),
      persistsMemory: try boolean(body, "persist_memorystate") ?? true)
    guard let attachments = body["disk_attachments"]?.all("disk_attachment"), !attachments.isEmpty else {
      return request
    }
    var choices: [SnapshotRequest.Choice] = []
    for attachment in attachments {
      guard let disk = attachment["disk"], let text = disk.value("id") else {
        throw EngineFault(
          status: 400, detail: "DiskAttachment [disk.id] required for add", reason: "Incomplete parameters")
      }
      var overlay: VolumeID?
      if let image = disk.value("image_id"), !image.isEmpty { overlay = try call.id(image) }
      choices.append(.init(disk: try call.id(text), overlay: overlay))
    }
    request.disks = choices
    return request
  }

  private func updateOVFStore(
    _ call: APICall, domain: StorageDomainID, _ engine: inout EngineModel
  ) throws(EngineFault) -> Answer {
    let job = try engine.updateOVFStore(of: domain, correlationID: call.correlationID, now: call.now)
    return Answer(document: call.views.action(job: job))
  }

  private func postEvent(_ call: APICall, _ engine: inout EngineModel) throws(EngineFault) -> Answer {
    let request = try Self.eventRequest(call, try call.body())
    let index = try engine.post(request, correlationID: call.correlationID, now: call.now)
    let event = engine.events.last { $0.index == index }
    guard let event else { throw EngineFault(status: 500, detail: "[the event was not kept]") }
    let entity = EntityViews(engine: engine).event(event)
    return Answer(
      status: 201, document: Document(root: "event", node: .entity(entity)), location: entity.href)
  }

  static func eventRequest(_ call: APICall, _ body: RequestTree) throws(EngineFault) -> ExternalEventRequest {
    var request = ExternalEventRequest(
      origin: body.value("origin"), severity: try word(body, "severity", as: Severity.self), customID: nil,
      description: body.value("description"))
    if let text = body.value("custom_id") {
      guard let number = Int32(text) else {
        throw EngineFault(
          status: 400, detail: "custom_id is no number of 32 bits", reason: "Request syntactically incorrect."
        )
      }
      request.customID = number
    }
    if let domain = body["storage_domain"] {
      if let text = domain.value("id") { request.domain = try call.id(text) }
      request.externalStatus = try word(domain, "external_status", as: ExternalStatus.self)
    }
    if let text = body["vm"]?.value("id") { request.machine = try call.id(text) }
    if let text = body["cluster"]?.value("id") { request.cluster = try call.id(text) }
    return request
  }

  /// Only `true` and `false` are accepted in bodies (E `api.xjb`).
  private static func boolean(_ body: RequestTree, _ name: String) throws(EngineFault) -> Bool? {
    switch body.value(name) {
    case nil: return nil
    case "true": return true
    case "false": return false
    default:
      throw EngineFault(
        status: 400, detail: "\(name) is neither true nor false", reason: "Request syntactically incorrect.")
    }
  }

  private static func word<Word: RawRepresentable<String>>(
    _ body: RequestTree, _ name: String, as _: Word.Type
  ) throws(EngineFault) -> Word? {
    guard let text = body.value(name) else { return nil }
    guard let word = Word(rawValue: text) else {
      throw EngineFault(status: 400, detail: "\"\(text)\" is no \(name)", reason: "Invalid value")
    }
    return word
  }
}

extension EngineService {
  /// What the request asks for, if it is about a machine's snapshots and can be read.
  public static func machineVerb(of request: BedRequest, engine: EngineModel) -> MachineVerb? {
    let path = request.segments
    guard path.count >= 5, path[0] == "ovirt-engine", path[1] == "api", path[2] == "vms",
      path[4] == "snapshots", let machine = VirtualMachineID(path[3])
    else { return nil }
    switch (request.method, path.count) {
    case ("POST", 5):
      let call = APICall(
        request: request, path: Array(path[2...]), engine: engine, now: Instant(nanoseconds: 0))
      guard let body = try? call.body(), let wanted = try? snapshotRequest(call, body) else { return nil }
      let overlays = (wanted.disks ?? []).compactMap { choice in
        choice.overlay.map { OverlayRequest(disk: choice.disk, overlay: $0) }
      }
      return .createSnapshot(machine, description: wanted.description ?? "", overlays: overlays)
    case ("DELETE", 6): return .removeSnapshot(machine)
    default: return nil
    }
  }
}
