import DRKit
import GlusterCLI

/// A secondary volume as recovery reaches it: without engine, database or primary.
public struct SecondarySite: Sendable {
  /// `host:/volume`, or the directory.
  public let name: String
  public let volume: any SecondaryVolume
  /// Nil for a directory: nothing switches its read-only flag.
  public let cluster: (any SecondaryCluster)?
  /// The session that replicates into it, asked at the primary; nil when nobody said where that is.
  public let session: (any GeoReplication)?
  /// Addresses of mounts that only read, as configured.
  public let knownClients: [String]

  /// - Parameters:
  ///   - host: a node of the secondary cluster.
  ///   - sshUser: runs `gluster` there by ssh; nil runs it on this host.
  public init(host: String, volume: String, sshUser: String?) throws(DRError) {
    let access = sshUser.map { ClusterAccess.ssh(user: $0) } ?? .local
    try self.init(
      VolumeAccess(host: host, volume: volume, access: access), session: nil, knownClients: [])
  }

  /// A volume, or a copy of one, that is mounted already.
  public init(directory: String) throws(DRError) {
    _ = try GlusterVolumeView(directory: directory)
    name = directory
    volume = MountedVolume(directory: directory)
    cluster = nil
    session = nil
    knownClients = []
  }

  /// The first destination of a configured domain.
  public init(_ domain: ProtectedDomain, _ policy: SyncPolicy) throws(DRError) {
    guard let destination = domain.destinations.first else {
      throw DRError(.unfit, "read the configuration", domain.name, reason: "it has no destination")
    }
    let secondary = destination.secondary
    let session = GlusterGeoReplication(
      session: SessionName(
        primaryVolume: domain.primary.volume, secondaryUser: destination.sessionUser,
        secondaryHost: secondary.host, secondaryVolume: secondary.volume),
      runner: try SiteAssembly.runner(domain.primary))
    try self.init(secondary, session: session, knownClients: policy.knownClients)
  }

  private init(
    _ access: VolumeAccess, session: (any GeoReplication)?, knownClients: [String]
  ) throws(DRError) {
    name = "\(access.host):/\(access.volume)"
    volume = GlusterSecondaryVolume(mount: try SiteAssembly.mount(access))
    cluster = GlusterSecondaryCluster(volume: access.volume, runner: try SiteAssembly.runner(access))
    self.session = session
    self.knownClients = knownClients
  }
}

/// A directory in the place of fresh mounts.
private struct MountedVolume: SecondaryVolume {
  let directory: String

  func view() async throws(DRError) -> any VolumeView { try GlusterVolumeView(directory: directory) }
}
