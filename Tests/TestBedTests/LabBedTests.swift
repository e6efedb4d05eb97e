import DRKit
import Glibc
import Simulator
import Testing

@testable import TestBed

/// The whole of lab mode below the REST server, with real QEMU on local directories.
@Suite(.serialized, .enabled(if: getenv("DRKIT_SKIP_QEMU").map { String(cString: $0) } != "1"))
struct `A lab bed with real QEMU` {
  @Test func `every running machine is frozen and merged back, the rest is left alone`() async throws {
    let place = try Directory()
    defer { place.remove() }
    let driver = try LabDriver(place)
    try await driver.bed.start()
    try await driver.updateOVF()
    try await pause(400)
    for machine in await driver.machines { try await driver.snapshot(machine) }
    try await driver.work()
    #expect(await driver.log == [])

    // All that stands on the protected domain now has an overlay, but for the shareable disk and the OVF_STORE disks.
    for disk in await driver.engine.disks(on: driver.site.domain) {
      let isFrozen = !disk.isShareable && disk.contentType == "data"
      #expect(disk.chain.count == (isFrozen ? 2 : 1), "\(disk.alias)")
      try await driver.expectStored(disk.id)
    }
    let frozen = try await driver.checkBases()
    try await pause(400)
    #expect(try await driver.checkBases() == frozen)
    #expect(frozen.count == 6)
    for (alias, check) in frozen { #expect(check.isExact, "\(alias)") }
    let database = try #require(await driver.engine.allDisks.first { $0.alias == "database_Disk2" })
    #expect(database.chain.count == 1)

    for machine in await driver.machines { try await driver.removeSnapshots(machine) }
    #expect(await driver.log == [])
    try await pause(200)
    try await driver.bed.stop()
    #expect(await driver.engine.checkInvariants() == [])
    for disk in await driver.engine.allDisks {
      #expect(disk.chain.count == 1)
      try await driver.expectStored(disk.id)
    }
    try await driver.expectFinalImages()
  }

  @Test func `an inner overlay is merged while the guest writes two levels above`() async throws {
    let place = try Directory()
    defer { place.remove() }
    let driver = try LabDriver(place)
    try await driver.bed.start()
    let mail = try #require(await driver.machines.first { $0.name == "mail" })
    for _ in 0..<3 {
      try await pause(200)
      try await driver.snapshot(mail)
      try await driver.work()
    }
    try await pause(200)
    // The second of three: its overlay has another one above.
    let second = try #require(await driver.engine.machine(mail.id)?.snapshots.dropFirst().first)
    try await driver.remove(second.id, of: mail)
    #expect(await driver.log == [])
    let disk = try #require(await driver.engine.allDisks.first { $0.alias == "mail_Disk1" })
    #expect(disk.chain.count == 3)
    try await driver.expectStored(disk.id)
    try await pause(200)
    // The machine goes down and comes up again on what is left of the chain.
    try await driver.bed.setRunning(mail.id, false)
    try await driver.bed.setRunning(mail.id, true)
    try await pause(200)
    try await driver.removeSnapshots(mail)
    #expect(await driver.log == [])
    try await driver.bed.stop()
    try await driver.expectFinalImages()
  }

  @Test func `work that is to fail leaves images and metadata as they were`() async throws {
    let place = try Directory()
    defer { place.remove() }
    let faults = EngineFaultPlan([
      .init(.createSnapshot, calls: 1...1, .failWork(reason: "qemu was unwilling")),
      .init(.removeSnapshot, calls: 1...1, .failWork(reason: "the commit broke")),
    ])
    let driver = try LabDriver(place, faults: faults)
    try await driver.bed.start()
    let web = try #require(await driver.machines.first { $0.name == "web" })
    try await driver.snapshot(web)
    try await driver.work()
    #expect(await driver.log == ["failed(reason: \"qemu was unwilling\")"])
    for disk in await driver.engine.allDisks { try await driver.expectStored(disk.id) }

    try await driver.snapshot(web)
    try await driver.work()
    let snapshot = try #require(await driver.engine.machine(web.id)?.snapshots.first)
    try await driver.remove(snapshot.id, of: web)
    #expect(await driver.log.last == "failed(reason: \"the commit broke\")")
    // The first of the two disks was merged, the second was not; both are as the engine thinks.
    #expect(await driver.engine.allDisks.filter { $0.chain.count == 2 }.count == 1)
    for disk in await driver.engine.allDisks { try await driver.expectStored(disk.id) }
    try await driver.removeSnapshots(web)
    try await driver.bed.stop()
    try await driver.expectFinalImages()
  }

  @Test func `a guest goes on where it stopped, and a foreign overlay is not written under`() async throws {
    let place = try Directory()
    defer { place.remove() }
    let first = try LabDriver(place)
    try await first.bed.start()
    try await pause(300)
    try await first.bed.stop()
    let before = try await first.lastSequences()

    let second = try LabDriver(place)
    try await second.bed.start()
    try await pause(300)
    for machine in await second.machines { try await second.snapshot(machine) }
    try await second.work()
    try await second.bed.stop()
    for (name, sequence) in try await second.lastSequences() {
      #expect(sequence > before[name] ?? .max, "\(name)")
    }

    // A third bed knows nothing of the snapshots that stand.
    let third = try LabDriver(place)
    let error = try await #require(throws: DRError.self) { try await third.bed.start() }
    #expect(error.kind == .unfit)
  }

  private func pause(_ milliseconds: Int) async throws {
    try await Task.sleep(for: .milliseconds(milliseconds))
  }
}
