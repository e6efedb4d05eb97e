import DRKit
import ForwardingPorts
import Testing

@testable import Simulator

/// What the oracle must say of a point's verdicts, and where it must keep silent.
@Suite("Oracle: verdicts on machines are held against what happened to them")
struct OracleMidRun {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var grade: MachineVerdict.Grade? = .whole
    var remarks: [String] = []
    var hasImages = true
    var leftOut: [String] = []
    /// Seconds after the cut; the point is sealed at 100, and saved at 200.
    var happens: [(kind: Disturbance.Kind, at: Int64, until: Int64?)] = []
    var newDiskAt: Int64?
    var isSplit = false
    /// A call to the engine failed after the cut.
    var engineFails = false
    var law: Violation.Law?

    init(_ name: String, law: Violation.Law?, _ edit: (inout Case) -> Void) {
      testDescription = name
      self.law = law
      edit(&self)
    }
  }

  static let machine = VirtualMachineID(high: 1, low: 1)
  static let run = RunID(high: 2, low: 2)
  static let foreign = Disturbance.Kind.foreignSnapshot(SnapshotID(high: 3, low: 3))
  static let removed = Disturbance.Kind.ourSnapshotRemoved("drkit run \(run) data@dr")

  static let cases: [Case] = [
    Case("nothing happened", law: nil) { _ in },
    Case("no verdict, and nothing happened", law: nil) { $0.grade = nil },
    Case("somebody's snapshot, claimed whole", law: .guestsNeverStop) { $0.happens = [(foreign, 50, nil)] },
    Case("somebody's snapshot, no verdict", law: .guestsNeverStop) {
      $0.grade = nil
      $0.happens = [(foreign, 50, nil)]
    },
    Case("somebody's snapshot, lowered", law: nil) {
      $0.grade = .lowered
      $0.remarks = ["seen"]
      $0.happens = [(foreign, 50, nil)]
    },
    Case("somebody's snapshot, gone again, and nobody says so", law: .guestsNeverStop) {
      $0.happens = [(foreign, 50, 60)]
    },
    Case("somebody's snapshot, gone again, and told", law: nil) {
      $0.remarks = ["came and went"]
      $0.happens = [(foreign, 50, 60)]
    },
    Case("somebody's snapshot before the cut", law: nil) { $0.happens = [(foreign, -1, nil)] },
    Case("somebody's snapshot after the seal", law: nil) { $0.happens = [(foreign, 101, nil)] },
    Case("our snapshot removed, and claimed", law: .sealedByProofOnly) {
      $0.grade = .lowered
      $0.remarks = ["seen"]
      $0.happens = [(removed, 50, nil)]
    },
    Case("our snapshot removed, and left out", law: nil) {
      $0.grade = .notInPoint
      $0.remarks = ["seen"]
      $0.hasImages = false
      $0.happens = [(removed, 50, nil)]
    },
    Case("another run's snapshot removed", law: nil) {
      $0.happens = [(.ourSnapshotRemoved("drkit run x"), 50, nil)]
    },
    Case("not in the point, with images", law: .sealedByProofOnly) { $0.grade = .notInPoint },
    Case("whole, without images", law: .sealedByProofOnly) { $0.hasImages = false },
    Case("a new disk, claimed whole", law: .sealedByProofOnly) { $0.newDiskAt = 50 },
    Case("a new disk, lowered", law: nil) {
      $0.grade = .lowered
      $0.newDiskAt = 50
    },
    Case("a new disk after the seal", law: nil) { $0.newDiskAt = 150 },
    Case("a disk elsewhere, claimed whole", law: .sealedByProofOnly) { $0.isSplit = true },
    Case("a disk elsewhere, lowered", law: nil) {
      $0.grade = .lowered
      $0.isSplit = true
    },
    Case("stopped, and nobody says so", law: .guestsNeverStop) { $0.happens = [(.stopped, 50, nil)] },
    Case("stopped, and told", law: nil) {
      $0.remarks = ["stopped"]
      $0.happens = [(.stopped, 50, nil)]
    },
    Case("moved, and its snapshot failed", law: nil) {
      $0.grade = nil
      $0.hasImages = false
      $0.leftOut = ["vm1: its snapshot failed"]
      $0.happens = [(.moved, 50, nil)]
    },
    Case("stopped and started again, and nobody says so", law: .guestsNeverStop) {
      $0.happens = [(.stopped, 50, 60)]
    },
    Case("stopped and started again, and told", law: nil) {
      $0.remarks = ["stopped and started again"]
      $0.happens = [(.stopped, 50, 60), (.started, 60, nil)]
    },
    Case("stopped and started again, behind an engine that failed", law: nil) {
      $0.engineFails = true
      $0.happens = [(.stopped, 50, 60)]
    },
    Case("stopped, behind an engine that failed", law: .guestsNeverStop) {
      $0.engineFails = true
      $0.happens = [(.stopped, 50, nil)]
    },
    Case("moved there and back, behind an engine that failed", law: nil) {
      $0.engineFails = true
      $0.happens = [(.moved, 50, nil), (.moved, 60, nil)]
    },
    Case("moved, behind an engine that failed", law: .guestsNeverStop) {
      $0.engineFails = true
      $0.happens = [(.moved, 50, nil)]
    },
    Case("started and stopped again, and nobody says so", law: .guestsNeverStop) {
      $0.hasImages = false
      $0.grade = nil
      $0.happens = [(.started, 50, 60)]
    },
    Case("stopped before, started after the cut", law: .guestsNeverStop) {
      $0.hasImages = false
      $0.grade = nil
      $0.happens = [(.stopped, -50, 60), (.started, 60, nil)]
    },
  ]

  @Test("a case", arguments: cases)
  func judged(_ one: Case) {
    let cut = WorldPlan.birth
    let disks = [DiskID(high: 4, low: 1), DiskID(high: 4, low: 2)]
    var point = RecoveryPoint(
      run: Self.run, key: DestinationKey(domain: "data", destination: "dr"), instant: cut,
      sealed: cut + .seconds(100), images: [], notInPoint: [], leftOut: one.leftOut)
    if one.hasImages {
      point.images = [
        SealedImage(
          machine: Self.machine, disk: disks[0], volume: .blank, digest: FileDigest(size: 1, sha256: ""))
      ]
    }
    if let grade = one.grade {
      point.machines = [
        MachineVerdict(machine: Self.machine, name: "vm1", grade: grade, remarks: one.remarks)
      ]
    }
    var known = [
      Oracle.KnownDisk(
        machine: Self.machine, name: "vm1", disk: disks[0], isWritten: true, attached: cut + .seconds(-900))
    ]
    if let at = one.newDiskAt {
      known.append(
        Oracle.KnownDisk(
          machine: Self.machine, name: "vm1", disk: disks[1], isWritten: true, attached: cut + .seconds(at)))
    }
    var oracle = Oracle()
    oracle.runBegan(Self.run, secondaryIsReadOnly: true, at: cut + .seconds(-10))
    if one.engineFails { oracle.engineFailed(at: cut + .seconds(10)) }
    for (kind, at, until) in one.happens {
      oracle.happened(Disturbance(kind, Self.machine, at: cut + .seconds(at)))
      if let until { oracle.ended(kind, of: Self.machine, at: cut + .seconds(until)) }
    }
    oracle.grades(
      of: point, disks: known, split: one.isSplit ? [Self.machine] : [], at: cut + .seconds(200))
    #expect(oracle.violations.map(\.law) == (one.law.map { [$0] } ?? []), "\(oracle.violations)")
  }

  /// The whole pipeline, with a catalogue that hears of no verdict.
  @Test(
    "a program that takes no notice is caught in each scenario",
    arguments: [
      ("backup-tool-in-mid-run.yaml", Violation.Law.sealedByProofOnly),
      ("backup-tool-after-the-cut.yaml", .guestsNeverStop),
      ("snapshot-removed-by-other.yaml", .sealedByProofOnly),
      ("disk-attached-in-mid-run.yaml", .sealedByProofOnly),
      ("guests-in-mid-run.yaml", .guestsNeverStop),
      ("second-domain.yaml", .sealedByProofOnly),
    ])
  func careless(name: String, law: Violation.Law) throws {
    let scenario = try ScenarioFile.read(name)
    let careless = AlteredPorts.direct { $0.catalogue = CarelessCatalogue(base: $0.catalogue) }
    let report = ScenarioRunner(scenario, seed: 1, family: careless).run()
    #expect(report.verdict == .violated)
    #expect(Set(report.violations.map(\.law)).contains(law), "\(report.violations)")
  }

  @Test("a program that does not read the engine's log is caught: each of four machines is called quiet")
  func unread() throws {
    let scenario = try ScenarioFile.read("there-and-back-in-mid-run.yaml")
    let deaf = AlteredPorts.direct { $0.engine = UnreadLog(base: $0.engine) }
    let report = ScenarioRunner(scenario, seed: 1, family: deaf).run()
    #expect(report.verdict == .violated)
    #expect(Set(report.violations.map(\.law)) == [.guestsNeverStop])
    for machine in ["vm1 ", "vm2 ", "vm3 ", "vm4 "] {
      #expect(report.violations.contains { $0.description.contains(machine) }, "\(report.violations)")
    }
  }
}

/// An engine whose log nobody can read anything in: the looks alone are left.
private struct UnreadLog: ForwardingEngine {
  let base: any VirtualizationManager

  func machineEvents(after index: Int64) async throws(DRError) -> [MachineEvent] { [] }
}

/// Keeps a point as if each machine had been whole and quiet.
private struct CarelessCatalogue: ForwardingCatalogue {
  let base: any Catalogue

  func save(_ point: RecoveryPoint) async throws(DRError) {
    var point = point
    point.machines = point.machines?.map {
      MachineVerdict(machine: $0.machine, name: $0.name, grade: .whole)
    }
    try await base.save(point)
  }
}
