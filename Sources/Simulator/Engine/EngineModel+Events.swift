import DRKit
import OrderedCollections

struct ExternalEventKey: Hashable, Sendable {
  var origin: String
  var customID: Int32
}

/// A line of the engine's audit log.
public struct LoggedEvent: Sendable, Hashable {
  public var index: Int
  /// C `AuditLogType`.
  public var code: Int
  public var severity: Severity
  public var description: String
  public var time: Instant
  /// `oVirt` for the engine's own.
  public var origin: String
  /// -1 for the engine's own.
  public var customID: Int32
  public var correlationID: String?
  public var machine: VirtualMachineID?
  public var domain: StorageDomainID?
  public var cluster: ClusterID?
}

/// The body of `POST events`; required are the first four, nil is a 400.
public struct ExternalEventRequest: Sendable, Hashable {
  public var origin: String?
  public var severity: Severity?
  public var customID: Int32?
  public var description: String?
  public var domain: StorageDomainID?
  /// In `<storage_domain><external_status>`: sets the domain's.
  public var externalStatus: ExternalStatus?
  public var machine: VirtualMachineID?
  public var cluster: ClusterID?

  public init(
    origin: String?, severity: Severity?, customID: Int32?, description: String?,
    domain: StorageDomainID? = nil, externalStatus: ExternalStatus? = nil, machine: VirtualMachineID? = nil,
    cluster: ClusterID? = nil
  ) {
    self.origin = origin
    self.severity = severity
    self.customID = customID
    self.description = description
    self.domain = domain
    self.externalStatus = externalStatus
    self.machine = machine
    self.cluster = cluster
  }
}

/// The engine's own log lines that this model writes, with their codes (C `AuditLogType`).
enum LogLine: Int {
  case createSnapshot = 45
  case createSnapshotDone = 68
  case createSnapshotFailed = 69
  case removeSnapshot = 342
  case removeSnapshotFailed = 357
  case removeSnapshotDone = 356
  case snapshotInconsistent = 10_774
  case down = 61
  case started = 153
  case running = 32
  case migrationStarted = 62
  case migrationDone = 63
  case diskAdded = 97

  var severity: Severity {
    switch self {
    case .createSnapshot, .createSnapshotDone, .removeSnapshot, .removeSnapshotDone, .down, .started,
      .running,
      .migrationStarted, .migrationDone, .diskAdded:
      .normal
    case .snapshotInconsistent: .warning
    case .createSnapshotFailed, .removeSnapshotFailed: .error
    }
  }

  /// What the line says has befallen its machine, in the words of the port.
  var befell: MachineEvent.Kind? {
    switch self {
    case .createSnapshotDone: .snapshotTaken
    case .removeSnapshotDone: .snapshotRemoved
    case .down: .stopped
    case .started, .running: .started
    case .migrationDone: .migrated
    case .diskAdded: .diskAttached
    case .createSnapshot, .createSnapshotFailed, .removeSnapshot, .removeSnapshotFailed,
      .snapshotInconsistent,
      .migrationStarted:
      nil
    }
  }
}

extension EngineModel {
  /// The engine cuts messages here (config `MaxAuditLogMessageLength`).
  static let maximumMessageLength = 10_000

  /// Adds an external event and returns its index (its id in REST).
  /// - Throws: 400 for a missing field, origin `oVirt` in any case, an (origin, custom id) ever used before, or a link to
  ///   something that does not exist (R `BackendEventsResource`, B `AddExternalEventCommand`).
  @discardableResult
  public mutating func post(
    _ request: ExternalEventRequest, correlationID: String? = nil, now: Instant
  ) throws(EngineFault) -> Int {
    guard let origin = request.origin, !origin.isEmpty else { throw .incomplete("Event", "origin", "add") }
    guard let severity = request.severity else { throw .incomplete("Event", "severity", "add") }
    guard let customID = request.customID else { throw .incomplete("Event", "customId", "add") }
    guard let description = request.description, !description.isEmpty else {
      throw .incomplete("Event", "description", "add")
    }
    _ = try injectedFault(.postEvent, machine: nil)
    if origin.lowercased() == "ovirt" {
      throw .bad("Cannot add External Event. Illegal origin for External Event: \(origin).")
    }
    let key = ExternalEventKey(origin: origin, customID: customID)
    if externalKeys.contains(key) {
      throw .bad(
        "Cannot add External Event. Event with the same origin \(origin) and custom id \(customID) "
          + "already exists.")
    }
    if let domain = request.domain, domains[domain] == nil {
      throw .bad("Cannot add External Event. Storage Domain doesn't exist.")
    }
    if let machine = request.machine, machines[machine] == nil {
      throw .bad("Cannot add External Event. VM doesn't exist.")
    }
    if let cluster = request.cluster, clusters[cluster] == nil {
      throw .bad("Cannot add External Event. Cluster doesn't exist.")
    }
    externalKeys.insert(key)
    if let domain = request.domain, let status = request.externalStatus {
      domains[domain]?.externalStatus = status
    }
    let code =
      switch severity {
      case .normal: 9801
      case .warning: 9802
      case .error: 9803
      case .alert: 9804
      }
    return append(
      LoggedEvent(
        index: 0, code: code, severity: severity, description: description, time: now, origin: origin,
        customID: customID, correlationID: correlationID, machine: request.machine, domain: request.domain,
        cluster: request.cluster))
  }

  mutating func log(
    _ line: LogLine, _ text: String, machine: VirtualMachineID? = nil, domain: StorageDomainID? = nil,
    correlationID: String?, now: Instant
  ) {
    append(
      LoggedEvent(
        index: 0, code: line.rawValue, severity: line.severity, description: text, time: now, origin: "oVirt",
        customID: -1, correlationID: correlationID, machine: machine, domain: domain, cluster: nil))
  }

  /// What befell machines after the event with this index, in the words of the port; nil when the log does not have that.
  public func machineEvents(after index: Int) -> [MachineEvent]? {
    guard index == 0 || events.contains(where: { $0.index == index }) else { return nil }
    return events.filter { $0.index > index }.compactMap { event in
      guard event.origin == "oVirt", let machine = event.machine,
        let kind = LogLine(rawValue: event.code)?.befell
      else { return nil }
      return MachineEvent(
        index: Int64(event.index), kind: kind, machine: machine, at: event.time,
        correlationID: event.correlationID, text: event.description)
    }
  }

  /// Takes lines out of the log, as the engine's nightly cleaning does, or an administrator who dismisses them.
  public mutating func forgetEvents(upTo index: Int) { events.removeAll { $0.index <= index } }

  @discardableResult
  private mutating func append(_ event: LoggedEvent) -> Int {
    var event = event
    event.index = (events.last?.index ?? 0) + 1
    event.description = String(event.description.prefix(Self.maximumMessageLength))
    events.append(event)
    return event.index
  }
}
