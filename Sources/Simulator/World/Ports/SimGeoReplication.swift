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
    try await caller.call("read the session's status", PortLatency.status) { (world, _) throws(DRError) in
      world.session.status()
    }
  }

  func setCheckpoint() async throws(DRError) -> Instant {
    try await caller.call("set a checkpoint", PortLatency.setting) { (world, now) throws(DRError) in
      world.session.setCheckpoint(at: now)
    }
  }

  func start() async throws(DRError) {
    try await caller.call("start geo-replication", PortLatency.start) { (world, now) throws(DRError) in
      world.session.start(at: now)
    }
  }

  func stop() async throws(DRError) {
    try await caller.call("stop geo-replication", PortLatency.stop) { (world, now) throws(DRError) in
      world.session.stop(at: now)
    }
  }

  func primaryGeometry() async throws(DRError) -> VolumeGeometry {
    try await caller.call("look at the primary volume", PortLatency.status) { (world, _) throws(DRError) in
      world.session.primary.geometry
    }
  }

  func dataMover() async throws(DRError) -> DataMover {
    try await caller.call("look at rsync", PortLatency.setting) { (_, _) throws(DRError) in
      DataMover(version: "rsync  version 3.2.7  protocol version 31")
    }
  }
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
      world.session.clientsAtSecondary
    }
  }

  func setReadOnly(_ readOnly: Bool) async throws(DRError) {
    try await caller.call("set features.read-only", PortLatency.setting) { (world, _) throws(DRError) in
      world.session.secondary.setReadOnly(readOnly)
    }
  }
}
