import DRKit
import Foundation
import Testing

@testable import GlusterCLI

/// A session whose user at the secondary is not root. The captures are of a lab whose b1 was set up with `gluster-mountbroker`.
@Suite("A mountbroker session")
struct MountbrokerTests {
  private static let session = SessionName(
    primaryVolume: "data", secondaryUser: "geo", secondaryHost: "b1", secondaryVolume: "data-dr")
  private static let folder = "gluster-10.3-mountbroker/"

  private func rows(_ bytes: [UInt8], _ session: SessionName = Self.session) throws -> [WorkerStatus] {
    try StatusRows.read(try XMLTree(parsing: bytes), session: session)
  }

  @Test("its rows are read in every state, in both vocabularies", arguments: [false, true])
  func states(_ isOld: Bool) throws {
    func states(_ name: String) throws -> [WorkerState] {
      var text = try Captures.text(Self.folder + name)
      if isOld { text = text.replacing("secondary", with: "slave").replacing("primary", with: "master") }
      return try rows(Array(text.utf8)).map(\.state)
    }
    #expect(try states("status-detail-created.xml") == [.created])
    #expect(try states("status-detail-active.xml") == [.active])
    #expect(try states("status-detail-stopped.xml") == [.stopped])
  }

  @Test("an active worker's row is that of a session of root's, but for the user")
  func active() throws {
    let row = try #require(try rows(Captures.bytes(Self.folder + "status-detail-active.xml")).first)
    #expect(
      row
        == WorkerStatus(
          brick: BrickName(node: "a1", path: "/mnt/bricks/data"), state: .active, crawl: .changelog,
          entriesPending: 0, dataPending: 0, metadataPending: 0, failures: 0,
          // date -u -d '2026-11-24 19:31:18' +%s
          lastSynced: Instant(epochSeconds: 1_795_548_678),
          checkpointTime: Instant(epochSeconds: 1_795_548_668), checkpointCompleted: true))
  }

  @Test("workers of another user's session to the same secondary are not its own")
  func strangers() throws {
    let text = try Captures.text(Self.folder + "status-detail-active.xml")
    let begin = try #require(text.range(of: "<pair>"))
    let end = try #require(text.range(of: "</pair>"))
    let pair = String(text[begin.lowerBound..<end.upperBound])
    let root = pair.replacing("<secondary_user>geo<", with: "<secondary_user>root<")
      .replacing(">Active<", with: ">Stopped<").replacing("geo@", with: "")
    #expect(root != pair)
    let both = text.replacing(pair, with: root + pair)
    #expect(try rows(Array(both.utf8)).map(\.state) == [.active])
    var asRoot = Self.session
    asRoot.secondaryUser = "root"
    #expect(try rows(Array(both.utf8), asRoot).map(\.state) == [.stopped])
    let error = #expect(throws: DRError.self) { try rows(Array(text.utf8), asRoot) }
    #expect(error?.kind == .missing && error?.remedy == "correct `session-user` in the configuration")
    #expect(error?.reason == "gluster knows the session of geo only, not of root")
  }

  @Test("every command names user, host and volume")
  func commands() async throws {
    let config = try Captures.result("gluster-10.3/georep-config-xml.xml")
    let done = try Captures.result(Self.folder + "stop.xml")
    let runner = FakeRunner { command, _ in
      let words = command.arguments
      if words.contains("status") {
        return Result { () throws(DRError) in try Self.status() }
      }
      if words.suffix(2) == ["config", "checkpoint"] {
        return .success(CommandResult(.exited(0), output: Array("1795548668\n".utf8)))
      }
      return .success(words.last == "config" ? config : done)
    }
    let georep = GlusterGeoReplication(session: Self.session, runner: runner)
    #expect(try await georep.status().map(\.state) == [.active])
    #expect(try await georep.setCheckpoint() == Instant(epochSeconds: 1_795_548_668))
    try await georep.start()
    try await georep.stop()
    try await georep.set(SessionSetting("rsync_options", "--bwlimit=9"))
    #expect(try await georep.settings().count > 40)
    try await georep.delete()
    try await georep.create()
    #expect(runner.commands.count == 9)
    for line in runner.lines {
      #expect(line.contains("volume geo-replication data geo@b1::data-dr "), "\(line)")
    }
  }

  private static func status() throws(DRError) -> CommandResult {
    do { return try Captures.result(folder + "status-detail-active.xml") } catch {
      throw DRError(.missing, "read a capture", reason: "\(error)")
    }
  }

  @Test("asked for without its user it is missing, in each of gluster's wordings")
  func withoutUser() async throws {
    var asRoot = Self.session
    asRoot.secondaryUser = "root"
    let started = GlusterGeoReplication(
      session: asRoot, runner: FakeRunner(try Captures.result(Self.folder + "start-as-root.xml")))
    let error = await #expect(throws: DRError.self) { try await started.start() }
    #expect(error?.kind == .missing && error?.remedy.hasPrefix("create the session") == true)
    let looked = GlusterGeoReplication(
      session: asRoot,
      runner: FakeRunner(
        try Captures.result("gluster-10.3/georep-err-no-session-xml.xml", exit: 2),
        try Captures.result(Self.folder + "status-as-root.txt", exit: 1)))
    #expect(await kind { () throws(DRError) in try await looked.status() } == .missing)
  }
}
