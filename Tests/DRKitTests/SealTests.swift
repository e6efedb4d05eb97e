import DRKit
import Testing

@Suite("The seal")
struct SealTests {
  private let base11 = DomainLayout(Sample.domain).volume(Sample.volume(11), of: Sample.disk(11))

  private func expectFailedAndClean(_ world: SmallWorld, _ result: SyncRun.Result) {
    #expect(result.record.outcome == .failed)
    #expect(result.point == nil)
    #expect(world.catalogue.points.isEmpty)
    world.with { state in
      #expect(state.standing == [])
      #expect(state.violations == [])
      #expect(state.secondaryIsReadOnly)
      #expect(!state.isRunning)
      #expect(state.openViews == 0)
      #expect(state.events.map(\.severity) == [.alert])
    }
  }

  @Test("touches nothing at the secondary when the checkpoint says Yes and the nonce did not arrive")
  func nothingArrived() async throws {
    let world = SmallWorld { $0.losesData = true }
    let result = try await world.run()
    expectFailedAndClean(world, result)
    #expect(result.record.failure?.kind == .disproved)
    #expect(result.record.failure?.reason.contains("although the checkpoint says complete") == true)
    #expect(world.with { $0.removedAtSecondary } == [])
    #expect(world.journal.steps.contains { $0.hasPrefix("seal.gate.off") } == false)
  }

  @Test(
    "removes the .meta that a volume left which is gone at both sides; not while the primary or the secondary has the volume",
    arguments: [nil, "primary", "secondary"])
  func orphanedMetadata(whereItIs: String?) async throws {
    let (disk, gone) = (Sample.disk(11), Sample.volume(99))
    let layout = DomainLayout(Sample.domain)
    let world = SmallWorld { state in
      state.secondary[layout.meta(gone, of: disk)] = Sample.meta(disk: disk, parent: Sample.volume(11))
      if whereItIs == "primary" { state.write(layout.volume(gone, of: disk), Array("volume".utf8)) }
      if whereItIs == "secondary" { state.secondary[layout.volume(gone, of: disk)] = Array("volume".utf8) }
    }
    let result = try await world.run()
    #expect((world.with { $0.secondary[layout.meta(gone, of: disk)] } == nil) == (whereItIs == nil))
    guard whereItIs == nil else { return expectFailedAndClean(world, result) }
    #expect(result.record.outcome == .sealed, "\(String(describing: result.record.failure))")
  }

  @Test("fails when a base's content differs, closes the secondary again, merges and alerts")
  func contentDiffers() async throws {
    let world = SmallWorld { $0.corrupting = [base11] }
    let result = try await world.run()
    expectFailedAndClean(world, result)
    #expect(result.record.failure?.operation == "prove the content")
    #expect(result.record.failure?.subject.hasPrefix("vm1/disk11") == true)
  }

  @Test("fails when a volume below the base differs: a leaf is no better than what it stands on")
  func backingDiffers() async throws {
    let world = SmallWorld { state in
      let below = state.layout.volume(Sample.volume(911), of: Sample.disk(11))
      state.putBelow(Sample.volume(911), base: Sample.volume(11), disk: Sample.disk(11))
      state.corrupting = [below]
    }
    let result = try await world.run()
    expectFailedAndClean(world, result)
    #expect(result.record.failure?.operation == "prove the content")
    #expect(result.record.failure?.subject.contains(Sample.volume(911).description) == true)
  }

  @Test("proves an image on a backing volume that did arrive")
  func backingArrives() async throws {
    let world = SmallWorld { state in
      state.putBelow(Sample.volume(911), base: Sample.volume(11), disk: Sample.disk(11))
    }
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.point?.images.map(\.volume) == [Sample.volume(11), Sample.volume(21)])
  }

  @Test("leaves a volume that it does not know, and that machine out of the point")
  func foreignChild() async throws {
    let world = SmallWorld { state in
      let overlay = Derived.overlay(run: Sample.run(1), disk: Sample.disk(11), attempt: 1)
      let foreign = Sample.meta(disk: Sample.disk(11), parent: overlay)
      state.secondary[state.layout.meta(Sample.volume(77), of: Sample.disk(11))] = foreign
      state.secondary[state.layout.volume(Sample.volume(77), of: Sample.disk(11))] = Array("volume".utf8)
    }
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.point?.images.map(\.disk) == [Sample.disk(21)])
    #expect(
      result.point?.leftOut.first?.hasPrefix("vm1: disk11: \(Sample.volume(77)) stands on drkit's overlay")
        == true)
    let removed = world.with { $0.removedAtSecondary }
    #expect(removed.filter { $0.contains("\(Sample.disk(11))/") } == [])
  }

  @Test("writes a manifest at the secondary that holds the point and every machine's configuration")
  func manifest() async throws {
    let world = SmallWorld { $0.addMachine(3, status: .down, disks: [31]) }
    let result = try await world.run()
    let path = DomainLayout(Sample.domain).manifest(Sample.run(1))
    let bytes = try #require(world.with { $0.secondary[path] })
    let text = String(decoding: bytes, as: UTF8.self)
    for name in ["vm1", "vm2", "vm3"] { #expect(text.contains("<ovf name=\\\"\(name)\\\"")) }
    #expect(text.contains("\(Sample.volume(21))"))
    #expect(
      result.point?.notInPoint == ["vm3: not running (down); carried as it is, not proved"])
    #expect(world.with { $0.primary[path] } == nil)
  }

  @Test("leaves the read-only flag alone where it was off before")
  func writableBefore() async throws {
    let world = SmallWorld { $0.secondaryIsReadOnly = false }
    #expect(try await world.run().record.outcome == .sealed)
    #expect(world.with { $0.secondaryIsReadOnly } == false)
  }
}
