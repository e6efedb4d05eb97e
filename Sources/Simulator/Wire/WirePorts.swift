import DRKit
import GlusterCLI
import OVirtClient
import Simulator
import TestBed

/// The real adapters over simulated bytes: what `drctl sync` uses for the engine and for gluster's command, in virtual time.
///
/// The volumes' content stays with the simulated ports, as its adapter is a FUSE mount; so do clock, journal and catalogue.
public struct WirePorts: PortFamily {
  private let world: SimulatedWorld
  private let store: SimStore
  private let site: SimulatedEngineSite

  public init(world: SimulatedWorld, store: SimStore) {
    self.world = world
    self.store = store
    site = SimulatedEngineSite(seed: world.seed.child("engine tokens"))
  }

  public func withPorts(
    of who: Incarnation, _ body: (SyncPorts) async throws(DRError) -> Void
  ) async throws(DRError) {
    // Loopback, since anything else would have to be TLS; nothing is ever connected.
    let address = try EngineAddress(url: "http://127.0.0.1/ovirt-engine/api")
    let engine = OVirtManager(
      session: OVirtSession(
        address: address,
        credentials: OVirtCredentials(
          user: BedCredentials.standard.user, password: BedCredentials.standard.password),
        transport: SimulatedEngineTransport(site, world, who)),
      clock: SimClock(world.loop, who))
    var ports = world.ports(for: who, store: store)
    ports.engine = engine
    ports.georep = GlusterGeoReplication(
      session: world.session.name, runner: SimulatedGlusterCommand(.primary, world, who))
    ports.cluster = GlusterSecondaryCluster(
      volume: world.session.secondary.name, runner: SimulatedGlusterCommand(.secondary, world, who))
    let result: Result<Void, DRError>
    do throws(DRError) { result = .success(try await body(ports)) } catch { result = .failure(error) }
    // As `SiteAssembly` does on every path; the dead don't get through.
    await engine.close()
    try result.get()
  }
}
