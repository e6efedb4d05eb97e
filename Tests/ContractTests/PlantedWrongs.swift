import Bench
import DRKit
import Simulator
import Testing

/// The suite sees what is wrong: one port that does not do what it promises breaks its contracts, and no other.
enum PlantedWrong: String, CaseIterable, CustomTestStringConvertible {
  case emptyForMissing = "a view that reads nothing of what does not exist"
  case flagForgotten = "a cluster that does not switch the read-only flag"
  case startRefused = "a session that refuses to be started again"
  case otherCheckpoint = "a session that tells another checkpoint than it was set to"
  case journalOverwrites = "a journal that takes another value"
  case leaseForAll = "a lease for whoever asks"
  case foreignOverlay = "an engine that chooses the overlay's id itself"
  case noncesElsewhere = "nonces on one subvolume only"
  case sampleIgnored = "a view that digests the first blocks whichever were drawn"
  case nothingSaid = "a view that says nothing of how it digests"
  case dashesSwallowed = "a session that takes a value with dashes for something else"
  case optionsOfNothing = "a session that was deleted and lists options all the same"
  case newestForAll = "a catalogue that gives the newest point for each run"
  case firstLimitStands = "a catalogue that keeps the first limit"
  case limitNotForgotten = "a catalogue that does not forget a limit"
  case silentLog = "an engine whose log says nothing"

  var testDescription: String { rawValue }

  var breaks: Set<Contract> {
    switch self {
    case .emptyForMissing: [.missingIsNil, .freshView]
    case .flagForgotten: [.readOnlySwitch]
    case .startRefused: [.startTwice]
    case .otherCheckpoint: [.checkpointTime]
    case .journalOverwrites: [.journalOnce]
    case .leaseForAll: [.leaseExclusive, .leaseExpires, .leaseReleased]
    case .foreignOverlay: [.overlayID, .overlayRemoved]
    case .noncesElsewhere: [.nonceOnEachSubvolume]
    case .sampleIgnored: [.digestSample]
    case .nothingSaid: [.digestsChecked]
    case .dashesSwallowed: [.rsyncWords]
    case .optionsOfNothing: [.deletedMissing]
    case .newestForAll: [.pointOfRun, .survives]
    case .firstLimitStands: [.rsyncLimit]
    case .limitNotForgotten: [.rsyncLimit]
    case .silentLog: [.snapshotInLog, .logLost]
    }
  }

  func plant(in ports: SyncPorts) -> SyncPorts {
    var ports = ports
    switch self {
    case .emptyForMissing, .sampleIgnored, .nothingSaid:
      ports.primary = WrongViews(base: ports.primary, wrong: self)
    case .flagForgotten: ports.cluster = FlagForgotten(base: ports.cluster)
    case .startRefused, .otherCheckpoint, .dashesSwallowed, .optionsOfNothing:
      ports.georep = WrongSession(base: ports.georep, wrong: self)
    case .journalOverwrites: ports.journal = OverwritingJournal()
    case .leaseForAll: ports.catalogue = LeaseForAll(base: ports.catalogue)
    case .foreignOverlay: ports.engine = ForeignOverlay(base: ports.engine)
    case .newestForAll, .firstLimitStands, .limitNotForgotten:
      ports.catalogue = WrongCatalogue(base: ports.catalogue, wrong: self)
    case .noncesElsewhere: ports.primary = NoncesElsewhere(base: ports.primary)
    case .silentLog: ports.engine = SilentLog(base: ports.engine)
    }
    return ports
  }
}

private struct PlantedPorts: PortFamily {
  let base: DirectPorts
  let wrong: PlantedWrong

  func withPorts(
    of who: Incarnation, _ body: (SyncPorts) async throws(DRError) -> Void
  ) async throws(DRError) {
    let wrong = wrong
    try await base.withPorts(of: who) { (ports) async throws(DRError) in
      try await body(wrong.plant(in: ports))
    }
  }
}

@Suite("A port that breaks a contract is found out")
struct PlantedWrongs {
  @Test("in the rows that are about it", arguments: PlantedWrong.allCases)
  func found(wrong: PlantedWrong) throws {
    let arm = SimulatedContractArm(seed: 3) { (world, store) in
      PlantedPorts(base: DirectPorts(world: world, store: store), wrong: wrong)
    }
    let rows = try arm.rows()
    let broken = rows.filter { $0.verdict == .broken && !$0.seen.hasPrefix("not tried") }
    for contract in wrong.breaks {
      let row = try #require(rows.first { $0.contract == contract })
      #expect(row.verdict == .broken, "\(contract.rawValue): \(row.seen)")
    }
    let ports = Set(wrong.breaks.map(\.port))
    #expect(broken.allSatisfy { ports.contains($0.contract.port) }, "\(broken.map(\.contract.rawValue))")
  }
}
