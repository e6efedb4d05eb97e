import DRKit
import Testing

@testable import GlusterCLI

@Suite("A session driven through the gluster command")
struct GeoReplicationTests {
  private func xml(_ ret: Int, _ text: String) -> CommandResult {
    CommandResult(
      .exited(0),
      output: Array(
        "<cliOutput><opRet>\(ret)</opRet><opErrno>30800</opErrno><opErrstr>\(text)</opErrstr></cliOutput>"
          .utf8))
  }
  private func capture(_ name: String, exit: Int32 = 0) throws -> CommandResult {
    try Captures.result("gluster-10.3/" + name, exit: exit)
  }

  @Test func statusAsksWithXMLFirst() async throws {
    let runner = FakeRunner(try capture("georep-status-detail-active-xml.xml"))
    let rows = try await GlusterGeoReplication(session: session, runner: runner).status()
    #expect(rows.map(\.state) == [.active])
    #expect(runner.commands.map(\.executable) == ["gluster"])
    #expect(
      runner.commands.first?.arguments == [
        "--mode=script", "--xml", "volume", "geo-replication", "data", "b1::data-dr", "status", "detail",
      ])
  }

  @Test("A nondescript failure is asked again in plain words")
  func noSession() async throws {
    let bare = try capture("georep-err-no-session-xml.xml", exit: 2)
    for (plain, kind) in [
      ("georep-err-no-session.txt", DRError.Kind.missing), ("georep-err-unknown-volume.txt", .missing),
    ] {
      let runner = FakeRunner(bare, try capture(plain, exit: 1))
      let geo = GlusterGeoReplication(session: session, runner: runner)
      #expect(await GlusterCLITests.kind { () throws(DRError) in try await geo.status() } == kind)
      #expect(runner.lines.last == "volume geo-replication data b1::data-dr status")
    }
    // It works in plain words: the first answer was an accident.
    let lucky = FakeRunner(bare, CommandResult(.exited(0), output: Array("PRIMARY NODE".utf8)))
    let geo = GlusterGeoReplication(session: session, runner: lucky)
    #expect(await GlusterCLITests.kind { () throws(DRError) in try await geo.status() } == .transient)
  }

  @Test("The options are all that config lists but the session's own progress")
  func settings() async throws {
    let runner = FakeRunner(try capture("georep-config-xml.xml"))
    let settings = try await GlusterGeoReplication(session: session, runner: runner).settings()
    #expect(settings.contains(SessionSetting("sync_jobs", "3")))
    #expect(settings.contains(SessionSetting("rsync_options", "")))
    #expect(!settings.contains { $0.name == "checkpoint" || $0.name == "stime_xattr_prefix" })
    #expect(settings.map(\.name) == settings.map(\.name).sorted())
    #expect(runner.lines == ["--xml volume geo-replication data b1::data-dr config"])
  }

  @Test("A value that begins with a dash is not given to gluster as an option of its own")
  func dashed() async throws {
    let done = try capture("georep-config-checkpoint-stopped-xml.xml")
    let runner = FakeRunner(done, done)
    let geo = GlusterGeoReplication(session: session, runner: runner)
    try await geo.set(SessionSetting("rsync_options", "--ignore-times"))
    try await geo.set(SessionSetting("sync_jobs", "3"))
    #expect(
      runner.lines[0] == "--xml volume geo-replication data b1::data-dr config rsync_options  --ignore-times")
    #expect(runner.lines[1] == "--xml volume geo-replication data b1::data-dr config sync_jobs 3")
  }

  @Test("A session that is gone is deleted, one that is there is created: again is the same")
  func renewed() async throws {
    let runner = FakeRunner(
      xml(-1, "Geo-replication session between data and b1::data-dr does not exist."),
      xml(-1, "Session between data and b1::data-dr is already created."),
      xml(-1, "b1::data-dr is not empty. Please delete existing files in b1::data-dr and retry, or use force")
    )
    let geo = GlusterGeoReplication(session: session, runner: runner)
    try await geo.delete()
    try await geo.create()
    #expect(await GlusterCLITests.kind { () throws(DRError) in try await geo.create() } != nil)
    #expect(runner.lines[0] == "--xml volume geo-replication data b1::data-dr delete reset-sync-time")
    #expect(runner.lines[1] == "--xml volume geo-replication data b1::data-dr create no-verify")
  }

  @Test(
    "An option's value that begins with a dash gets the space that gluster wants; an empty one is taken away")
  func options() async throws {
    let runner = FakeRunner(xml(0, ""))
    let geo = GlusterGeoReplication(session: session, runner: runner)
    try await geo.set(SessionSetting("rsync_options", "--bwlimit=2048 -z"))
    try await geo.set(SessionSetting("rsync_options", "-z"))
    try await geo.set(SessionSetting("sync_jobs", "5"))
    try await geo.set(SessionSetting("rsync_options", ""))
    #expect(
      runner.commands.map { $0.arguments.suffix(3) } == [
        ["config", "rsync_options", " --bwlimit=2048 -z"], ["config", "rsync_options", " -z"],
        ["config", "sync_jobs", "5"], ["b1::data-dr", "config", "!rsync_options"],
      ])
  }

  @Test func aCheckpointIsSetThenReadBack() async throws {
    let runner = FakeRunner(
      try capture("georep-config-checkpoint-stopped-xml.xml"), try capture("georep-config-checkpoint-get.txt")
    )
    let instant = try await GlusterGeoReplication(session: session, runner: runner).setCheckpoint()
    #expect(instant == Instant(epochSeconds: 1_795_426_929))
    #expect(
      runner.lines == [
        "--xml volume geo-replication data b1::data-dr config checkpoint now",
        "volume geo-replication data b1::data-dr config checkpoint",
      ])
  }

  @Test(
    arguments: [
      "0", "", "now", "9223372037", "17954269290000", "geo-replication config updated successfully",
    ])
  func aCheckpointThatIsNoEpochIsRefused(_ text: String) async throws {
    let runner = FakeRunner(
      try capture("georep-config-checkpoint-stopped-xml.xml"),
      CommandResult(.exited(0), output: Array((text + "\n").utf8)))
    let geo = GlusterGeoReplication(session: session, runner: runner)
    #expect(await GlusterCLITests.kind { () throws(DRError) in try await geo.setCheckpoint() } == .malformed)
  }

  @Test("Starting what runs is success; what is paused is resumed")
  func start() async throws {
    let running = FakeRunner(
      try capture("georep-err-already-started-xml.xml"), try capture("georep-err-resume-not-paused-xml.xml"))
    try await GlusterGeoReplication(session: session, runner: running).start()
    #expect(running.lines.last?.hasSuffix("resume") == true)
    let paused = FakeRunner(try capture("georep-err-already-started-xml.xml"), xml(0, ""))
    try await GlusterGeoReplication(session: session, runner: paused).start()
    let stopped = FakeRunner(try capture("georep-start-xml.xml"))
    try await GlusterGeoReplication(session: session, runner: stopped).start()
    #expect(stopped.commands.count == 1)
    let missing = GlusterGeoReplication(
      session: session, runner: FakeRunner(try capture("georep-err-no-session-start-xml.xml")))
    #expect(await GlusterCLITests.kind { () throws(DRError) in try await missing.start() } == .missing)
  }

  @Test("Stopping what does not run is success; a refusal is forced")
  func stop() async throws {
    for answer in [
      try capture("georep-err-stop-not-started-xml.xml"), try capture("georep-stop-xml.xml"),
      xml(-1, "Geo-replication session between data and b1::data-dr is not running"),
    ] {
      let runner = FakeRunner(answer)
      try await GlusterGeoReplication(session: session, runner: runner).stop()
      #expect(runner.commands.count == 1)
    }
    let stubborn = FakeRunner(xml(-1, "Peer a2, which is a part of the session, said no"), xml(0, ""))
    try await GlusterGeoReplication(session: session, runner: stubborn).stop()
    #expect(stubborn.lines.last?.hasSuffix("stop force") == true)
    let down = GlusterGeoReplication(
      session: session,
      runner: FakeRunner(try Captures.result("gluster-10.3-faults/glusterd-down-start.xml", exit: 1)))
    #expect(await GlusterCLITests.kind { () throws(DRError) in try await down.stop() } == .transient)
  }

  @Test("rsync is trusted up to 3.4, with the defect in words")
  func rsync() async throws {
    let good = FakeRunner(
      CommandResult(.exited(0), output: Array("rsync  version 3.2.7  protocol version 31\nCopyright".utf8)))
    let mover = try await GlusterGeoReplication(session: session, runner: good).dataMover()
    #expect(mover == DataMover(version: "rsync version 3.2.7 protocol version 31"))
    for version in ["3.5.0", "3.5.1pre1", "v3.6.0", "4.0", "3.10.1"] {
      let judged = RsyncVersion.judge("rsync version \(version) protocol version 32")
      #expect(judged.defect?.contains("copy nothing") == true, "\(version)")
    }
    for version in ["3.2.7", "3.4.1", "2.6.9", "v3.2.4"] {
      #expect(RsyncVersion.judge("rsync version \(version) protocol version 31").defect == nil)
    }
    for line in ["", "openrsync: protocol version 29", "rsync version unknown", "rsync version 3"] {
      #expect(RsyncVersion.judge(line).defect?.hasPrefix("unknown") == true, "\(line)")
    }
  }

  @Test func theSecondaryIsMadeReadOnlyAndBack() async throws {
    let runner = FakeRunner(xml(0, ""))
    let cluster = GlusterSecondaryCluster(volume: "data-dr", runner: runner)
    try await cluster.setReadOnly(true)
    try await cluster.setReadOnly(false)
    #expect(
      runner.lines == [
        "--xml volume set data-dr features.read-only on", "--xml volume set data-dr features.read-only off",
      ])
  }
}
