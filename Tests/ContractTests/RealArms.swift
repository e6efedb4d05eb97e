import Bench
import DRKit
import Foundation
import GlusterCLI
import OVirtClient
import Simulator
import Site
import StateStore
import Synchronization
import TestBed
import Testing

/// What of the real adapters needs no cluster: the store in a file, views of a directory, the system's clock.
@Suite("The real adapters keep the contracts that need no cluster")
struct RealArms {
  private static func contracts(_ port: String) -> [Contract] { Contract.allCases.filter { $0.port == port } }

  /// Ports of a world that nobody runs: what a chapter does not use is never asked.
  private static func ports() -> SyncPorts {
    let loop = SimulationLoop(start: WorldPlan.birth)
    let world = SimulatedWorld(WorldPlan(), seed: Seed(1), in: loop)
    var ports = world.ports(for: loop.startIncarnation(), store: SimStore())
    ports.clock = SystemClock()
    return ports
  }

  private static func withDirectory(_ body: (String) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "drkit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await body(directory)
  }

  private static let id = RunID(high: 0x4000, low: 0x8000_0000_0000_0007)

  private static func judge(_ rows: [ContractRow], _ least: Int) {
    #expect(rows.count >= least)
    for row in rows where row.verdict == .broken { Issue.record("\(row.contract.rawValue): \(row.seen)") }
  }

  @Test("SQLite: journal, catalogue, and all of it after the file was opened anew")
  func store() async throws {
    try await Self.withDirectory { directory in
      var book = ContractBook()
      for chapter in [ContractSuite.Chapter.store, .restart] {
        let store = try StateStore(path: directory + "/state.sqlite")
        var ports = Self.ports()
        ports.journal = store
        ports.catalogue = store
        try await ContractSuite(ports: ports, domain: "vms", id: Self.id).run(&book, [chapter])
        try store.close()
      }
      Self.judge(book.rows(of: Self.contracts("store")), 14)
    }
  }

  @Test("views: the files of a directory")
  func views() async throws {
    try await Self.withDirectory { directory in
      var book = ContractBook()
      var ports = Self.ports()
      ports.primary = DirectoryVolume(directory: directory)
      try await ContractSuite(ports: ports, domain: "vms", id: Self.id).run(&book, [.primaryViews])
      Self.judge(book.rows(of: Self.contracts("view")), 13)
    }
  }

  @Test("the engine's adapter, over HTTP to a test bed", arguments: TransportKind.allCases)
  func engine(kind: TransportKind) async throws {
    let bed = LabSite.standard(
      seed: 1, primary: .init(name: "vms", address: "a1", volume: "data", mount: ""),
      other: .init(name: "other", address: "a1", volume: "other", mount: ""))
    let (ports, found) = AsyncStream.makeStream(of: Int.self)
    let heard = Requests()
    let server = try TestBedServer(
      model: bed.engine, performer: AfterSomeLooks(requests: heard), log: { _ in heard.count() },
      onListening: { port in
        found.yield(port)
        found.finish()
      })
    let rows = try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run(handlesSignals: false) }
      var book = ContractBook()
      for await port in ports {
        var all = Self.ports()
        let engine = try OVirtManager(
          url: "http://127.0.0.1:\(port)/ovirt-engine/api", authority: .system,
          credentials: OVirtCredentials(
            user: BedCredentials.standard.user, password: BedCredentials.standard.password),
          clock: all.clock, transport: kind)
        all.engine = engine
        try await ContractSuite(ports: all, domain: "vms", id: Self.id).run(&book, [.engine, .snapshot])
        await engine.close()
      }
      group.cancelAll()
      return book.rows(of: Self.contracts("engine"))
    }
    Self.judge(rows, 18)
  }

  @Test("the system's clock")
  func clock() async throws {
    var book = ContractBook()
    try await ContractSuite(ports: Self.ports(), domain: "vms", id: Self.id).run(&book, [.clock])
    Self.judge(book.rows(of: Self.contracts("clock")), 2)
  }
}

private final class Requests: Sendable {
  private let number = Atomic(0)

  func count() { number.add(1, ordering: .relaxed) }
  var sofar: Int { number.load(ordering: .relaxed) }
}

/// Lets the engine's work go on until the client has asked again so often: however slow this machine is now, it sees the middle.
private struct AfterSomeLooks: WorkPerformer {
  let requests: Requests

  func perform(
    _ work: EngineWork, engine: EngineModel, report: @Sendable (WorkStage) async -> Void
  ) async -> WorkOutcome {
    switch work.kind {
    case .snapshot:
      guard await hears(4) else { return .failed(reason: "the test bed is closing") }
      await report(.volumesCreated)
    case .merge(_, _, let steps):
      guard await hears(2) else { return .failed(reason: "the test bed is closing") }
      for step in steps { await report(.merged(step.disk)) }
    case .updateOVF: break
    }
    return .done
  }

  private func hears(_ more: Int) async -> Bool {
    let wanted = requests.sofar + more
    while requests.sofar < wanted {
      do { try await Task.sleep(for: .milliseconds(50)) } catch { return false }
    }
    return true
  }
}

private struct DirectoryVolume: PrimaryVolume {
  let directory: String

  func view() async throws(DRError) -> any VolumeView { try GlusterVolumeView(directory: directory) }

  func writeNonces(_ content: [UInt8], under directory: String) async throws(DRError) -> [Nonce] {
    throw DRError(.unfit, "write nonces", directory, reason: "a directory has no subvolumes")
  }
}
