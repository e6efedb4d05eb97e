import DRKit

/// What lab mode wants to know besides the engine's model.
public struct LabSettings: Hashable, Sendable {
  /// Sockets, pid files and logs of the daemons; created when missing. Keep it short: a unix socket's path has at most
  /// 107 bytes.
  public var runDirectory: String
  /// Where the report goes when the bed stops; nil for none.
  public var reportPath: String?
  /// Stamped blocks of 4096 bytes at the beginning of each disk: a power of two. 4096 are 16 MiB.
  public var blocks: UInt64 = 4_096
  /// Writes per second of each machine, 1...1000. Faster ones would keep live merges from ending.
  public var rate = 200
  /// A flush after every so many writes; 0 for none.
  public var flushEvery: UInt64 = 50
  var daemon = StorageDaemon.Options()
  var mergeLimits = StorageDaemon.MergeLimits()

  public init(runDirectory: String, reportPath: String? = nil) {
    self.runDirectory = runDirectory
    self.reportPath = reportPath
  }
}

/// A mounted volume for one of the engine's storage domains. Domains without one stay simulated: work on them fails.
public struct LabStorage: Hashable, Sendable {
  public var domain: StorageDomainID
  /// The directory where the volume is mounted (or, for tests, any directory).
  public var mount: String

  public init(domain: StorageDomainID, mount: String) {
    self.domain = domain
    self.mount = mount
  }
}
