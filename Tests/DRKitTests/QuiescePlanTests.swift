import Testing

@testable import DRKit

@Suite("The plan of a quiesce")
struct QuiescePlanTests {
  private let run = Sample.run(1)

  private func machine(_ n: UInt64, _ status: MachineStatus = .up, origin: String = "ovirt") -> VirtualMachine
  {
    VirtualMachine(id: Sample.machine(n), name: "vm\(n)", status: status, origin: origin)
  }

  private func disk(_ n: UInt64, _ edit: (inout AttachedDisk) -> Void = { _ in }) -> AttachedDisk {
    Sample.attached(Sample.disk(n), alias: "d\(n)", active: Sample.volume(n), edit)
  }

  private func plan(_ inventory: [(VirtualMachine, [AttachedDisk])]) -> QuiescePlan {
    QuiescePlan.make(run: run, domain: Sample.domain, inventory: inventory)
  }

  @Test(
    "takes every running machine's disks, in the order of ids, with overlay ids that prove whose they are")
  func takes() {
    let plan = plan([(machine(2), [disk(21)]), (machine(1), [disk(12), disk(11)])])
    #expect(plan.machines.map(\.name) == ["vm1", "vm2"])
    #expect(plan.machines[0].disks.map(\.disk) == [Sample.disk(11), Sample.disk(12)])
    for chosen in plan.machines.flatMap(\.disks) {
      #expect(chosen.overlay == Derived.overlay(run: run, disk: chosen.disk, attempt: 1))
    }
    #expect(plan.machines[1].disks[0].base == Sample.volume(21))
    #expect(plan.notInPoint.isEmpty)
  }

  @Test(
    "takes a machine whose qemu may be writing, whatever its status is called",
    arguments: [
      MachineStatus.up, .paused, .migrating, .unknown, .poweringUp, .poweringDown, .rebootInProgress,
      .notResponding, .waitForLaunch, .savingState, .restoringState,
    ])
  func writing(_ status: MachineStatus) {
    #expect(plan([(machine(1, status), [disk(11)])]).machines.count == 1)
  }

  @Test(
    "names a machine that does not run as not in the point",
    arguments: [MachineStatus.down, .suspended, .imageLocked, .unassigned])
  func notRunning(_ status: MachineStatus) {
    let plan = plan([(machine(1, status), [disk(11)])])
    #expect(plan.machines.isEmpty)
    #expect(plan.notInPoint == ["vm1: not running (\(status.rawValue)); carried as it is, not proved"])
  }

  @Test("never takes the engine's own machine", arguments: ["managed_hosted_engine", "hosted_engine"])
  func hostedEngine(_ origin: String) {
    let plan = plan([(machine(1, origin: origin), [disk(11)])])
    #expect(plan.machines.isEmpty)
    #expect(plan.notInPoint.first?.hasPrefix("vm1: the engine's own machine") == true)
  }

  @Test("names each disk that the engine would not snapshot, and takes the others")
  func unfreezable() {
    let elsewhere = StorageDomainID(high: 1, low: 1)
    let plan = plan([
      (
        machine(1),
        [
          disk(1), disk(2) { $0.isShareable = true }, disk(3) { $0.storage = .lun },
          disk(4) { $0.domains = [elsewhere] }, disk(5) { $0.isActive = false },
          disk(6) { $0.isReadOnly = true }, disk(7) { $0.contentType = "memory_dump_volume" },
          disk(8) { $0.activeVolume = nil }, disk(9) { $0.storage = .managedBlock },
        ]
      )
    ])
    #expect(plan.machines.map(\.disks.count) == [1])
    #expect(
      plan.notInPoint == [
        "vm1/d2: a shareable disk can't be snapshotted; it arrives torn",
        "vm1/d3: a lun disk is not on the volume",
        "vm1/d4: on another storage domain, not cut together with this one",
        "vm1/d5: not plugged; carried as it is", "vm1/d6: read-only; carried as it is",
        "vm1/d7: holds memory_dump_volume, not a guest's data", "vm1/d8: the engine names no volume of it",
        "vm1/d9: a managed_block_storage disk is not on the volume",
      ])
  }

  @Test("says why a LUN is left out although it lies on no domain")
  func directLUN() {
    let plan = plan([
      (
        machine(1),
        [
          disk(1),
          disk(2) {
            $0.storage = .lun
            $0.domains = []
          },
        ]
      )
    ])
    #expect(plan.notInPoint == ["vm1/d2: a lun disk is not on the volume"])
  }

  @Test("leaves out a machine of whose disks none can be frozen")
  func nothingLeft() {
    let plan = plan([(machine(1), [disk(1) { $0.isShareable = true }])])
    #expect(plan.machines.isEmpty)
    #expect(plan.notInPoint.count == 1)
  }

  @Test("is the same whatever order the engine answers in")
  func stable() {
    let inventory = [
      (machine(3), [disk(31)]), (machine(1), [disk(12), disk(11)]), (machine(2, .down), [disk(21)]),
    ]
    #expect(plan(inventory) == plan(inventory.reversed().map { ($0.0, $0.1.reversed()) }))
  }
}

@Suite("The description of a snapshot")
struct SnapshotNameTests {
  @Test("names run and destination, and is read again")
  func roundTrip() {
    for key in [Sample.key, DestinationKey(domain: "data with spaces", destination: "b 1")] {
      let text = SnapshotName.text(run: Sample.run(7), key: key)
      #expect(SnapshotName.run(in: text, key: key) == Sample.run(7))
    }
    #expect(SnapshotName.text(run: Sample.run(7), key: Sample.key) == "drkit run \(Sample.run(7)) data@b1")
  }

  @Test(
    "of somebody else is nobody's run",
    arguments: [
      "", "drkit", "Auto-generated for Backup VM", "drkit run x data@b1", "drkit run  data@b1",
      "drkit run 00000000-0000-4000-8000-000000000001",
      "drkit run 00000000-0000-4000-8000-000000000001 data@b2",
      "drkit run 00000000-0000-4000-8000-000000000001 data@b1 ",
      " drkit run 00000000-0000-4000-8000-000000000001 data@b1",
      "drkit run 00000000-0000-4000-8000-000000000001 other@b1",
    ])
  func foreign(_ text: String) { #expect(SnapshotName.run(in: text, key: Sample.key) == nil) }
}

@Suite("A nonce")
struct NonceTextTests {
  private func complaint(_ text: String?) -> String? {
    NonceText.complaint(text.map { Array($0.utf8) }, run: Sample.run(1), pass: "replicate")
  }

  @Test("of this run and pass is believed, whatever its round")
  func believed() {
    for round in [1, 2, 999] {
      let bytes = NonceText.bytes(run: Sample.run(1), pass: "replicate", round: round)
      #expect(NonceText.complaint(bytes, run: Sample.run(1), pass: "replicate") == nil)
    }
  }

  @Test("is as long as any other: one that grew while a worker read it would arrive cut off")
  func oneLength() {
    for pass in ["converge", "replicate"] {
      for round in [1, 9, 10, 99, 100, 12_345] {
        let bytes = NonceText.bytes(run: Sample.run(1), pass: pass, round: round)
        #expect(bytes.count == NonceText.length, "\(pass) \(round)")
      }
    }
  }

  @Test("that is missing, empty, of another run or pass, or cut off anywhere is not")
  func refused() {
    #expect(complaint(nil) == "it has not arrived")
    #expect(complaint("")?.hasPrefix("it is empty") == true)
    let good = String(
      decoding: NonceText.bytes(run: Sample.run(1), pass: "replicate", round: 12), as: UTF8.self)
    for length in 1..<good.utf8.count { #expect(complaint(String(good.prefix(length))) != nil, "\(length)") }
    #expect(complaint(good + "more") != nil)
    for (run, pass) in [(2, "replicate"), (1, "converge")] as [(UInt64, String)] {
      let other = NonceText.bytes(run: Sample.run(run), pass: pass, round: 1)
      #expect(complaint(String(decoding: other, as: UTF8.self))?.hasPrefix("it is an older one") == true)
    }
  }
}
