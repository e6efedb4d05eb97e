import DRKit

/// What the run says, written into the world's timeline.
struct TimelineObserver: RunObserver {
  let world: SimulatedWorld

  func observe(_ event: RunEvent, at instant: Instant) {
    let now = world.loop.now
    switch event {
    case .runBegan(let record, let resumed):
      world.timeline.add(now, .run, "run \(record.id) \(resumed ? "goes on" : "begins")")
    case .phaseBegan(let phase):
      world.timeline.add(now, .phase, "\(phase.rawValue) begins")
      world.phaseBegins(phase, at: now)
    case .phaseEnded(let record):
      let length = (record.ended - record.began).text
      world.timeline.add(now, .phase, "\(record.phase.rawValue) ended after \(length): \(record.note)")
    case .phaseFailed(let phase, let error):
      world.timeline.add(now, .phase, "\(phase.rawValue) FAILED: \(error)")
    case .noted(let phase, let text): world.timeline.add(now, .note, "\(phase.rawValue): \(text)")
    case .retrying(let error, let attempt, let after):
      world.timeline.add(now, .note, "try \(attempt) failed, again in \(after.text): \(error)")
    case .runEnded(let record):
      let left = record.leftOver.isEmpty ? "" : ", left over: \(record.leftOver.joined(separator: "; "))"
      world.timeline.add(now, .run, "run \(record.id) ended: \(record.outcome.rawValue)\(left)")
    case .deadline(let step, let deadline): world.oracle.waits(for: step, until: deadline, at: now)
    case .waiting: break
    }
  }
}

extension SimulatedWorld {
  /// All ports for one life of the process under test.
  public func ports(for who: Incarnation, store: SimStore) -> SyncPorts {
    SyncPorts(
      clock: SimClock(loop, who), journal: SimJournal(self, who, store),
      catalogue: SimCatalogue(self, who, store), engine: SimEngine(self, who),
      georep: SimGeoReplication(self, who), primary: SimPrimaryVolume(self, who),
      secondary: SimSecondaryVolume(self, who), cluster: SimSecondaryCluster(self, who),
      observer: TimelineObserver(world: self))
  }
}

/// How the process under test reaches a world: as it is made, one for each run of a scenario.
public protocol PortFamily: Sendable {
  /// Runs `body` with all ports of one life of the process under test, and lets go of what they hold.
  func withPorts(
    of who: Incarnation, _ body: (SyncPorts) async throws(DRError) -> Void
  ) async throws(DRError)
}

/// The simulated ports themselves.
public struct DirectPorts: PortFamily {
  let world: SimulatedWorld
  let store: SimStore

  public init(world: SimulatedWorld, store: SimStore) {
    self.world = world
    self.store = store
  }

  public func withPorts(
    of who: Incarnation, _ body: (SyncPorts) async throws(DRError) -> Void
  ) async throws(DRError) {
    try await body(world.ports(for: who, store: store))
  }
}
