import DRKit
import OVirtClient

/// What an administrator configured: one engine, and the storage domains to protect.
public struct Configuration: Sendable, Hashable {
  /// The SQLite file of runs and recovery points; relative paths are relative to the configuration's directory.
  public var state: String
  public var engine: EngineAccess
  public var domains: [ProtectedDomain]
  public var policy: SyncPolicy

  public init(state: String, engine: EngineAccess, domains: [ProtectedDomain], policy: SyncPolicy) {
    self.state = state
    self.engine = engine
    self.domains = domains
    self.policy = policy
  }
}

public struct EngineAccess: Sendable, Hashable {
  /// `https://HOST[:PORT]/ovirt-engine/api`; plain `http` for a loopback address only.
  public var url: String
  /// The PEM file of the engine's own certificate authority; nil trusts the system's.
  public var certificateAuthority: String?
  /// `user@profile`.
  public var user: String
  public var password: SecretReference
  public var transport: TransportKind

  public init(
    url: String, certificateAuthority: String?, user: String, password: SecretReference,
    transport: TransportKind = .standard
  ) {
    self.url = url
    self.certificateAuthority = certificateAuthority
    self.user = user
    self.password = password
    self.transport = transport
  }
}

/// How drkit reaches a cluster's gluster command.
public enum ClusterAccess: Sendable, Hashable {
  /// drkit runs on a node of the cluster.
  case local
  /// `ssh USER@HOST`, by key.
  case ssh(user: String)
}

public struct ProtectedDomain: Sendable, Hashable {
  /// The storage domain's name, or its id, at the engine.
  public var name: String
  public var primary: VolumeAccess
  public var destinations: [Destination]

  public init(name: String, primary: VolumeAccess, destinations: [Destination]) {
    self.name = name
    self.primary = primary
    self.destinations = destinations
  }
}

/// `drkit-agent` on the host that `ClusterAccess` reaches.
public struct AgentAccess: Sendable, Hashable {
  /// A name in the path of that host, or an absolute path.
  public var program: String
  /// Bytes a second that may be read there, shared evenly by the images that are proved at once; nil: unlimited.
  public var rate: Int64?

  public init(program: String = "drkit-agent", rate: Int64? = nil) {
    self.program = program
    self.rate = rate
  }
}

public struct VolumeAccess: Sendable, Hashable {
  /// A node of the cluster: what is mounted from, and where ssh goes. Of a secondary, as the session names it.
  public var host: String
  /// Further nodes, asked in this order when the one before does not answer.
  public var otherHosts: [String]
  public var volume: String
  public var access: ClusterAccess
  /// Nil: content is read through a mount on this host.
  public var agent: AgentAccess?

  /// All nodes that may be asked, the first of them `host`.
  public var hosts: [String] { [host] + otherHosts }

  public init(
    host: String, otherHosts: [String] = [], volume: String, access: ClusterAccess, agent: AgentAccess? = nil
  ) {
    self.host = host
    self.otherHosts = otherHosts
    self.volume = volume
    self.access = access
    self.agent = agent
  }
}

public struct Destination: Sendable, Hashable {
  public var name: String
  /// The session's secondary, as `geo-replication … status` names it.
  public var secondary: VolumeAccess
  /// `root` unless a mountbroker session.
  public var sessionUser: String
  /// Bytes a second that the session may send; nil: drkit sets no limit.
  public var bandwidth: Int64?

  public init(name: String, secondary: VolumeAccess, sessionUser: String, bandwidth: Int64? = nil) {
    self.name = name
    self.secondary = secondary
    self.sessionUser = sessionUser
    self.bandwidth = bandwidth
  }
}
