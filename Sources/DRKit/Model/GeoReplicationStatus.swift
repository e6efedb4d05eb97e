/// A geo-replication session, as the CLI names it: `primaryVolume [user@]host::volume`.
public struct SessionName: Hashable, Sendable, Codable {
  public var primaryVolume: String
  /// `root` unless a mountbroker session.
  public var secondaryUser: String
  public var secondaryHost: String
  public var secondaryVolume: String

  public init(
    primaryVolume: String, secondaryUser: String = "root", secondaryHost: String, secondaryVolume: String
  ) {
    self.primaryVolume = primaryVolume
    self.secondaryUser = secondaryUser
    self.secondaryHost = secondaryHost
    self.secondaryVolume = secondaryVolume
  }
}

extension SessionName: CustomStringConvertible {
  public var description: String {
    let user = secondaryUser == "root" ? "" : "\(secondaryUser)@"
    return "\(primaryVolume) → \(user)\(secondaryHost)::\(secondaryVolume)"
  }
}

/// A brick as the status rows and the volume's brick list name it.
public struct BrickName: Hashable, Sendable, Codable, Comparable {
  public var node: String
  public var path: String

  public init(node: String, path: String) {
    self.node = node
    self.path = path
  }

  public static func < (a: BrickName, b: BrickName) -> Bool { (a.node, a.path) < (b.node, b.path) }
}

extension BrickName: CustomStringConvertible {
  public var description: String { "\(node):\(path)" }
}

/// The status words of gsyncd (10.3: all seen on a real system but `unknown`).
public enum WorkerState: Hashable, Sendable, Codable {
  case created, initializing, active, passive, paused, stopped, faulty
  /// A word that we do not know, or a row that the CLI did not give.
  case unknown(String)
}

public enum CrawlState: Hashable, Sendable, Codable {
  case hybrid, history, changelog
  /// `N/A`: not crawling, or not said.
  case none
  case unknown(String)
}

/// One row of `status detail`: the worker of one brick. Nil is `N/A` or `-`: *unknown*, never zero.
public struct WorkerStatus: Hashable, Sendable, Codable {
  public var brick: BrickName
  public var state: WorkerState
  public var crawl: CrawlState
  public var entriesPending: Int64?
  public var dataPending: Int64?
  public var metadataPending: Int64?
  public var failures: Int64?
  public var lastSynced: Instant?
  public var checkpointTime: Instant?
  public var checkpointCompleted: Bool?

  public init(
    brick: BrickName, state: WorkerState, crawl: CrawlState = .none, entriesPending: Int64? = nil,
    dataPending: Int64? = nil, metadataPending: Int64? = nil, failures: Int64? = nil,
    lastSynced: Instant? = nil,
    checkpointTime: Instant? = nil, checkpointCompleted: Bool? = nil
  ) {
    self.brick = brick
    self.state = state
    self.crawl = crawl
    self.entriesPending = entriesPending
    self.dataPending = dataPending
    self.metadataPending = metadataPending
    self.failures = failures
    self.lastSynced = lastSynced
    self.checkpointTime = checkpointTime
    self.checkpointCompleted = checkpointCompleted
  }
}

/// A volume as `gluster volume info` and `volume get` describe it.
public struct VolumeGeometry: Hashable, Sendable, Codable {
  public var name: String
  public var isStarted: Bool
  /// The bricks of each subvolume (a replica or disperse set, or one brick of a plain distribute volume), in order.
  public var subvolumes: [[BrickName]]
  /// Nil when `features.shard` is off.
  public var shardSize: Int64?
  /// `changelog.rollover-time`; 15 s by default. Meaningful at the primary.
  public var rollover: TimeSpan
  /// `features.read-only`.
  public var isReadOnly: Bool

  public init(
    name: String, isStarted: Bool, subvolumes: [[BrickName]], shardSize: Int64?, rollover: TimeSpan,
    isReadOnly: Bool
  ) {
    self.name = name
    self.isStarted = isStarted
    self.subvolumes = subvolumes
    self.shardSize = shardSize
    self.rollover = rollover
    self.isReadOnly = isReadOnly
  }
}

/// Who is connected to one brick, as `gluster volume status VOLUME clients` tells it.
public struct BrickClients: Hashable, Sendable, Codable {
  public var brick: BrickName
  public var clients: [VolumeClient]

  public init(brick: BrickName, clients: [VolumeClient]) {
    self.brick = brick
    self.clients = clients
  }
}

/// One connection to a brick.
public struct VolumeClient: Hashable, Sendable, Codable {
  /// The client's, as the brick sees it; an IPv6 address without brackets.
  public var address: String
  public var port: UInt16

  public init(address: String, port: UInt16) {
    self.address = address
    self.port = port
  }
}

/// Bytes of a volume, as a mount of it sees them.
public struct VolumeSpace: Hashable, Sendable, Codable {
  public var total: Int64
  public var available: Int64

  public init(total: Int64, available: Int64) {
    self.total = total
    self.available = available
  }
}

/// What moves the data of a session at one of its ends, and whether it is known to.
public struct DataMover: Hashable, Sendable, Codable {
  /// The whole first line of `rsync --version` on the node.
  public var version: String
  /// Nil when trusted; otherwise why not (rsync 3.5.0 copies nothing for gsyncd and the checkpoint still completes:
  /// measured on Debian 12).
  public var defect: String?

  public init(version: String, defect: String? = nil) {
    self.version = version
    self.defect = defect
  }
}
