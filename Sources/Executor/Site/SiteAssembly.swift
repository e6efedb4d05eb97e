import DRKit
import GlusterCLI
import OVirtClient
import StateStore

/// The real ports of one storage domain and its destination, put together from the configuration.
public struct SiteAssembly: Sendable {
  public let ports: SyncPorts
  public let target: SyncTarget
  public let policy: SyncPolicy
  private let store: StateStore

  /// Runs `body` with the ports, and lets go of the engine and the database on every path.
  /// - Parameter checksState: reads all of the database first. Takes as long as its size asks for.
  public static func with<T: Sendable>(
    _ configuration: Configuration, _ domain: ProtectedDomain, observer: any RunObserver,
    checksState: Bool = false, _ body: (SiteAssembly) async throws -> T
  ) async throws -> T {
    let store = try StateStore(path: configuration.state)
    if checksState { try store.checkWhole() }
    let clock = SystemClock()
    let engine = try manager(configuration.engine, clock)
    let result: Result<T, any Error>
    do {
      let assembly = try SiteAssembly(configuration, domain, store, engine, clock, observer)
      result = .success(try await body(assembly))
    } catch {
      result = .failure(error)
    }
    await engine.close()
    do throws(DRError) {
      try store.close()
    } catch {
      // What the run has come to stands; it is in the file already.
      observer.observe(.noted(.report, error.description), at: clock.now)
    }
    return try result.get()
  }

  /// Runs `body` so that the engine's jobs and events carry `run` as their correlation id.
  public static func correlated<T>(with run: RunID, _ body: () async throws -> T) async throws -> T {
    try await OVirtManager.$correlationID.withValue(run.description) { try await body() }
  }

  /// For looking: the file is not made.
  /// - Throws: `.unfit` when there is no database, or it can't be used.
  public static func openCatalogue(_ configuration: Configuration) throws(DRError) -> any Catalogue & Journal
  {
    try StateStore(existing: configuration.state)
  }

  /// Deletes all that the state holds of this domain and destination.
  public func forget() async throws(DRError) { try await store.forget(target.key) }

  private static func manager(_ access: EngineAccess, _ clock: any DRClock) throws(DRError) -> OVirtManager {
    try OVirtManager(
      url: access.url, authority: access.certificateAuthority.map { .file($0) } ?? .system,
      credentials: OVirtCredentials(user: access.user, password: access.password.resolve()), clock: clock,
      transport: access.transport)
  }

  private init(
    _ configuration: Configuration, _ domain: ProtectedDomain, _ store: StateStore, _ engine: OVirtManager,
    _ clock: SystemClock, _ observer: any RunObserver
  ) throws(DRError) {
    let observer = PhaseFollower(observer, clock)
    guard let destination = domain.destinations.first else {
      throw DRError(.unfit, "read the configuration", domain.name, reason: "it has no destination")
    }
    let primary = domain.primary
    let secondary = destination.secondary
    let primaryRunner = try Self.runner(primary) { observer.note("primary: \($0)") }
    let secondaryRunner = try Self.runner(secondary) { observer.note("secondary: \($0)") }
    let session = SessionName(
      primaryVolume: primary.volume, secondaryUser: destination.sessionUser, secondaryHost: secondary.host,
      secondaryVolume: secondary.volume)
    self.store = store
    ports = SyncPorts(
      clock: clock, journal: store, catalogue: store, engine: engine,
      georep: GlusterGeoReplication(session: session, runner: primaryRunner),
      primary: GlusterPrimaryVolume(
        mount: try Self.mount(primary), runner: primaryRunner,
        agent: Self.agent(primary, configuration.policy, primaryRunner)),
      secondary: GlusterSecondaryVolume(
        mount: try Self.mount(secondary),
        agent: Self.agent(secondary, configuration.policy, secondaryRunner)),
      cluster: GlusterSecondaryCluster(volume: secondary.volume, runner: secondaryRunner),
      observer: observer)
    target = SyncTarget(
      key: DestinationKey(domain: domain.name, destination: destination.name), domain: domain.name)
    var policy = configuration.policy
    policy.bandwidth = destination.bandwidth
    self.policy = policy
  }

  static func mount(_ volume: VolumeAccess) throws(DRError) -> GlusterMount {
    try GlusterMount(server: volume.host, volume: volume.volume, backupServers: volume.otherHosts)
  }

  private static func agent(
    _ volume: VolumeAccess, _ policy: SyncPolicy, _ runner: any CommandRunner
  ) -> AgentDigest? {
    guard let agent = volume.agent else { return nil }
    // So many agents may be asked at once: the limit is for all of them.
    let share = agent.rate.map { $0 / Int64(max(1, policy.concurrency)) }
    return AgentDigest(
      runner: runner, program: agent.program, server: volume.host, volume: volume.volume,
      backupServers: volume.otherHosts, rate: share)
  }

  /// - Parameter note: hears which of several hosts answers.
  static func runner(
    _ volume: VolumeAccess, note: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(DRError) -> any CommandRunner {
    switch volume.access {
    case .local: return SubprocessRunner()
    case .ssh(let user):
      var hosts: [SSHRunner] = []
      for host in volume.hosts { hosts.append(try SSHRunner(host: host, user: user)) }
      return hosts.count == 1 ? hosts[0] : ClusterRunner(hosts, note: note)
    }
  }
}
