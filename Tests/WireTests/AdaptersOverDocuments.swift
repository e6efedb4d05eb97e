import DRKit
import GlusterCLI
import OVirtClient
import Simulator
import Synchronization
import TestBed
import Testing

@testable import Wire

@Suite("What the adapters make of the documents is what the models say")
struct AdaptersOverDocuments {
  private func outcome<T: Sendable>(
    _ site: GlusterSite, _ body: @escaping @Sendable () async throws(DRError) -> T
  ) throws -> T {
    try site.loop.run(in: site.world) { () async -> Result<T, DRError> in
      do throws(DRError) { return .success(try await body()) } catch { return .failure(error) }
    }.get()
  }

  @Test("of a session in each of its states", arguments: [1, 3])
  func status(replica: Int) throws {
    let site = GlusterSite(replica: replica)
    let world = site.world
    let georep = GlusterGeoReplication(
      session: world.session.name, runner: SimulatedGlusterCommand(.primary, world, site.life))
    func sameRows() throws -> Set<WorkerState> {
      let read = try outcome(site) { () async throws(DRError) in try await georep.status() }
      let told = world.withSession { $0.status() }.sorted { $0.brick < $1.brick }
      #expect(read == told)
      return Set(read.map(\.state))
    }
    #expect(try sameRows() == [.stopped])
    let checkpoint = try outcome(site) { () async throws(DRError) in try await georep.setCheckpoint() }
    #expect(checkpoint == world.session.checkpoint)
    for _ in 0..<2 { try outcome(site) { () async throws(DRError) in try await georep.start() } }
    #expect(world.session.isStarted)
    #expect(try sameRows() == [.initializing])
    try site.pass(.seconds(20))
    #expect(try sameRows() == (replica == 1 ? [.active] : [.active, .passive]))
    try site.touch()
    try site.pass(.seconds(40))
    _ = try sameRows()
    for _ in 0..<2 { try outcome(site) { () async throws(DRError) in try await georep.stop() } }
    #expect(!world.session.isStarted)
    #expect(try sameRows() == [.stopped])
  }

  @Test("of both volumes, and of the switch between them", arguments: [1, 3])
  func geometry(replica: Int) throws {
    let site = GlusterSite(replica: replica)
    let world = site.world
    let georep = GlusterGeoReplication(
      session: world.session.name, runner: SimulatedGlusterCommand(.primary, world, site.life))
    let cluster = GlusterSecondaryCluster(
      volume: "data-dr", runner: SimulatedGlusterCommand(.secondary, world, site.life))
    let primary = try outcome(site) { () async throws(DRError) in try await georep.primaryGeometry() }
    #expect(primary == world.session.primary.geometry)
    for readOnly in [false, true] {
      try outcome(site) { () async throws(DRError) in try await cluster.setReadOnly(readOnly) }
      let secondary = try outcome(site) { () async throws(DRError) in try await cluster.geometry() }
      #expect(secondary == world.session.secondary.geometry)
      #expect(secondary.isReadOnly == readOnly)
    }
    let mover = try outcome(site) { () async throws(DRError) in try await georep.dataMover() }
    #expect(mover.defect == nil && mover.version.contains("3.2.7"))
    #expect(try outcome(site) { () async throws(DRError) in try await cluster.dataMover() } == mover)
  }

  @Test("of the session that the configuration names and gluster does not know")
  func missing() throws {
    let site = GlusterSite()
    let name = SessionName(primaryVolume: "data", secondaryHost: "b1", secondaryVolume: "nosuch")
    let georep = GlusterGeoReplication(
      session: name, runner: SimulatedGlusterCommand(.primary, site.world, site.life))
    let error = #expect(throws: DRError.self) {
      try outcome(site) { () async throws(DRError) in try await georep.status() }
    }
    #expect(error?.kind == .missing)
  }

  @Test(
    "of rsync, when ssh breaks off in the middle of its answer: nothing, and that is no reason to give up")
  func rsyncCutOff() throws {
    let site = GlusterSite(faults: [WorldFault(.portAnswerLost, at: .zero, for: .minutes(1), port: .georep)])
    try site.pass(.seconds(1))
    let georep = GlusterGeoReplication(
      session: site.world.session.name, runner: SimulatedGlusterCommand(.primary, site.world, site.life))
    let error = #expect(throws: DRError.self) {
      try outcome(site) { () async throws(DRError) in try await georep.dataMover() }
    }
    #expect(error?.kind == .transient)
  }

  @Test(
    "of an engine: machines, disks, volumes, and a snapshot's life; one login serves all, until it was idle too long"
  )
  func engine() throws {
    let (loop, world, life) = Self.site()
    let (engine, counter) = try Self.client(world, life)
    let direct = world.ports(for: life, store: SimStore()).engine

    let domain = world.domain
    let trouble = try loop.run(in: world) { () async -> DRError? in
      do throws(DRError) {
        // Five at once: they share the login.
        await withTaskGroup(of: Void.self) { group in
          for _ in 0..<5 { group.addTask { _ = try? await engine.machines(on: domain.id) } }
        }
        #expect(counter.logins == 1)
        #expect(try await engine.storageDomain(domain.name) == direct.storageDomain(domain.name))
        let machines = try await engine.machines(on: domain.id)
        #expect(try await machines == direct.machines(on: domain.id))
        for machine in machines {
          #expect(try await engine.disks(of: machine.id) == direct.disks(of: machine.id))
          #expect(try await engine.ovf(of: machine.id) == direct.ovf(of: machine.id))
        }
        #expect(try await engine.volumes(on: domain.id) == direct.volumes(on: domain.id))
        try await engine.updateOVFStore(of: domain.id)

        let disk = try await engine.disks(of: machines[0].id)[0]
        let overlay = VolumeID(high: 0x1, low: 0x8000_0000_0000_0001)
        let snapshot = try await engine.createSnapshot(
          of: machines[0].id, description: "drkit run x",
          overlays: [OverlayRequest(disk: disk.id, overlay: overlay)])
        #expect(try await engine.snapshot(snapshot, of: machines[0].id)?.status == .locked)
        let clock = SimClock(loop, life)
        try await clock.sleep(for: .seconds(20))
        #expect(try await engine.snapshot(snapshot, of: machines[0].id)?.status == .ok)
        #expect(
          try await engine.frozenVolumes(of: snapshot, machine: machines[0].id)
            == [disk.id: disk.activeVolume])
        #expect(try await engine.disks(of: machines[0].id)[0].activeVolume == overlay)
        try await engine.removeSnapshot(snapshot, of: machines[0].id)
        try await clock.sleep(for: .minutes(5))
        #expect(try await engine.snapshot(snapshot, of: machines[0].id) == nil)
        #expect(counter.logins == 1)
        try await clock.sleep(for: .minutes(31))
        #expect(try await engine.machine(machines[1].id)?.name == "vm2")
        #expect(counter.logins == 2)
        return nil
      } catch { return error }
    }
    #expect(trouble == nil)
  }

  @Test("of one login that many callers wait for: they go on in the order in which they came")
  func order() throws {
    let (loop, world, life) = Self.site(.fifo)
    let (engine, transport) = try Self.client(world, life)
    let machines = (1...12).map { VirtualMachineID(high: 0x4000, low: 0x8000_0000_0000_0000 | UInt64($0)) }
    try loop.run(in: world) {
      await withTaskGroup(of: Void.self) { group in
        for machine in machines { group.addTask { _ = try? await engine.machine(machine) } }
      }
    }
    let wanted = ["/ovirt-engine/sso/oauth/token"] + machines.map { "/ovirt-engine/api/vms/\($0)" }
    #expect(transport.paths == wanted)
  }

  private static func site(
    _ order: RunOrder = .random(Seed(2))
  ) -> (loop: SimulationLoop, world: SimulatedWorld, life: Incarnation) {
    var plan = WorldPlan()
    plan.machines = [WorldPlan.Machines(count: 3, disk: 1 << 30, rate: 0)]
    let loop = SimulationLoop(start: WorldPlan.birth, order: order)
    let world = SimulatedWorld(plan, seed: Seed(5), in: loop)
    return (loop, world, loop.startIncarnation())
  }

  private static func client(
    _ world: SimulatedWorld, _ life: Incarnation
  ) throws -> (OVirtManager, CountingTransport) {
    let transport = CountingTransport(
      SimulatedEngineTransport(SimulatedEngineSite(seed: Seed(1)), world, life))
    let session = OVirtSession(
      address: try EngineAddress(url: "http://127.0.0.1"),
      credentials: OVirtCredentials(user: "admin@internal", password: BedCredentials.standard.password),
      transport: transport)
    return (OVirtManager(session: session, clock: SimClock(world.loop, life)), transport)
  }
}

/// Keeps what passes through it.
private final class CountingTransport: OVirtTransport {
  private let inner: SimulatedEngineTransport
  private let sent = Mutex<[String]>([])

  init(_ inner: SimulatedEngineTransport) { self.inner = inner }

  var paths: [String] { sent.withLock { $0 } }
  var logins: Int { paths.count { $0.hasSuffix("/token") } }

  func send(_ request: OVirtRequest) async throws(TransportError) -> OVirtReply {
    sent.withLock { $0.append(request.path) }
    return try await inner.send(request)
  }

  func shutdown() async {}
}
