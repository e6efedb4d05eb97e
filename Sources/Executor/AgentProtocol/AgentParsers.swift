import DRKit

/// What agent and executor hear from each other.
package enum AgentParsers {
  package static let all = [transcript, request]

  private static let plan = DigestPlan(block: 1 << 20, sample: nil)

  private static func talk() -> [UInt8] {
    let hash = BlockHash(1, 2, 3, 4)
    let blocks = (Int64(0)..<3).map { BlockDigests.Block(index: $0, hash: hash) }
    let whole = BlockDigests(size: 3 << 20, block: 1 << 20, blocks: blocks)
    var lines: [AgentLine] = [.hello(version: AgentLine.version, threads: 2), .alive(bytes: 5)]
    lines.append(.file(size: whole.size, block: whole.block, blocks: 3))
    lines += blocks.map { .block($0) }
    lines.append(.done(blocks: 3, root: whole.root))
    return lines.flatMap(\.bytes)
  }

  @Sendable private static func talks() -> [[UInt8]] {
    let hello = AgentLine.hello(version: AgentLine.version, threads: 1).bytes
    let failed = AgentLine.failed(DRError(.missing, "read", "x", reason: "gone")).bytes
    return [talk(), hello + AgentLine.missing.bytes, hello + failed]
  }

  static let transcript = FuzzedParser(
    "agent-transcript",
    corpus: talks
  ) { bytes in _ = try AgentTranscript.result(of: bytes, plan, subject: "a1:x") }

  static let request = FuzzedParser(
    "agent-request",
    [
      "digest\n--server\na1\n--volume\ndata\n--block\n67108864\n--sample\n64\n--seed\n7\n--path\nimages/x",
      "digest\n--directory\n/mnt\n--block\n1048576\n--rate\n1048576\n--threads\n4\n--path\nx", "hello",
    ]
  ) { bytes in
    let words = String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    let request = try AgentRequest(arguments: words.map(String.init))
    guard try AgentRequest(arguments: request.arguments) == request else {
      throw FuzzedFlaw("a request that does not come back from its own words")
    }
  }
}
