import DRKit
import Foundation
import Testing

@testable import GlusterCLI

@Suite("The rows of a geo-replication status")
struct StatusTests {
  static let statuses = Captures.names(".xml").filter {
    $0.contains("status") && !$0.contains("vol") && !$0.contains("err-") && !$0.contains("down-status")
  }

  private func rows(_ name: String) throws -> [WorkerStatus] {
    try StatusRows.read(try XMLTree(parsing: Captures.bytes(name)), session: session)
  }

  @Test(arguments: statuses)
  func everyCaptureParses(_ name: String) throws {
    let rows = try rows(name)
    #expect(!rows.isEmpty)
    for row in rows {
      if case .unknown(let word) = row.state { Issue.record("\(name): state \(word)") }
      if case .unknown(let word) = row.crawl { Issue.record("\(name): crawl \(word)") }
      // N/A is unknown, never zero.
      if row.state != .active { #expect(row.failures == nil && row.lastSynced == nil && row.crawl == .none) }
    }
  }

  @Test func aCompleteCheckpointHasItsTimes() throws {
    let row = try #require(rows("gluster-10.3/georep-status-detail-checkpoint-yes-xml.xml").first)
    #expect(
      row
        == WorkerStatus(
          brick: BrickName(node: "a1", path: "/bricks/data-1"), state: .active, crawl: .history,
          entriesPending: 0, dataPending: 0, metadataPending: 0, failures: 0,
          // date -u -d '2026-11-23 10:15:36' +%s
          lastSynced: Instant(epochSeconds: 1_795_428_936),
          checkpointTime: Instant(epochSeconds: 1_795_428_928),
          checkpointCompleted: true))
  }

  @Test func statesAreTold() throws {
    func states(_ name: String) throws -> [WorkerState] { try rows(name).map(\.state) }
    #expect(try states("gluster-10.3/georep-status-created-xml.xml") == [.created])
    #expect(try states("gluster-10.3/georep-status-detail-initializing-try1-xml.xml") == [.initializing])
    #expect(try states("gluster-10.3/georep-status-detail-paused-xml.xml") == [.paused])
    #expect(try states("gluster-10.3/georep-status-detail-stopped-xml.xml") == [.stopped])
    #expect(try states("gluster-10.3-faults/status-faulty-worker-killed.xml") == [.faulty])
    #expect(
      try rows("gluster-10.3/georep-status-detail-checkpoint-no-xml.xml").map(\.checkpointCompleted) == [
        false
      ])
    let replicas = try rows("gluster-10.3-faults/status-detail-rep3-cp-yes.xml")
    #expect(replicas.map(\.brick.node) == ["a1", "a2", "a3"])
    #expect(replicas.filter { $0.state == .passive }.allSatisfy { $0.checkpointCompleted == nil })
    #expect(replicas.filter { $0.checkpointCompleted == true }.map(\.state) == [.active])
    #expect(try rows("gluster-10.3-faults/status-rep3-node-down.xml").map(\.brick.node) == ["a2", "a3"])
    #expect(try rows("gluster-10.3-faults/status-2bricks-cp-yes.xml").count == 2)
  }

  @Test("The older vocabulary says the same", arguments: statuses)
  func masterAndSlave(_ name: String) throws {
    let old = try Captures.text(name).replacingOccurrences(of: "primary_", with: "master_")
      .replacingOccurrences(of: "secondary", with: "slave")
    let read = try StatusRows.read(try XMLTree(parsing: Array(old.utf8)), session: session)
    #expect(old.contains("<master_brick>") && !old.contains("primary_"))
    #expect(try read == rows(name))
  }

  @Test("A wrong row is refused, with the element named")
  func wrongRows() throws {
    let good = try Captures.text("gluster-10.3/georep-status-detail-checkpoint-yes-xml.xml")
    let changes = [
      ("<failures>0<", "<failures>many<", "failures"), ("<data>0<", "<data>-5<", "data"),
      (">Yes<", ">Maybe<", "checkpoint_completed"),
      ("<primary_brick>/bricks/data-1<", "<primary_brick>N/A<", "primary_brick"),
      ("<status>Active</status>", "", "status"), ("2026-11-23 10:15:36", "yesterday", "last_synced"),
      ("2026-11-23 10:15:28", "2026-13-23 10:15:28", "checkpoint_time"),
    ]
    for (old, new, element) in changes {
      let text = good.replacingOccurrences(of: old, with: new)
      #expect(text != good)
      let error = #expect(throws: DRError.self) {
        try StatusRows.read(try XMLTree(parsing: Array(text.utf8)), session: session)
      }
      #expect(error?.kind == .malformed)
      #expect(error?.subject.hasSuffix(element) == true, "\(error?.subject ?? "")")
    }
  }

  @Test("A dash and nothing are unknown; a new word is kept")
  func unknowns() throws {
    let text = try Captures.text("gluster-10.3/georep-status-detail-checkpoint-yes-xml.xml")
      .replacingOccurrences(of: "<failures>0</failures>", with: "<failures>-</failures>")
      .replacingOccurrences(of: "<data>0</data>", with: "<data/>")
      .replacingOccurrences(of: "<entry>0</entry>", with: "")
      .replacingOccurrences(of: ">Active<", with: ">Resting<")
      .replacingOccurrences(of: ">History Crawl<", with: ">Moon Crawl<")
    let row = try #require(StatusRows.read(try XMLTree(parsing: Array(text.utf8)), session: session).first)
    #expect(row.failures == nil && row.dataPending == nil && row.entriesPending == nil)
    #expect(row.metadataPending == 0)
    #expect(row.state == .unknown("Resting") && row.crawl == .unknown("Moon Crawl"))
  }

  @Test func twoWorkersForOneBrickAreRefused() throws {
    let text = try Captures.text("gluster-10.3-faults/status-2bricks-cp-yes.xml")
      .replacingOccurrences(of: "/bricks2/data-2", with: "/bricks2/data-1")
    #expect(throws: DRError.self) {
      try StatusRows.read(try XMLTree(parsing: Array(text.utf8)), session: session)
    }
  }

  @Test func aStatusWithoutTheSessionIsMissing() throws {
    let text = "<cliOutput><opRet>0</opRet><opErrstr>primary not found</opErrstr><geoRep/></cliOutput>"
    let error = #expect(throws: DRError.self) {
      try StatusRows.read(try XMLTree(parsing: Array(text.utf8)), session: session)
    }
    #expect(error?.kind == .missing)
    let other = SessionName(primaryVolume: "other", secondaryHost: "b1", secondaryVolume: "data-dr")
    let named = try XMLTree(parsing: Captures.bytes("gluster-10.3/georep-status-all-xml.xml"))
    #expect(throws: DRError.self) { try StatusRows.read(named, session: other) }
  }

  @Test(
    "Times are read as UTC",
    arguments: [
      ("1970-01-01 00:00:00", 0), ("2000-02-29 12:30:01", 951_827_401),
      ("2026-11-23 18:30:20", 1_795_458_620),
      ("2100-03-01 00:00:00", 4_107_542_400),
    ] as [(String, Int64)])
  func times(_ text: String, _ seconds: Int64) {
    #expect(StatusTime.epochSeconds(text) == seconds)
  }

  @Test("A time past the last instant is malformed, not a trap")
  func lastInstant() throws {
    #expect(try StatusTime.instant("2262-04-11 23:47:16", "x") == Instant(epochSeconds: 9_223_372_036))
    for text in ["2262-04-11 23:47:17", "9999-12-31 23:59:59"] {
      let error = #expect(throws: DRError.self) { try StatusTime.instant(text, "x") }
      #expect(error?.kind == .malformed)
    }
  }
}
