import DRKit
import Foundation
import GlusterCLI
import Simulator
import Testing

@testable import Wire

/// A simulated site whose primary volume has one set of bricks, and `gluster` on its nodes.
final class GlusterSite {
  let loop: SimulationLoop
  let world: SimulatedWorld
  let life: Incarnation

  init(isSynced: Bool = true, replica: Int = 1, faults: [WorldFault] = []) {
    var plan = WorldPlan()
    plan.primary.replica = replica
    plan.primary.size = 1 << 40
    plan.isSynced = isSynced
    plan.faults = faults
    loop = SimulationLoop(start: WorldPlan.birth)
    world = SimulatedWorld(plan, seed: Seed(5), in: loop)
    life = loop.startIncarnation()
  }

  /// What the program leaves behind.
  @discardableResult
  func run(
    _ line: String, at cluster: GlusterCommand.Cluster = .primary, program: String = "gluster"
  ) throws -> CommandResult {
    let runner = SimulatedGlusterCommand(cluster, world, life)
    let words = line.split(separator: " ").map(String.init)
    let result = try loop.run(in: world) { () async -> Result<CommandResult, DRError> in
      do throws(DRError) { return .success(try await runner.run(Command(program, words))) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// `line` for the world's own session.
  @discardableResult
  func session(_ line: String) throws -> CommandResult {
    try run("--mode=script --xml volume geo-replication data b1::data-dr \(line)")
  }

  func pass(_ span: TimeSpan) throws { try loop.advance(in: world, to: loop.now + span) }

  /// Something happens on every subvolume.
  func touch() throws {
    let ports = world.ports(for: life, store: SimStore())
    let content = Array("\(loop.now.nanoseconds)".utf8)
    let result = try loop.run(in: world) { () async -> DRError? in
      do throws(DRError) {
        _ = try await ports.primary.writeNonces(content, under: "touched")
        return nil
      } catch { return error }
    }
    #expect(result == nil)
  }
}

/// A real answer, and how the simulated site comes to give it.
struct CapturedAnswer: Sendable, CustomTestStringConvertible {
  let capture: String
  let line: String
  var exit: Int32 = 0
  var cluster = GlusterCommand.Cluster.primary
  var isSynced = true
  var replica = 1
  var situation: @Sendable (GlusterSite) throws -> Void = { _ in }

  var testDescription: String { capture }
}

@Suite("The simulated gluster says what the real one said")
struct GlusterDocuments {
  private static let session = "volume geo-replication data b1::data-dr"
  private static let started: @Sendable (GlusterSite) throws -> Void = { try $0.session("start") }
  private static let active: @Sendable (GlusterSite) throws -> Void = {
    try $0.session("start")
    try $0.pass(.seconds(20))
  }
  private static let waiting: @Sendable (GlusterSite) throws -> Void = {
    try $0.session("config checkpoint now")
    try active($0)
  }
  private static let complete: @Sendable (GlusterSite) throws -> Void = {
    try $0.session("config checkpoint now")
    try $0.pass(.seconds(3))
    try $0.touch()
    try $0.pass(.seconds(17))
    try active($0)
  }

  static let answers: [CapturedAnswer] = [
    .init(
      capture: "10.3/georep-status-created-xml.xml", line: "--xml \(session) status", isSynced: false),
    .init(capture: "10.3/georep-status-detail-stopped-xml.xml", line: "\(session) status detail --xml"),
    .init(
      capture: "10.3/georep-status-detail-initializing-try1-xml.xml", line: "--xml \(session) status detail",
      situation: started),
    .init(
      capture: "10.3/georep-status-detail-active-xml.xml", line: "--xml \(session) status detail",
      situation: active),
    .init(
      capture: "10.3/georep-status-detail-checkpoint-no-xml.xml", line: "--xml \(session) status detail",
      situation: waiting),
    .init(
      capture: "10.3/georep-status-detail-checkpoint-yes-xml.xml", line: "--xml \(session) status detail",
      situation: complete),
    .init(
      capture: "10.3-faults/status-detail-rep3-cp-yes.xml", line: "--xml \(session) status detail",
      replica: 3,
      situation: complete),
    .init(capture: "10.3/georep-start-xml.xml", line: "--xml \(session) start"),
    .init(
      capture: "10.3/georep-err-already-started-xml.xml", line: "--xml \(session) start", situation: started),
    .init(
      capture: "10.3/georep-err-already-started.txt", line: "\(session) start", exit: 1, situation: started),
    .init(
      capture: "10.3/georep-err-resume-not-paused-xml.xml", line: "--xml \(session) resume",
      situation: started),
    .init(capture: "10.3/georep-stop-xml.xml", line: "--xml \(session) stop", situation: started),
    .init(capture: "10.3/georep-err-stop-not-started-xml.xml", line: "--xml \(session) stop"),
    .init(capture: "10.3/georep-err-stop-not-started.txt", line: "\(session) stop"),
    .init(capture: "10.3/georep-stop-force-not-started-xml.xml", line: "--xml \(session) stop force"),
    .init(
      capture: "10.3/georep-config-checkpoint-stopped-xml.xml", line: "--xml \(session) config checkpoint now"
    ),
    .init(capture: "10.3/georep-config-checkpoint-set.txt", line: "\(session) config checkpoint now"),
    .init(
      capture: "10.3/georep-config-checkpoint-get.txt", line: "\(session) config checkpoint",
      situation: waiting),
    .init(
      capture: "10.3/georep-config-err-unknown-option-xml.xml", line: "--xml \(session) config nosuch 1"),
    .init(
      capture: "10.3/georep-config-err-unknown-option.txt", line: "\(session) config nosuch 1", exit: 1),
    .init(
      capture: "10.3/georep-err-no-session-xml.xml",
      line: "--xml volume geo-replication data b1::nosuch status",
      exit: 2),
    .init(
      capture: "10.3/georep-err-no-session.txt", line: "volume geo-replication data b1::nosuch status",
      exit: 1),
    .init(
      capture: "10.3/georep-err-no-session-start-xml.xml",
      line: "--xml volume geo-replication data b1::nosuch start"),
    .init(
      capture: "10.3/georep-err-no-session-start.txt", line: "volume geo-replication data b1::nosuch start",
      exit: 1),
    .init(
      capture: "10.3/georep-err-no-session-stop-force-xml.xml",
      line: "--xml volume geo-replication data b1::nosuch stop force"),
    .init(
      capture: "10.3/georep-err-no-session-config.txt",
      line: "volume geo-replication data b1::nosuch config checkpoint now", exit: 1),
    .init(
      capture: "10.3/georep-err-unknown-volume-xml.xml",
      line: "--xml volume geo-replication nosuch b1::data-dr status", exit: 2),
    .init(
      capture: "10.3/georep-err-unknown-volume.txt",
      line: "volume geo-replication nosuch b1::data-dr status", exit: 1),
    .init(
      capture: "10.3/georep-err-unknown-volume-start-xml.xml",
      line: "--xml volume geo-replication nosuch b1::data-dr start"),
    .init(capture: "10.3/volume-info-xml.xml", line: "volume info data --xml"),
    .init(capture: "10.3/err-volume-info-unknown-xml.xml", line: "--xml volume info nosuch"),
    .init(capture: "10.3/volume-get-shard-xml.xml", line: "--xml volume get data features.shard"),
    .init(
      capture: "10.3/volume-get-shard-block-size-xml.xml",
      line: "--xml volume get data features.shard-block-size"),
    .init(
      capture: "10.3/volume-get-rollover-default-xml.xml",
      line: "--xml volume get data changelog.rollover-time"),
    .init(
      capture: "10.3/secondary-volume-get-read-only-xml.xml",
      line: "--xml volume get data-dr features.read-only", cluster: .secondary),
  ]

  @Test("byte for byte, but for ids, times and whose bricks", arguments: answers)
  func same(_ answer: CapturedAnswer) throws {
    let site = GlusterSite(isSynced: answer.isSynced, replica: answer.replica)
    try answer.situation(site)
    let result = try site.run("--mode=script " + answer.line, at: answer.cluster)
    #expect(result.status == .exited(answer.exit))
    #expect(Captured.plain(result.text) == Captured.plain(try Captured.text(answer.capture)))
    if answer.capture.hasSuffix(".txt") {
      #expect(result.errorText == (try? Captured.text(String(answer.capture.dropLast(4)) + ".err")) ?? "")
    }
  }

  @Test("Faulty after a worker was killed, Stopped after its monitor was")
  func killed() throws {
    for (kind, capture) in [
      (WorldFault.Kind.workerCrash, "10.3-faults/status-faulty-worker-killed.xml"),
      (.monitorKilled, "10.3-faults/status-monitor-killed.xml"),
    ] {
      let site = GlusterSite(faults: [WorldFault(kind, at: .seconds(30), for: .minutes(5))])
      try site.session("start")
      try site.pass(WorldPlan.birth + .seconds(31) - site.loop.now)
      let result = try site.session("status detail")
      #expect(Captured.plain(result.text) == Captured.plain(try Captured.text(capture)))
    }
  }

  @Test("glusterd that can't be reached says so, not in XML, and nothing happens")
  func down() throws {
    let site = GlusterSite(faults: [WorldFault(.portUnreachable, at: .zero, for: .minutes(1), port: .georep)])
    try site.pass(.seconds(1))
    for line in ["start", "status detail"] {
      let result = try site.session(line)
      #expect(result.status == .exited(1))
      #expect(result.text == (try Captured.text("10.3-faults/glusterd-down-start.xml")))
    }
    #expect(!site.world.session.isStarted)
    #expect(throws: DRError.self) { try site.run("--version", program: "rsync") }
  }

  @Test("an answer that is lost is cut, and its effect stands")
  func cut() throws {
    let site = GlusterSite(faults: [WorldFault(.portAnswerLost, at: .zero, for: .minutes(1), port: .georep)])
    try site.pass(.seconds(1))
    let result = try site.session("start")
    #expect(result.status == .exited(255))
    let whole = Captured.plain(try Captured.text("10.3/georep-start-xml.xml"))
    #expect(!result.output.isEmpty && result.text.count < whole.count && whole.hasPrefix(result.text))
    #expect(site.world.session.isStarted)
  }

  /// Run on 10.3 for this test: `volume set` is in no capture.
  @Test("volume set says what 10.3 said, and does it")
  func set() throws {
    let site = GlusterSite()
    func answer(_ line: String) throws -> String {
      let result = try site.run("--mode=script --xml volume set \(line)", at: .secondary)
      #expect(result.status == .exited(0))
      return result.text
    }
    func document(_ ret: String, _ number: String, _ words: String, _ output: String) -> String {
      """
      <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
      <cliOutput>
        <opRet>\(ret)</opRet>
        <opErrno>\(number)</opErrno>
        \(words)
        <cliOp>volSet</cliOp>
        <output>\(output)</output>
      </cliOutput>

      """
    }
    #expect(site.world.session.secondary.isReadOnly)
    #expect(
      try answer("data-dr features.read-only off")
        == document("0", "0", "<opErrstr/>", "Set volume successful"))
    #expect(!site.world.session.secondary.isReadOnly)
    #expect(
      try answer("nosuch features.read-only on")
        == document(
          "-1", "30800", "<opErrstr>Volume nosuch does not exist</opErrstr>", "Set volume unsuccessful"))
    #expect(!site.world.session.secondary.isReadOnly)
  }

  @Test("a plain status has the columns of 10.3, a line for each brick")
  func table() throws {
    let site = GlusterSite(replica: 3)
    let lines = try site.run("\(Self.session) status").text.split(separator: "\n").map(String.init)
    #expect(lines.count == 6)
    #expect(
      lines[1].hasPrefix(
        "PRIMARY NODE    PRIMARY VOL    PRIMARY BRICK    SECONDARY USER    SECONDARY      SECONDARY NODE    STATUS"
      ))
    #expect(
      lines.contains {
        $0.hasPrefix(
          "a2              data           /bricks/data     root              b1::data-dr    N/A               Stopped"
        )
      })
    let detail = try site.run("\(Self.session) status detail").text
    #expect(detail.contains("CHECKPOINT COMPLETED    CHECKPOINT COMPLETION TIME"))
  }

  @Test("a word that it does not know is refused, whatever is asked")
  func unknown() throws {
    let site = GlusterSite()
    for line in ["", "--xml", "volume", "volume heal data info", "peer status", "\(Self.session) frobnicate"]
    {
      let result = try site.run(line)
      #expect(result.status == .exited(1) && !result.errorOutput.isEmpty, "\(line)")
    }
    let other = try site.run("\(Self.session) status", at: .secondary)
    #expect(other.status == .exited(1))
    #expect(throws: DRError.self) { try site.run("", program: "frobnicate") }
  }
}

/// Real outputs of gluster 10.3 with what differs from run to run taken out.
enum Captured {
  static func text(_ name: String) throws -> String {
    let url = root.appending(path: "Tests/GlusterCLITests/Captures/gluster-\(name)")
    return try String(contentsOf: url, encoding: .utf8)
  }

  static func plain(_ text: String) -> String {
    var text = text
    let uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/
    text.replace(uuid, with: "UUID")
    text.replace(/20\d\d-\d\d-\d\d \d\d:\d\d:\d\d/, with: "TIME")
    text.replace(/^1[0-9]{9}$/.anchorsMatchLineEndings(), with: "EPOCH")
    text.replace(/\/bricks2?\/data(-1)?/, with: "/bricks/data")
    // Which of the two, is a matter of seconds; which node is the active one, of luck; the rows' order as well.
    text.replace(/(History|Changelog) Crawl/, with: "Some Crawl")
    text.replace(/<primary_node>a\d</, with: "<primary_node>a<")
    var parts = text.components(separatedBy: "<pair>")
    guard parts.count > 2, let last = parts.last, let end = last.range(of: "</pair>") else { return text }
    let tail = last[end.upperBound...]
    parts[parts.count - 1] = String(last[..<end.upperBound]) + "\n          "
    return parts[0] + parts.dropFirst().sorted().joined(separator: "<pair>") + tail
  }
}
