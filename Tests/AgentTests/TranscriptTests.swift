import AgentProtocol
import DRKit
import Testing

@Suite("What an agent said")
struct TranscriptTests {
  static let plan = DigestPlan(block: 10)
  static let digests = BlockDigests(
    size: 35, block: 10,
    blocks: (0..<4).map { BlockDigests.Block(index: $0, hash: BlockHash(UInt64($0), 1, 2, 3)) })
  static let hello = AgentLine.hello(version: 1, threads: 2)
  static let file = AgentLine.file(size: 35, block: 10, blocks: 4)
  static let done = AgentLine.done(blocks: 4, root: digests.root)
  static var blocks: [AgentLine] { digests.blocks.map { .block($0) } }
  static var good: [AgentLine] { [hello, file] + blocks + [.alive(bytes: 1), done] }

  private func result(_ lines: [AgentLine], _ plan: DigestPlan = plan) throws(DRError) -> BlockDigests? {
    try AgentTranscript.result(of: lines.flatMap(\.bytes), plan, subject: "f on b1")
  }

  private func failure(_ lines: [AgentLine], _ plan: DigestPlan = plan) -> DRError? {
    do throws(DRError) {
      _ = try result(lines, plan)
      return nil
    } catch { return error }
  }

  @Test("is believed when it is whole, in whatever order the blocks came")
  func whole() throws {
    #expect(try result(Self.good) == Self.digests)
    #expect(try result([Self.hello, Self.file] + Self.blocks.reversed() + [Self.done]) == Self.digests)
    #expect(try result([Self.hello, .missing]) == nil)
    let empty = BlockDigests(size: 0, block: 10, blocks: [])
    let lines = [Self.hello, .file(size: 0, block: 10, blocks: 0), .done(blocks: 0, root: empty.root)]
    #expect(try result(lines) == empty)
  }

  @Test("is transient wherever it was torn, to the byte")
  func torn() throws {
    let bytes = Self.good.flatMap(\.bytes)
    for length in 0..<bytes.count {
      let error = #expect(throws: DRError.self) {
        try AgentTranscript.result(of: Array(bytes.prefix(length)), Self.plan, subject: "f on b1")
      }
      #expect(error?.kind == .transient, "\(length)")
      #expect(error?.subject == "f on b1")
    }
    #expect(failure(Array(Self.good.dropLast(3)))?.reason == "its stream ended after 3 of 4 blocks")
  }

  @Test("carries the agent's own error, with the host in it")
  func error() {
    let error = DRError(.disproved, "digest a file", "images/x", reason: "EROFS at byte 10")
    #expect(failure([Self.hello, .failed(error)])?.kind == .disproved)
    let late = failure([Self.hello, Self.file, Self.blocks[0], .failed(error)])
    #expect(late?.kind == .disproved)
    #expect(late?.subject == "f on b1: images/x")
  }

  @Test("is another version's, and says which")
  func version() {
    let error = failure([.hello(version: 2, threads: 1), Self.file])
    #expect(error?.kind == .unfit)
    #expect(error?.reason.contains("version 2") == true)
  }

  static var contradictions: [[AgentLine]] {
    let other = AgentLine.block(BlockDigests.Block(index: 9, hash: BlockHash(0, 0, 0, 0)))
    let changed = AgentLine.block(BlockDigests.Block(index: 0, hash: BlockHash(9, 9, 9, 9)))
    return [
      [file] + blocks + [done],
      [hello, hello, file] + blocks + [done],
      [hello] + blocks + [file, done],
      [hello, file, file] + blocks + [done],
      [hello, file, .missing],
      [hello, file] + blocks.dropLast() + [done],
      [hello, file] + blocks.dropLast() + [blocks[0], done],
      [hello, file] + blocks.dropLast() + [other, done],
      [hello, file] + blocks + [other, done],
      [hello, file, changed] + blocks.dropFirst() + [done],
      [hello, .file(size: 35, block: 11, blocks: 4)] + blocks + [done],
      [hello, .file(size: 35, block: 10, blocks: 5)] + blocks + [done],
      [hello, .file(size: .max, block: 10, blocks: .max / 10 + 1)],
      good + [blocks[0]],
      [hello, done],
    ]
  }

  @Test("is refused where it contradicts itself or the question", arguments: contradictions)
  func contradiction(_ lines: [AgentLine]) { #expect(failure(lines)?.kind == .malformed) }

  @Test("of a sample holds the blocks that both ends draw, and no others")
  func sample() throws {
    let plan = DigestPlan(block: 10, sample: BlockSample(count: 2, seed: 3))
    let drawn = plan.indices(size: 95)
    let digests = BlockDigests(
      size: 95, block: 10, blocks: drawn.map { .init(index: $0, hash: BlockHash(UInt64($0), 0, 0, 0)) })
    let head = [Self.hello, AgentLine.file(size: 95, block: 10, blocks: 2)]
    let end = AgentLine.done(blocks: 2, root: digests.root)
    #expect(try result(head + digests.blocks.map { .block($0) } + [end], plan) == digests)
    let others = (0..<10 as Range<Int64>).filter { !drawn.contains($0) }.prefix(2).map {
      AgentLine.block(.init(index: $0, hash: BlockHash(UInt64($0), 0, 0, 0)))
    }
    #expect(failure(head + others + [end], plan)?.kind == .malformed)
  }
}
