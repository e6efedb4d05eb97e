import DRKit

/// The session's port over the simulated Gluster.
struct SimGeoReplication: GeoReplication {
  let caller: PortCaller
  let session: SessionName

  init(_ world: SimulatedWorld, _ who: Incarnation) {
    caller = PortCaller(world: world, who: who, port: .georep)
    session = world.session.name
  }

  func status() async throws(DRError) -> [WorkerStatus] {
    try await existing("read the session's status", PortLatency.status) { (world, _) in world.session.status()
    }
  }

  func setCheckpoint() async throws(DRError) -> Instant {
    try await existing("set a checkpoint", PortLatency.setting) { (world, now) in
      world.session.setCheckpoint(at: now)
    }
  }

  func start() async throws(DRError) {
    try await existing("start geo-replication", PortLatency.start) { (world, now) in
      world.session.start(at: now)
    }
  }

  func stop() async throws(DRError) {
    try await existing("stop geo-replication", PortLatency.stop) { (world, now) in world.session.stop(at: now)
    }
  }

  func settings() async throws(DRError) -> [SessionSetting] {
    try await existing("read the session's options", PortLatency.setting) { (world, _) in
      world.session.settings
    }
  }

  func set(_ setting: SessionSetting) async throws(DRError) {
    let isKnown = try await existing("set an option", PortLatency.setting) { (world, now) in
      world.session.set(setting, at: now)
    }
    if !isKnown { throw DRError(.refused, "set an option", setting.name, reason: "Invalid option") }
  }

  func delete() async throws(DRError) {
    try await caller.call("delete the session", PortLatency.stop) { (world, _) throws(DRError) in
      guard world.session.delete() else {
        throw DRError(.refused, "delete the session", reason: "it is running (simulated)")
      }
    }
  }

  func create() async throws(DRError) {
    try await caller.call("create the session", PortLatency.start) { (world, now) throws(DRError) in
      world.session.create(at: now)
    }
  }

  private func existing<T>(
    _ operation: String, _ latency: ClosedRange<TimeSpan>,
    _ body: @escaping (SimulatedWorld, Instant) -> T
  ) async throws(DRError) -> T {
    let name = session.description
    return try await caller.call(operation, latency) { (world, now) throws(DRError) in
      guard world.session.exists else {
        throw DRError(.missing, operation, name, reason: "there is no such session (simulated)")
      }
      return body(world, now)
    }
  }

  func primaryGeometry() async throws(DRError) -> VolumeGeometry {
    try await caller.call("look at the primary volume", PortLatency.status) { (world, _) throws(DRError) in
      world.session.primary.geometry
    }
  }

  func dataMover() async throws(DRError) -> DataMover {
    try await caller.call("look at rsync", PortLatency.setting) { (_, _) throws(DRError) in
      Self.mover
    }
  }

  static let mover = DataMover(version: "rsync  version 3.2.7  protocol version 31")
}

/// The secondary cluster's port over the simulated Gluster.
struct SimSecondaryCluster: SecondaryCluster {
  let caller: PortCaller

  init(_ world: SimulatedWorld, _ who: Incarnation) {
    caller = PortCaller(world: world, who: who, port: .cluster)
  }

  func geometry() async throws(DRError) -> VolumeGeometry {
    try await caller.call("look at the secondary volume", PortLatency.status) { (world, _) throws(DRError) in
      world.session.secondary.geometry
    }
  }

  func clients() async throws(DRError) -> [BrickClients] {
    try await caller.call("list the secondary's clients", PortLatency.status) { (world, _) throws(DRError) in
      // As gluster's words can be read: "nobody" is no answer.
      world.session.clientsAtSecondary.filter { !$0.clients.isEmpty }
    }
  }

  func dataMover() async throws(DRError) -> DataMover {
    try await caller.call("look at the secondary's rsync", PortLatency.setting) { (_, _) throws(DRError) in
      SimGeoReplication.mover
    }
  }

  func setReadOnly(_ readOnly: Bool) async throws(DRError) {
    try await caller.call("set features.read-only", PortLatency.setting) { (world, _) throws(DRError) in
      world.session.secondary.setReadOnly(readOnly)
    }
  }
}
