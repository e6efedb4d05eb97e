/// What to do when a machine can't be snapshotted.
public enum SnapshotFailurePolicy: String, Hashable, Sendable, Codable, CaseIterable {
  /// The run fails; every snapshot it made is merged.
  case abort
  /// The machine is left out, named as not in the point, and the final event is a warning.
  case leaveOut = "leave-out"
}

/// The knobs of a run. Every wait in it has a limit here.
public struct SyncPolicy: Hashable, Sendable, Codable {
  public var onSnapshotFailure: SnapshotFailurePolicy = .abort
  /// Machines snapshotted, merged or proved at once.
  public var concurrency = 5
  /// From the request to `ok`; the engine's own limit is 30 min.
  public var snapshotLimit: TimeSpan = .minutes(10)
  /// For the whole checkpoint → complete wait of a pass that carries snapshots.
  public var replicateLimit: TimeSpan = .hours(6)
  /// For the pass without snapshots that a first sync needs.
  public var convergeLimit: TimeSpan = .hours(72)
  public var stopLimit: TimeSpan = .minutes(5)
  /// For one live merge.
  public var mergeLimit: TimeSpan = .hours(2)
  public var mergeAttempts = 3
  /// Between two attempts at one merge: what made the engine refuse (a migration, a backup) takes a while to pass.
  public var mergePause: TimeSpan = .minutes(1)
  /// Between two looks at the session's status.
  public var statusInterval: TimeSpan = .seconds(1)
  /// Between two looks at a snapshot.
  public var snapshotInterval: TimeSpan = .milliseconds(500)
  /// Added to the changelog's rollover time before it is taken as over.
  public var rolloverMargin: TimeSpan = .seconds(1)
  /// How long before that the session is started: a worker needs this long to begin its history crawl (5-6 s measured),
  /// so the wait and its start overlap. Measured on the lab: 22 s from checkpoint to stop instead of 28, all of it done by
  /// the history crawl in each of 3 runs.
  public var startLead: TimeSpan = .seconds(5)
  /// The nonce must be later than the checkpoint's second (measured: a nonce in the same second left it at No for ever).
  public var nonceDelay: TimeSpan = .seconds(2)
  /// Beyond two rollovers, how long after a complete checkpoint its nonces are waited for.
  public var arrivalMargin: TimeSpan = .seconds(15)
  /// How long the status of a session that a run waits for may say Stopped before the run starts it again.
  public var stoppedPatience: TimeSpan = .seconds(30)
  /// Workers that a stalled live crawl may cost before the run fails.
  public var healLimit = 20
  /// Percent of the primary volume that must be free for overlays, 0...90.
  public var overlayReserve = 5
  /// Whether a copy that was attached to another engine and detached again may be overwritten: what its machines wrote there
  /// is lost. For one run at a time.
  public var overwritesDetached = false
  /// Whether a fresh run heals the destination if that is diverged: the session is created anew, everything is carried
  /// again, and all of the domain is proved. For one run at a time.
  public var repairs = false
  /// For the proof of all images of a point.
  public var sealLimit: TimeSpan = .hours(24)
  /// How long the secondary may take to fall silent once its session is stopped.
  public var silenceLimit: TimeSpan = .minutes(2)
  /// Addresses whose connections to the secondary's bricks are no worker's: of mounts that only read (a monitor's). An address
  /// of a secondary node hides a worker there.
  public var knownClients: [String] = []
  /// Bytes a second that the session may send; nil: unlimited.
  public var bandwidth: Int64?
  /// How long a lease lives without being renewed.
  public var leaseLength: TimeSpan = .seconds(60)
  /// How the images' content is proved.
  public var verify: VerifyLevel = .full
  public var retry = RetryPolicy()

  public init() {}
}
