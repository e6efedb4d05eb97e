import DRKit
import Testing

@Suite("A sync run that nothing disturbs")
struct SyncRunHappyTests {
  @Test("seals a point, proves its images, merges, tells the engine and leaves the world as it was")
  func seals() async throws {
    let world = SmallWorld(machines: 2, disks: 2)
    let result = try await world.run()
    #expect(result.record.outcome == .sealed)
    #expect(result.record.failure == nil)
    #expect(!result.resumed)
    #expect(result.record.phases.map(\.phase) == Phase.allCases)
    let point = try #require(result.point)
    #expect(result.standing == point)
    #expect(point.images.map(\.disk) == [11, 12, 21, 22].map(Sample.disk))
    #expect(point.images.map(\.volume) == [11, 12, 21, 22].map(Sample.volume))
    #expect(point.notInPoint.isEmpty && point.leftOut.isEmpty)
    #expect(point.instant < point.sealed)
    world.with { state in
      #expect(state.standing.isEmpty)
      #expect(state.violations.isEmpty)
      #expect(state.secondaryIsReadOnly)
      #expect(!state.isRunning)
      #expect(state.openViews == 0)
      #expect(state.events.map(\.severity) == [.normal])
      #expect(state.events.first?.externalStatus == .ok)
    }
    #expect(world.catalogue.holder(of: Sample.key) == nil)
  }
}
