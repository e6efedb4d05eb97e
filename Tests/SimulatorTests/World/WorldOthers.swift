import DRKit
import Testing

@testable import Simulator

@Suite("Simulated world: what guests and others do, several at a time")
struct WorldOthers {
  private static func fault(
    _ kind: WorldFault.Kind, at minutes: Int64, for span: TimeSpan = .seconds(5), machine: Int = 1
  ) -> WorldFault {
    WorldFault(kind, at: .minutes(minutes), for: span, machine: machine)
  }

  private static func world(_ faults: [WorldFault]) -> SimulatedWorld {
    WorldBehaviour.world { plan in
      // One write in 64 s.
      plan.machines = [WorldPlan.Machines(count: 2, disk: 512 << 20, rate: 1 << 10, block: 64 << 10)]
      plan.faults = faults
    }
  }

  private static func status(_ world: SimulatedWorld, _ machine: Int = 0) -> MachineStatus? {
    world.engine.machine(world.guests[machine].machine)?.status
  }

  @Test("a guest that starts writes from then on, and is not taken for one that stood still")
  func starts() throws {
    let faults = [
      Self.fault(.guestStops, at: 10, for: .seconds(100)), Self.fault(.diskAttached, at: 11),
      Self.fault(.guestStarts, at: 20, machine: 2),
    ]
    let world = Self.world(faults)
    try WorldBehaviour.advance(world, .minutes(15))
    #expect(Self.status(world, 1) == .down)
    try WorldBehaviour.advance(world, .minutes(45))
    #expect(Self.status(world) == .up && Self.status(world, 1) == .up)
    #expect(world.oracle.longestPause < .seconds(1))
    // Two disks an hour but for the stop, one for 40 minutes, a write each 64 s.
    #expect((120...140).contains(world.writes))
  }

  @Test("of two stops that overlap the first one begins and ends it")
  func stopsOverlap() throws {
    let faults = [
      Self.fault(.guestStops, at: 10, for: .minutes(20)), Self.fault(.guestStops, at: 12, for: .minutes(2)),
    ]
    let world = Self.world(faults)
    try WorldBehaviour.advance(world, .minutes(20))
    #expect(Self.status(world) == .down)
    #expect(world.bites(ofFault: 0) == 1 && world.bites(ofFault: 1) == 0)
    try WorldBehaviour.advance(world, .minutes(11))
    #expect(Self.status(world) == .up)
    #expect(world.oracle.disturbances.map(\.kind) == [.stopped, .started])
  }

  @Test("one that is down for another reason is neither stopped nor started")
  func downAnyway() throws {
    let faults = [Self.fault(.guestStops, at: 1), Self.fault(.guestStarts, at: 10)]
    let world = Self.world(faults)
    try WorldBehaviour.advance(world, .minutes(5))
    #expect(Self.status(world) == .down && world.oracle.disturbances.isEmpty)
    try WorldBehaviour.advance(world, .minutes(10))
    #expect(Self.status(world) == .up && world.oracle.disturbances.map(\.kind) == [.started])
  }

  @Test("a migration that is cut short does not move its guest")
  func migrations() throws {
    let faults = [
      Self.fault(.guestMigrates, at: 1), Self.fault(.guestMigrates, at: 2),
      Self.fault(.guestMigrates, at: 3, for: .minutes(2)), Self.fault(.guestStops, at: 4),
    ]
    let world = Self.world(faults)
    let id = world.guests[0].machine
    var hosts = [world.engine.machine(id)?.host]
    for _ in 0..<2 {
      try WorldBehaviour.advance(world, .seconds(75))
      hosts.append(world.engine.machine(id)?.host)
    }
    #expect(hosts[0] != hosts[1] && hosts[2] == hosts[0])
    try WorldBehaviour.advance(world, .minutes(5))
    #expect(Self.status(world) == .up && world.engine.machine(id)?.host == hosts[2])
    let moves = world.oracle.disturbances.filter { $0.kind == .moved }
    #expect(moves.map { $0.until == nil } == [true, true, false])
  }
}
