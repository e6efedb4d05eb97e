import DRKit

/// Hears what an agent says and judges it: the other end's half of the protocol, as a value.
///
/// A stream that ends early is `.transient` (a link that broke, an agent that was killed); one that contradicts itself or
/// the question is `.malformed`. Nothing is believed before `done` and its root.
public struct AgentTranscript: Sendable {
  public let plan: DigestPlan
  /// More are no image: 16 million shards of 64 MiB are an exbibyte.
  private static let blockLimit: Int64 = 1 << 24
  private let subject: String
  private var hasHello = false
  private var file: (size: Int64, expected: [Int64])?
  private var blocks: [BlockDigests.Block] = []
  private var outcome: Result<BlockDigests?, DRError>?

  /// - Parameters:
  ///   - plan: what was asked.
  ///   - subject: for error texts: the file and the agent.
  public init(_ plan: DigestPlan, subject: String) {
    self.plan = plan
    self.subject = subject
  }

  /// What came of a stream that has ended; nil for a file that does not exist.
  /// - Throws: what the agent says went wrong; `.transient` and `.malformed` as above; `.unfit` for another version.
  public static func result(
    of output: [UInt8], _ plan: DigestPlan, subject: String
  ) throws(DRError) -> BlockDigests? {
    var transcript = AgentTranscript(plan, subject: subject)
    var rest = output[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      try transcript.hear(try AgentLine(rest[..<end]))
      rest = rest[(end + 1)...]
    }
    // A line without its end is as good as unsaid.
    return try transcript.end()
  }

  /// - Throws: `.malformed` and `.unfit` as above.
  public mutating func hear(_ line: AgentLine) throws(DRError) {
    guard outcome == nil else { throw contradiction("it went on after its end") }
    guard hasHello else {
      guard case .hello(let version, _) = line else { throw contradiction("it did not begin with hello") }
      guard version == AgentLine.version else {
        throw DRError(
          .unfit, "ask an agent", subject,
          reason: "it speaks version \(version) of the protocol, this program \(AgentLine.version)",
          remedy: "install drkit-agent of this drctl's version there")
      }
      hasHello = true
      return
    }
    switch line {
    case .hello: throw contradiction("it said hello twice")
    case .alive: break
    case .failed(let error): outcome = .failure(located(error))
    case .missing:
      guard file == nil else { throw contradiction("it called a file missing that it had begun") }
      outcome = .success(nil)
    case .file(let size, let block, let count):
      guard file == nil else { throw contradiction("it began two files") }
      guard block == plan.block else { throw contradiction("it has blocks of \(block) bytes") }
      guard plan.sample != nil || BlockDigests.count(size: size, block: block) <= Self.blockLimit else {
        throw contradiction("it announces a file of \(size) bytes")
      }
      let expected = plan.indices(size: size)
      guard Int64(expected.count) == count else {
        throw contradiction("it announces \(count) blocks instead of \(expected.count)")
      }
      file = (size, expected)
    case .block(let block):
      guard let file else { throw contradiction("a block came before the file") }
      guard blocks.count < file.expected.count else { throw contradiction("it said more blocks than it has") }
      blocks.append(block)
    case .done(let count, let root):
      guard let file else { throw contradiction("it was done before it began") }
      let digests = BlockDigests(size: file.size, block: plan.block, blocks: blocks)
      guard count == Int64(blocks.count), digests.blocks.map(\.index) == file.expected else {
        throw contradiction("\(blocks.count) blocks came, and not the \(file.expected.count) that were asked")
      }
      guard digests.root == root else { throw contradiction("the blocks do not add up to the root") }
      outcome = .success(digests)
    }
  }

  /// The stream has ended.
  /// - Throws: as `result(of:)`.
  public func end() throws(DRError) -> BlockDigests? {
    if let outcome { return try outcome.get() }
    let came = file.map { "\(blocks.count) of \($0.expected.count) blocks" } ?? "the file"
    throw DRError(
      .transient, "ask an agent", subject,
      reason: "its stream ended \(hasHello ? "after \(came)" : "at once")",
      remedy: "see that the link holds and that nothing kills drkit-agent there")
  }

  /// The agent knows the file, not which host it is on.
  private func located(_ error: DRError) -> DRError {
    var error = error
    error.subject = error.subject.isEmpty ? subject : "\(subject): \(error.subject)"
    return error
  }

  private func contradiction(_ reason: String) -> DRError {
    DRError(
      .malformed, "ask an agent", subject, reason: reason,
      remedy: "install drkit-agent of this drctl's version there")
  }
}
