import DRKit
import Testing

@testable import DRKit

@Suite("Silence at the secondary")
struct SilenceTests {
  private func client(_ address: String, _ port: UInt16 = 49_148) -> VolumeClient {
    VolumeClient(address: address, port: port)
  }

  private static let own = VolumeClient(address: "10.0.0.1", port: 1_000)

  /// The same clients at every brick.
  private func complaint(
    _ clients: [VolumeClient], replicas: Int = 1, known: [String] = []
  ) -> String? {
    let bricks = (1...replicas).map { BrickName(node: "b\($0)", path: "/bricks/0") }
    return SecondarySilence.complaint(
      bricks.map { BrickClients(brick: $0, clients: clients) }, subvolumes: [bricks], known: known)
  }

  @Test("a plain volume is silent when only our own mount is there, beside a known reader")
  func plain() {
    #expect(complaint([Self.own]) == nil)
    #expect(complaint([Self.own, client("10.0.1.1")])?.contains("10.0.1.1:49148") == true)
    #expect(complaint([Self.own, client("10.0.9.9")], known: ["10.0.9.9"]) == nil)
    #expect(complaint([Self.own, client("10.0.9.9"), client("10.0.1.1")], known: ["10.0.9.9"]) != nil)
  }

  @Test("in a replicated volume the self-heal daemon of each node is connected, and no more")
  func replicated() {
    let daemons = ["10.0.1.1", "10.0.1.2", "10.0.1.3"].map { client($0) }
    #expect(complaint(daemons + [Self.own], replicas: 3) == nil)
    #expect(complaint(Array(daemons.dropLast()) + [Self.own], replicas: 3) == nil)
    // drctl on a node of the secondary.
    #expect(complaint(daemons + [client("10.0.1.1", 1_000)], replicas: 3) == nil)
    // gsyncd's mount has the address of the node where it runs, beside that of the daemon there.
    #expect(complaint(daemons + [Self.own, client("10.0.1.2", 49_151)], replicas: 3) != nil)
    #expect(complaint(daemons + [Self.own, client("10.0.0.11")], replicas: 3) != nil)
  }

  @Test("a subvolume of which no brick shows our own mount is not known to be silent")
  func mute() {
    let bricks = (1...2).map { BrickName(node: "b\($0)", path: "/bricks/0") }
    let told = [BrickClients(brick: bricks[0], clients: [Self.own])]
    #expect(SecondarySilence.complaint([], subvolumes: [[bricks[0]]], known: [])?.contains("tells") == true)
    #expect(SecondarySilence.complaint(told, subvolumes: [[bricks[0]], [bricks[1]]], known: []) != nil)
    #expect(SecondarySilence.complaint(told, subvolumes: [bricks], known: []) == nil)
    let empty = [BrickClients(brick: bricks[0], clients: [])]
    #expect(SecondarySilence.complaint(empty, subvolumes: [[bricks[0]]], known: []) != nil)
  }

  @Test("a run refuses to begin while an orphan worker lives, and touches nothing")
  func orphanBefore() async throws {
    let world = SmallWorld { $0.hasOrphan = true }
    let result = try await world.run()
    #expect(result.record.failure?.subject == "secondary-silent")
    #expect(result.record.failure?.remedy.contains("gsyncd") == true)
    world.with { state in
      #expect(state.starts == 0 && state.violations == [] && state.standing == [])
    }
  }

  @Test("an orphan that appears in mid-run fails it before anything at the secondary is touched")
  func orphanInMidRun() async throws {
    let world = SmallWorld()
    world.tripwire.arm(atAnswerOf: "georep.stop", nth: 2)
    let end = try await world.runToTheEnd(meanwhile: { $0.hasOrphan = true })
    #expect(end.result.record.failure?.kind == .disproved)
    #expect(end.result.record.failure?.operation == "prove that the secondary is silent")
    world.with { state in
      #expect(state.removedAtSecondary == [] && state.standing == [])
      #expect(state.events.map(\.severity) == [.alert])
    }
  }
}
