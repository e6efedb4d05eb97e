import DRKit
import GlusterFiles

/// What the gluster adapter reads: answers of the command in XML and in words, and a mount's virtual attributes.
package enum GlusterParsers {
  package static let all = [xml, status, volumeInfo, clients, option, words, checkpoint, pathinfo, path]

  private static let session = SessionName(
    primaryVolume: "data", secondaryHost: "b1", secondaryVolume: "data-dr")

  private static func answer(_ inside: String, opRet: Int = 0) -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<cliOutput>\n <opRet>\(opRet)</opRet>\n"
      + " <opErrno>0</opErrno>\n <opErrstr/>\n \(inside)\n</cliOutput>\n"
  }

  private static let refusal = """
    <?xml version="1.0" encoding="UTF-8" standalone="yes"?><cliOutput><opRet>-1</opRet><opErrno>30806</opErrno>
    <opErrstr>Volume nosuch does not exist</opErrstr></cliOutput>
    """

  private static func root(_ bytes: [UInt8]) throws(DRError) -> XMLTree {
    try GlusterAnswer.root(CommandResult(.exited(0), output: bytes), "ask gluster", "data")
  }

  static let xml = FuzzedParser(
    "gluster-xml",
    [
      refusal, answer("<a>&lt;&#65;<![CDATA[x<]]><!-- c --></a>"),
      "<!DOCTYPE a [<!ENTITY b \"c\">]><a x='1'>&b;</a>", "<a><b/><b>1</b></a>",
    ]
  ) { bytes in
    let tree = try XMLTree(parsing: bytes)
    _ = try tree.require("opRet").integer()
  }

  private static func pair(_ node: String, _ brick: String) -> String {
    """
    <pair><primary_node>\(node)</primary_node><primary_brick>\(brick)</primary_brick>
    <secondary_user>root</secondary_user><secondary>b1::data-dr</secondary><secondary_node/><status>Active</status>
    <crawl_status>Changelog Crawl</crawl_status><entry>0</entry><data>7</data><meta>N/A</meta><failures>0</failures>
    <checkpoint_completed>No</checkpoint_completed><last_synced>2026-11-23 09:24:27</last_synced>
    <checkpoint_time>2026-11-23 09:24:27</checkpoint_time><checkpoint_completion_time>N/A</checkpoint_completion_time></pair>
    """
  }
  private static let rows = answer(
    "<geoRep><volume><name>data</name><sessions><session><session_secondary>x:ssh://b1::data-dr:y</session_secondary>"
      + pair("a1", "/b/1") + pair("a2", "/b/1") + "</session></sessions></volume></geoRep>")

  static let status = FuzzedParser(
    "gluster-status", [rows, rows.replacing("primary_", with: "master_"), refusal]
  ) { bytes in
    let read = try StatusRows.read(try root(bytes), session: session)
    for row in read { _ = row.lastSynced?.text }
  }

  private static let info = answer(
    """
    <volInfo><volumes><volume><name>data</name><id>x</id><status>1</status><statusStr>Started</statusStr>
    <brickCount>3</brickCount><distCount>1</distCount><replicaCount>3</replicaCount><disperseCount>0</disperseCount>
    <bricks><brick uuid="u">a1:/b/1<name>a1:/b/1</name><hostUuid>u</hostUuid></brick>
    <brick uuid="v">a2:/b/1<name>a2:/b/1</name><hostUuid>v</hostUuid></brick>
    <brick uuid="w">[fd00::3]:/b/1<name>[fd00::3]:/b/1</name><hostUuid>w</hostUuid></brick></bricks>
    </volume></volumes></volInfo>
    """)

  static let volumeInfo = FuzzedParser("gluster-volume-info", [info, refusal]) { bytes in
    let read = try VolumeInfo(try root(bytes), volume: "data")
    guard read.subvolumes.flatMap({ $0 }).count == read.bricks.count else {
      throw FuzzedFlaw("subvolumes that are not all of the bricks")
    }
  }

  private static let connected = answer(
    """
    <volStatus><volumes><volume><volName>data</volName><nodeCount>1</nodeCount><node><hostname>a1</hostname>
    <path>/b/1</path><status>1</status><clientsStatus><clientCount>2</clientCount>
    <client><hostname>192.168.1.2:49151</hostname><bytesRead>1</bytesRead></client>
    <client><hostname>fd00::3:1023</hostname></client></clientsStatus></node></volume></volumes></volStatus>
    """)

  static let clients = FuzzedParser("gluster-clients", [connected, refusal]) { bytes in
    _ = try ClientRows.read(try root(bytes), volume: "data")
  }

  /// As the whole answer, and as the value alone.
  static let option = FuzzedParser("gluster-option", ["15 (DEFAULT)", "64MB", "on", "(null)", "2m", "1w"]) {
    bytes in
    let option = VolumeOption(name: "x", raw: String(decoding: bytes, as: UTF8.self))
    _ = try? option.flag(default: true)
    let size = try? option.bytes(default: 0)
    if let size, size < 0 { throw FuzzedFlaw("a size of \(size)") }
    let span = try option.time(default: .zero)
    if span < .zero { throw FuzzedFlaw("a time of \(span.nanoseconds) ns") }
  }

  static let words = FuzzedParser(
    "gluster-words",
    [
      "geo-replication command failed\n",
      "Connection failed. Please check if gluster daemon is operational.\n",
      "Another transaction is in progress for data. Please try again after some time.\n",
    ]
  ) { bytes in
    let result = CommandResult(.exited(1), output: bytes.reversed(), errorOutput: bytes)
    throw GlusterFailure.error(
      "ask gluster", "data", text: result.errorText + "\n" + result.text, status: result.status)
  }

  /// What is known answers every command with the same bytes.
  private struct CannedRunner: CommandRunner {
    var answers: [CommandResult]
    func run(_ command: Command) async throws(DRError) -> CommandResult {
      command.arguments.contains("--xml") ? answers[0] : answers[1]
    }
  }

  static let checkpoint = FuzzedParser(
    "gluster-checkpoint", share: 50, ["1795426929\n", "geo-replication config updated successfully\n"]
  ) { bytes in
    let runner = CannedRunner(answers: [
      CommandResult(.exited(0), output: Array(answer("").utf8)), CommandResult(.exited(0), output: bytes),
    ])
    let cut = try await GlusterGeoReplication(session: session, runner: runner).setCheckpoint()
    _ = cut.text
  }

  private static let place =
    "(<DISTRIBUTE:data-dht> (<REPLICATE:data-replicate-0> <POSIX(/b1):a1:/b1/f> <POSIX(/b1):a2:/b1/f>))"

  static let pathinfo = FuzzedParser(
    "gluster-pathinfo", [place, "(<DISTRIBUTE:d-dht> <POSIX(/b(1)):a1:/b(1)/x/f>)"]
  ) { bytes in
    let bricks = (0..<2).map { n in
      [BrickName(node: "a\(n + 1)", path: "/b1"), BrickName(node: "c", path: "/b\(n)")]
    }
    _ = try Pathinfo(String(decoding: bytes, as: UTF8.self)).subvolume(of: bricks)
  }

  static let path = FuzzedParser("volume-path", share: 30, [".drkit/nonce-1", "a/images/b/c.meta"]) { bytes in
    let path = try VolumePath(String(decoding: bytes, as: UTF8.self))
    if path.components.contains(where: { $0.isEmpty || $0 == ".." || $0 == "." }) {
      throw FuzzedFlaw("a path that can leave the volume")
    }
  }
}
