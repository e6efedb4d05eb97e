import DRKit
import OrderedCollections

/// Searches over the engine's collections. Known keys are a part of the real ones (`*ConditionFieldAutoCompleter.java`); an
/// unknown key is a 400 rather than silently everything.
extension EngineModel {
  public func searchMachines(
    _ search: EngineSearch, caseSensitive: Bool = true, max: Int? = nil
  ) throws(EngineFault) -> [EngineMachine] {
    try search.apply(to: allMachines, caseSensitive: caseSensitive, max: max) { machine, key in
      switch key {
      case "name", "vm.name": [machine.name]
      case "id": [machine.id.description]
      case "status", "vm.status": [machine.status.rawValue]
      case "description": [machine.description]
      case "comment", "tag": []
      case "cluster": [clusters[machine.cluster]?.name].compactMap { $0 }
      case "datacenter": [dataCenter.name]
      case "memory": [String(machine.memory >> 20)]
      default:
        if key.hasPrefix("storage.") { storageField(of: machine, String(key.dropFirst(8))) } else { nil }
      }
    }
  }

  public func searchDomains(
    _ search: EngineSearch, caseSensitive: Bool = true, max: Int? = nil
  ) throws(EngineFault) -> [EngineDomain] {
    try search.apply(to: allDomains, caseSensitive: caseSensitive, max: max) { domain, key in
      field(of: domain, key)
    }
  }

  public func searchDisks(
    _ search: EngineSearch, caseSensitive: Bool = true, max: Int? = nil
  ) throws(EngineFault) -> [EngineDisk] {
    try search.apply(to: allDisks, caseSensitive: caseSensitive, max: max) { disk, key in
      switch key {
      case "name", "alias": [disk.alias]
      case "id": [disk.id.description]
      case "status": [disk.status.rawValue]
      case "provisioned_size": [String(disk.provisionedSize >> 30)]
      case "vm_names", "vms.name": attachedMachines(of: disk.id).map(\.name)
      default:
        if key.hasPrefix("storage.") {
          disk.domain.flatMap { domains[$0] }.map { field(of: $0, String(key.dropFirst(8))) } ?? []
        } else {
          nil
        }
      }
    }
  }

  /// Newest first unless sorted; with `from` only those with a greater index.
  public func searchEvents(
    _ search: EngineSearch, from: Int? = nil, caseSensitive: Bool = true, max: Int? = nil
  ) throws(EngineFault) -> [LoggedEvent] {
    let start = events.firstIndex { $0.index > from ?? 0 } ?? events.endIndex
    return try search.apply(to: events[start...].reversed(), caseSensitive: caseSensitive, max: max) {
      event, key in
      switch key {
      case "id": [String(event.index)]
      case "type": [String(event.code)]
      case "severity": [event.severity.rawValue]
      case "message", "name": [event.description]
      case "time": [String(event.time.nanoseconds)]
      case "origin": [event.origin]
      case "custom_event_id": [String(event.customID)]
      case "correlation_id": [event.correlationID ?? ""]
      case "event_vm", "vms.name", "vm.name": [event.machine.flatMap { machines[$0]?.name }].compactMap { $0 }
      case "event_storage", "storage.name": [event.domain.flatMap { domains[$0]?.name }].compactMap { $0 }
      default: nil
      }
    }
  }

  public func searchJobs(
    _ search: EngineSearch, caseSensitive: Bool = true, max: Int? = nil
  ) throws(EngineFault) -> [EngineJob] {
    try search.apply(to: allJobs, caseSensitive: caseSensitive, max: max) { job, key in
      switch key {
      case "id": [job.id.description]
      case "name", "description": [job.description]
      case "status": [job.status.rawValue]
      case "correlation_id": [job.correlationID ?? ""]
      case "start_time", "time": [String(job.start.nanoseconds)]
      default: nil
      }
    }
  }

  /// Of every domain that the machine has a disk on; there is no storage id key (E `StorageDomainFieldAutoCompleter`).
  private func storageField(of machine: EngineMachine, _ key: String) -> [String]? {
    var values: [String] = []
    var seen: Set<StorageDomainID> = []
    for attachment in machine.attachments {
      guard let id = disks[attachment.disk]?.domain, seen.insert(id).inserted, let domain = domains[id] else {
        continue
      }
      guard let found = field(of: domain, key) else { return nil }
      values += found
    }
    return values
  }

  private func field(of domain: EngineDomain, _ key: String) -> [String]? {
    switch key {
    case "name": [domain.name]
    case "status": [domain.status.rawValue]
    case "external_status": [domain.externalStatus.rawValue]
    case "datacenter": domain.status == .unattached ? [] : [dataCenter.name]
    case "type": [domain.storageType]
    case "free_size": [String(domain.available >> 30)]
    case "used_size": [String(domain.used >> 30)]
    case "total_size": [String((domain.available + domain.used) >> 30)]
    default: nil
    }
  }
}
