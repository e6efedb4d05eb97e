import DRKit
import Testing

@testable import GlusterCLI

@Suite("A volume's geometry")
struct VolumeInfoTests {
  private func info(_ name: String, _ volume: String) throws -> VolumeInfo {
    try VolumeInfo(try XMLTree(parsing: Captures.bytes(name)), volume: volume)
  }

  @Test func subvolumesFollowFromTheCounts() throws {
    func nodes(_ file: String, _ volume: String) throws -> [[String]] {
      try info("gluster-10.3\(file)", volume).subvolumes.map { $0.map(\.name.description) }
    }
    #expect(try nodes("/volume-info-xml.xml", "data") == [["a1:/bricks/data-1"]])
    #expect(
      try nodes("-faults/volinfo-2bricks.xml", "data") == [["a1:/bricks2/data-1"], ["a1:/bricks2/data-2"]])
    #expect(
      try nodes("/volume-info-rep3-xml.xml", "data") == [["a1", "a2", "a3"].map { "\($0):/mnt/bricks/data" }])
    #expect(
      try nodes("/volume-info-dr6-xml.xml", "dr6")
        == ["x1", "x2"].map { brick in ["a1", "a2", "a3"].map { "\($0):/mnt/bricks/\(brick)" } })
    #expect(try nodes("/volume-info-arb-xml.xml", "arb").map(\.count) == [3])
    #expect(try nodes("/volume-info-disp-xml.xml", "disp").map(\.count) == [3, 3])
    #expect(try !info("gluster-10.3/volume-info-arb-xml.xml", "arb").isStarted)
    #expect(try info("gluster-10.3/volume-info-all-xml.xml", "data").isStarted)
  }

  @Test func anotherVolumesAnswerIsMissing() throws {
    let error = #expect(throws: DRError.self) { try info("gluster-10.3/volume-info-xml.xml", "nosuch") }
    #expect(error?.kind == .missing)
  }

  @Test("Sizes, switches and times in gluster's words")
  func options() throws {
    func option(_ raw: String) -> VolumeOption { VolumeOption(name: "o", raw: raw) }
    for (raw, bytes) in [
      ("64MB", 64 << 20), ("4MB (DEFAULT)", 4 << 20), ("67108864", 64 << 20), ("1GB", 1 << 30),
      ("16m", 16 << 20),
      ("(null)", 7), ("", 7),
    ] as [(String, Int64)] {
      #expect(try option(raw).bytes(default: 7) == bytes, "\(raw)")
    }
    for (raw, flag) in [
      ("on", true), ("enable", true), ("off (DEFAULT)", false), ("(null)", true), ("0", false),
    ] {
      #expect(try option(raw).flag(default: true) == flag, "\(raw)")
    }
    for (raw, seconds) in [("15 (DEFAULT)", 15), ("1", 1), ("2m", 120), ("30s", 30), ("1d", 86_400)]
      as [(String, Int64)]
    {
      #expect(try option(raw).time(default: .zero) == .seconds(seconds), "\(raw)")
    }
    for raw in ["64MiBs", "-1", "MB", "9999999PB"] {
      #expect(throws: DRError.self) { try option(raw).bytes(default: 0) }
    }
    #expect(throws: DRError.self) { try option("perhaps").flag(default: false) }
    for raw in ["soon", "86401", "200000d", "1w", "9223372036854775807w", "99999999999999999999"] {
      let error = #expect(throws: DRError.self) { try option(raw).time(default: .zero) }
      #expect(error?.kind == .malformed, "\(raw)")
    }
    #expect(try option("1w").time(default: .zero, atMost: .hours(24 * 30)) == .hours(24 * 7))
  }

  @Test func geometryIsPutTogetherFromInfoAndOptions() async throws {
    let info = try Captures.result("gluster-10.3-faults/volinfo-2bricks.xml")
    let rollover = try Captures.result("gluster-10.3/volume-get-rollover-default-xml.xml")
    let runner = FakeRunner { command, _ in
      guard command.arguments.contains("get") else { return .success(info) }
      let name = command.arguments.last ?? ""
      let values = [
        "features.shard": "on", "features.shard-block-size": "64MB", "features.read-only": "off (DEFAULT)",
      ]
      guard let value = values[name] else { return .success(rollover) }
      let text =
        "<cliOutput><opRet>0</opRet><volGetopts><count>1</count><Opt><Option>\(name)</Option>"
        + "<Value>\(value)</Value></Opt></volGetopts></cliOutput>"
      return .success(CommandResult(.exited(0), output: Array(text.utf8)))
    }
    let geometry = try await GlusterGeoReplication(session: session, runner: runner).primaryGeometry()
    #expect(
      geometry
        == VolumeGeometry(
          name: "data", isStarted: true,
          subvolumes: ["1", "2"].map { [BrickName(node: "a1", path: "/bricks2/data-\($0)")] },
          shardSize: 64 << 20, rollover: .seconds(15), isReadOnly: false))
  }
}
