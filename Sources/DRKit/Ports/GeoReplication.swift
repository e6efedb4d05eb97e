/// One geo-replication session, driven at the primary cluster.
///
/// The adapter decides on `opRet`, not on the exit code, survives output that is not XML (`.transient`), and maps "already
/// started" and "not started" to success: a repeated effect is the same effect.
public protocol GeoReplication: Sendable {
  var session: SessionName { get }

  /// One row a worker, keyed by brick; a row may be missing. `.missing` when there is no such session.
  func status() async throws(DRError) -> [WorkerStatus]

  /// Sets a checkpoint at the primary's *now* and returns it as gluster keeps it (whole seconds).
  func setCheckpoint() async throws(DRError) -> Instant

  func start() async throws(DRError)

  /// Stops the session. Status `Stopped` afterwards is no proof that no worker lives (a worker whose monitor died goes on).
  func stop() async throws(DRError)

  /// The session's options as `config` lists them, sorted by name; the checkpoint is none. `.missing` when there is no session.
  func settings() async throws(DRError) -> [SessionSetting]

  /// Success when it is set so already. `.refused` for an option that can't be set.
  func set(_ setting: SessionSetting) async throws(DRError)

  /// Deletes the stopped session, and with it how far it has come: one that is created anew crawls everything. Success when there
  /// is none.
  func delete() async throws(DRError)

  /// Creates the session again, between clusters that know each other's keys from an earlier one. Success when there is one.
  func create() async throws(DRError)

  /// The primary volume.
  func primaryGeometry() async throws(DRError) -> VolumeGeometry

  func dataMover() async throws(DRError) -> DataMover
}
