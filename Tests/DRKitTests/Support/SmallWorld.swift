import DRKit
import Synchronization

/// One oVirt, two Gluster volumes and a session, in memory: enough for `SyncRun.execute` to seal a point, to fail in every
/// way that a test asks for, and to be killed at every port call.
final class SmallWorld: Sendable {
  let tripwire = Tripwire()
  let clock: FakeClock
  let journal: FakeJournal
  let catalogue: FakeCatalogue
  let observer = RecordingObserver()
  private let state: Mutex<WorldState>

  /// - Parameter machines: running machines, each with `disks` disks.
  init(machines: Int = 2, disks: Int = 1, _ edit: (inout WorldState) -> Void = { _ in }) {
    clock = FakeClock(tripwire: tripwire)
    journal = FakeJournal(tripwire: tripwire)
    catalogue = FakeCatalogue(tripwire: tripwire)
    var world = WorldState()
    world.write(world.layout.metadata, Sample.domainMetadata())
    for m in 1...UInt64(max(1, machines)) where machines > 0 {
      world.addMachine(m, disks: (1...UInt64(disks)).map { m * 10 + $0 })
    }
    edit(&world)
    state = Mutex(world)
  }

  /// The world's state now, or a change of it by somebody else than drkit.
  @discardableResult
  func with<T: Sendable>(_ body: (inout WorldState) -> T) -> T { state.withLock { body(&$0) } }

  var ports: SyncPorts {
    SyncPorts(
      clock: clock, journal: journal, catalogue: catalogue, engine: FakeEngine(world: self),
      georep: FakeGeoReplication(world: self), primary: FakeVolume(world: self, side: .primary),
      secondary: FakeVolume(world: self, side: .secondary), cluster: FakeCluster(world: self),
      observer: observer)
  }

  /// Waits in steps that keep a run short, and a lease that no test outlives by accident.
  static var policy: SyncPolicy {
    var policy = SyncPolicy()
    policy.statusInterval = .seconds(5)
    policy.snapshotInterval = .seconds(50)
    policy.leaseLength = .hours(24 * 30)
    policy.concurrency = 1
    policy.convergeLimit = .hours(1)
    policy.replicateLimit = .hours(1)
    return policy
  }

  static let target = SyncTarget(key: Sample.key, domain: "data")

  func run(_ n: UInt64 = 1, _ policy: SyncPolicy = SmallWorld.policy) async throws -> SyncRun.Result {
    try await SyncRun(ports: ports, target: SmallWorld.target, policy: policy).execute(fresh: Sample.run(n))
  }

  /// Executes until an incarnation ends by itself; between two, `outage` passes, the dead one's lease runs out, its mounts
  /// go with it and `meanwhile` happens.
  func runToTheEnd(
    _ policy: SyncPolicy = SmallWorld.policy, outage: TimeSpan = .minutes(2),
    meanwhile: (inout WorldState) -> Void = { _ in }, resuming: () -> Void = {}
  ) async throws -> (result: SyncRun.Result, incarnations: Int) {
    for incarnation in 1...50 {
      do {
        return (try await run(UInt64(incarnation), policy), incarnation)
      } catch let error as DRError where error.kind == .stopped {
        tripwire.revive()
        clock.pass(outage)
        catalogue.expireLeases()
        with { state in
          state.openViews = 0
          meanwhile(&state)
        }
        resuming()
      }
    }
    throw DRError(.timedOut, "run", reason: "it never ended")
  }

  /// One port call of a fake: the world catches up with the clock, then `body` acts on it.
  func call<T: Sendable>(
    _ name: String, _ body: (inout WorldState, Instant) throws(DRError) -> T
  ) throws(DRError) -> T {
    try tripwire.call(name) { () throws(DRError) -> T in
      let now = clock.now
      let result = state.withLock { (state) -> Result<T, DRError> in
        state.settle(now)
        do throws(DRError) { return .success(try body(&state, now)) } catch { return .failure(error) }
      }
      return try result.get()
    }
  }
}

extension WorldState {
  mutating func addMachine(_ m: UInt64, status: MachineStatus = .up, disks: [UInt64]) {
    var attached: [AttachedDisk] = []
    for d in disks {
      let disk = Sample.disk(d)
      let base = Sample.volume(d)
      attached.append(Sample.attached(disk, alias: "disk\(d)", active: base))
      write(layout.volume(base, of: disk), Array("fresh \(base)".utf8))
      write(layout.meta(base, of: disk), Sample.meta(disk: disk))
      write(layout.lease(base, of: disk), Array("lease".utf8))
    }
    machines.append(
      WorldMachine(
        machine: VirtualMachine(id: Sample.machine(m), name: "vm\(m)", status: status), disks: attached))
  }

  /// Puts a volume under a base, as an administrator's own snapshot did long ago.
  mutating func putBelow(_ below: VolumeID, base: VolumeID, disk: DiskID) {
    write(layout.volume(below, of: disk), Array("below \(base)".utf8))
    write(layout.meta(below, of: disk), Sample.meta(disk: disk, role: .internal))
    write(layout.meta(base, of: disk), Sample.meta(disk: disk, parent: below, format: "COW"))
  }

  /// Every snapshot that stands, as `machine: description`.
  var standing: [String] {
    machines.flatMap { machine in
      machine.snapshots.map { "\(machine.machine.name): \($0.snapshot.description)" }
    }
  }
}
