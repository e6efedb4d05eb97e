import DRKit
import Simulator
import Testing

/// Many machines, random verbs, random outcomes: nothing may break what must always hold.
struct EngineWalkTests {
  /// SplitMix64, for the walk alone.
  private struct Chance: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  private func walk(seed: UInt64, steps: Int) throws -> EngineModel {
    var chance = Chance(state: seed)
    var engine = EngineModel(seed: seed)
    let cluster = engine.addCluster(name: "c")
    let domain: StorageDomainID = engine.freshID()
    engine.add(EngineDomain(id: domain, name: "d", address: "g", path: "/v"))
    var machines: [VirtualMachineID] = []
    for number in 0..<4 {
      var attachments: [EngineAttachment] = []
      for disk in 0..<2 {
        let id: DiskID = engine.freshID()
        let volume = ChainVolume(id: engine.freshID(), format: disk == 0 ? .raw : .cow)
        engine.add(
          EngineDisk(
            id: id, alias: "\(number)-\(disk)", domain: domain, provisionedSize: 1 << 20, chain: [volume]))
        attachments.append(EngineAttachment(disk: id))
      }
      let id: VirtualMachineID = engine.freshID()
      machines.append(id)
      engine.add(
        EngineMachine(id: id, name: "m\(number)", cluster: cluster, attachments: attachments),
        now: EngineSite.start)
    }
    var flying: [EngineWork] = []
    for step in 0..<steps {
      let now = EngineSite.start + .seconds(Int64(step))
      let machine = machines.randomElement(using: &chance)!
      do throws(EngineFault) {
        switch Int.random(in: 0..<7, using: &chance) {
        case 0, 1:
          _ = try engine.createSnapshot(
            of: machine,
            SnapshotRequest(description: "s", persistsMemory: Bool.random(using: &chance)), now: now)
        case 2:
          let snapshots = engine.machine(machine)?.snapshots ?? []
          if let snapshot = snapshots.randomElement(using: &chance) {
            _ = try engine.removeSnapshot(snapshot.id, of: machine, now: now)
          }
        case 3:
          try engine.updateOVFStore(of: domain, now: now)
        case 4:
          // A guest starts or stops only while no snapshot or merge holds it.
          if !engine.isBusy(machine) {
            engine.setStatus([.up, .down, .paused].randomElement(using: &chance)!, of: machine)
          }
        default:
          flying += engine.drainWork()
          guard let index = flying.indices.randomElement(using: &chance) else { break }
          let work = flying[index]
          switch Int.random(in: 0..<6, using: &chance) {
          case 0: engine.snapshotVolumesCreated(work.id)
          case 1:
            if let step = work.steps.randomElement(using: &chance) {
              engine.volumeMerged(work.id, disk: step.disk)
            }
          case 2: engine.finish(work.id, outcome: .failed(reason: "chance"), now: now)
          case 3: engine.finish(work.id, outcome: .failedInUse(reason: "chance"), now: now)
          default: engine.finish(work.id, outcome: .done, now: now)
          }
          let left = Set(engine.unfinishedWork.map(\.id))
          flying.removeAll { !left.contains($0.id) }
        }
      } catch {
        #expect([400, 404, 409].contains(error.status), "\(error)")
      }
      let broken = engine.checkInvariants()
      try #require(broken.isEmpty, "seed \(seed), step \(step)")
    }
    return engine
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `random verbs and outcomes break nothing`(seed: UInt64) throws {
    let engine = try walk(seed: seed, steps: 300)
    #expect(engine.events.contains { $0.code == 68 })
  }

  @Test func `the same seed gives the same engine`() throws {
    let one = try walk(seed: 42, steps: 300)
    let two = try walk(seed: 42, steps: 300)
    #expect(one.events == two.events)
    #expect(one.allMachines == two.allMachines)
    #expect(one.allDisks == two.allDisks)
    #expect(one.allJobs == two.allJobs)
  }
}
