import DRKit

/// A session that is another one but for what it does otherwise.
public protocol ForwardingSession: GeoReplication {
  var base: any GeoReplication { get }
}

extension ForwardingSession {
  public var session: SessionName { base.session }
  public func status() async throws(DRError) -> [WorkerStatus] { try await base.status() }
  public func setCheckpoint() async throws(DRError) -> Instant { try await base.setCheckpoint() }
  public func start() async throws(DRError) { try await base.start() }
  public func stop() async throws(DRError) { try await base.stop() }
  public func settings() async throws(DRError) -> [SessionSetting] { try await base.settings() }
  public func set(_ setting: SessionSetting) async throws(DRError) { try await base.set(setting) }
  public func delete() async throws(DRError) { try await base.delete() }
  public func create() async throws(DRError) { try await base.create() }
  public func primaryGeometry() async throws(DRError) -> VolumeGeometry { try await base.primaryGeometry() }
  public func dataMover() async throws(DRError) -> DataMover { try await base.dataMover() }
}
