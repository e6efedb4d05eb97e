import DRKit
import Testing

@testable import GlusterCLI

/// Answers `--xml` with one thing and plain words with another.
private struct TwoAnswers: CommandRunner {
  var xml: CommandResult
  var plain = CommandResult(.exited(0), output: Array("1795426929\n".utf8))

  func run(_ command: Command) async throws(DRError) -> CommandResult {
    command.arguments.contains("--xml") ? xml : plain
  }
}

extension BadInput {
  private static let session = SessionName(
    primaryVolume: "data", secondaryHost: "b1", secondaryVolume: "data-dr")

  private static func answer(_ inside: String) -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cliOutput>\n<opRet>0</opRet>\n<opErrstr/>\n\(inside)\n</cliOutput>\n"
  }

  /// As in Tests/GlusterCLITests/Captures, with the rows of two nodes.
  private static let statusText = answer(
    "<geoRep><volume><name>data</name><sessions><session>"
      + ["a1", "a2"].map { node in
        """
        <pair><primary_node>\(node)</primary_node><primary_brick>/b/1</primary_brick><status>Active</status>
        <crawl_status>Changelog Crawl</crawl_status><entry>0</entry><data>0</data><meta>0</meta><failures>0</failures>
        <checkpoint_completed>No</checkpoint_completed><last_synced>2026-11-23 09:24:27</last_synced></pair>
        """
      }.joined() + "</session></sessions></volume></geoRep>")

  private static func geo(_ exit: Int32, _ output: String) -> GlusterGeoReplication {
    let result = CommandResult(.exited(exit), output: Array(output.utf8))
    return GlusterGeoReplication(session: session, runner: TwoAnswers(xml: result))
  }

  private static func status(_ shown: String, exit: Int32 = 0, _ output: String) -> BadInput {
    BadInput(.gluster, shown) { _ = try await geo(exit, output).status() }
  }

  private static func row(_ old: String, _ new: String, as shown: String? = nil) -> BadInput {
    BadInput(.gluster, shown ?? new) { _ = try await geo(0, try changed(statusText, old, new)).status() }
  }

  private static let info = answer(
    """
    <volInfo><volumes><volume><name>data</name><statusStr>Started</statusStr><brickCount>3</brickCount>
    <replicaCount>3</replicaCount><disperseCount>0</disperseCount><bricks><brick><name>a1:/b</name></brick>
    <brick><name>a2:/b</name></brick><brick><name>a3:/b</name></brick></bricks></volume></volumes></volInfo>
    """)

  private static func volume(_ old: String, _ new: String, as shown: String? = nil) -> BadInput {
    BadInput(.gluster, shown ?? new) {
      let result = CommandResult(.exited(0), output: Array(try changed(info, old, new).utf8))
      let cli = GlusterAnswer(runner: TwoAnswers(xml: result), deadline: .seconds(1))
      _ = try await VolumeQueries(cli: cli).info("data")
    }
  }

  private static func option(
    _ name: String, _ value: String, _ read: @escaping @Sendable (VolumeOption) throws -> Void
  )
    -> BadInput
  {
    BadInput(.gluster, "\(name): \(value)") { try read(VolumeOption(name: name, raw: value)) }
  }

  static let glusterRows: [BadInput] = [
    status("nothing, exit code 0", ""),
    status(
      "words, exit code 1", exit: 1, "Connection failed. Please check if gluster daemon is operational.\n"),
    status("cut off, exit code 0", String(statusText.prefix(120))),
    status("cut off, exit code 1", exit: 1, String(statusText.prefix(120))),
    status("<cliOutput/>", "<cliOutput/>"),
    status("<opRet>yes</opRet>", "<cliOutput><opRet>yes</opRet></cliOutput>"),
    status(
      "<opRet>-1</opRet>, another transaction",
      "<cliOutput><opRet>-1</opRet><opErrstr>Another transaction is in progress for data.</opErrstr></cliOutput>"
    ),
    BadInput(.gluster, "an element's name that is no UTF-8") {
      let output = Array("<cliOutput><op".utf8) + [0xff] + Array("Ret/></cliOutput>".utf8)
      _ = try GlusterAnswer.root(CommandResult(.exited(0), output: output), "ask gluster", "data")
    },
    status("elements 1,000 deep", String(repeating: "<a>", count: 1_000)),
    status(
      "an element's name of 5,000 letters",
      "<cliOutput><" + String(repeating: "x", count: 5_000) + "/></cliOutput>"),
    row("<name>data</name>", "<name>other</name>", as: "no session of the volume"),
    row("<primary_brick>/b/1</primary_brick>", "", as: "a row without its brick"),
    row("<primary_node>a2", "<primary_node>a1", as: "two rows for one brick"),
    row("2026-11-23 09:24:27", "yesterday", as: "<last_synced>yesterday</last_synced>"),
    row("2026-11-23 09:24:27", "9999-12-31 23:59:59", as: "<last_synced>9999-12-31 23:59:59</last_synced>"),
    row("<failures>0</failures>", "<failures>-3</failures>"),
    row("<entry>0</entry>", "<entry>99999999999999999999</entry>"),
    row("<checkpoint_completed>No", "<checkpoint_completed>Perhaps", as: "<checkpoint_completed>Perhaps"),
    volume("<name>data</name>", "<name>other</name>", as: "volume info of another volume"),
    volume("<brickCount>3</brickCount>", "<brickCount>4</brickCount>"),
    volume("<name>a2:/b</name>", "<name>a2</name>", as: "a brick <name>a2</name>"),
    volume("<replicaCount>3</replicaCount>", "<replicaCount>2</replicaCount>"),
    option("features.shard-block-size", "64MiBs") { _ = try $0.bytes(default: 0) },
    option("features.shard-block-size", "9999999PB") { _ = try $0.bytes(default: 0) },
    option("features.shard", "perhaps") { _ = try $0.flag(default: false) },
    option("changelog.rollover-time", "200000d") { _ = try $0.time(default: .zero) },
    BadInput(.gluster, "config checkpoint: now") {
      let xml = CommandResult(.exited(0), output: Array(answer("").utf8))
      let plain = CommandResult(.exited(0), output: Array("now\n".utf8))
      _ = try await GlusterGeoReplication(session: session, runner: TwoAnswers(xml: xml, plain: plain))
        .setCheckpoint()
    },
    BadInput(.gluster, "clients: 3 counted, 1 listed") {
      let text = answer(
        "<volStatus><volumes><volume><volName>data</volName><node><hostname>a1</hostname><path>/b</path><status>1</status>"
          + "<clientsStatus><clientCount>3</clientCount><client><hostname>x:1</hostname></client></clientsStatus>"
          + "</node></volume></volumes></volStatus>")
      _ = try ClientRows.read(try XMLTree(parsing: Array(text.utf8)), volume: "data")
    },
    BadInput(.gluster, "pathinfo: (<DISTRIBUTE:data-dht>)") { _ = try Pathinfo("(<DISTRIBUTE:data-dht>)") },
  ]
}
