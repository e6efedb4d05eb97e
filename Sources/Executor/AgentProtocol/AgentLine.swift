import DRKit
import FoundationEssentials

/// One line that an agent says on its standard output: a JSON object with the key `say`.
///
/// A transcript is `hello`, then `missing`, or `file`, its `block`s in any order and `done`; `alive` may stand anywhere after
/// `hello`, and an `error` ends it anywhere. Keys that a reader does not know mean nothing to it; words that it does not
/// know are an error. What changes the meaning of a word changes `AgentLine.version`.
public enum AgentLine: Hashable, Sendable {
  /// The first line: who speaks, in which version of this protocol.
  case hello(version: Int, threads: Int)
  /// There is no such file.
  case missing
  /// Bytes of the file and of a block, and how many blocks will follow.
  case file(size: Int64, block: Int64, blocks: Int64)
  case block(BlockDigests.Block)
  /// Nothing is ready yet, but bytes are being read; said so that a broken pipe is noticed.
  case alive(bytes: Int64)
  /// All blocks were said; with `BlockDigests.root`, by which a line that was lost or changed on the way is noticed.
  case done(blocks: Int64, root: BlockHash)
  case failed(DRError)

  /// What this source speaks.
  public static let version = 1
  /// Bytes that no line is longer than.
  public static let lengthLimit = 1 << 16

  private enum Word: String, Codable {
    case hello, missing, file, block, alive, done, error
  }

  private struct Record: Codable {
    var say: Word
    var protocolVersion: Int?
    var threads: Int?
    var size: Int64?
    var block: Int64?
    var blocks: Int64?
    var index: Int64?
    var sha256: String?
    var bytes: Int64?
    var root: String?
    var error: DRError?

    enum CodingKeys: String, CodingKey {
      case say
      case protocolVersion = "protocol"
      case threads, size, block, blocks, index, sha256, bytes, root, error
    }
  }

  /// With its line feed.
  public var bytes: [UInt8] {
    var record: Record
    switch self {
    case .hello(let version, let threads):
      record = Record(say: .hello)
      record.protocolVersion = version
      record.threads = threads
    case .missing: record = Record(say: .missing)
    case .file(let size, let block, let blocks):
      record = Record(say: .file)
      record.size = size
      record.block = block
      record.blocks = blocks
    case .block(let block):
      record = Record(say: .block)
      record.index = block.index
      record.sha256 = block.hash.hexadecimal
    case .alive(let bytes):
      record = Record(say: .alive)
      record.bytes = bytes
    case .done(let blocks, let root):
      record = Record(say: .done)
      record.blocks = blocks
      record.root = root.hexadecimal
    case .failed(let error):
      record = Record(say: .error)
      record.error = error
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Strings and integers only: there is nothing in a record that can't be encoded. An empty line would be torn.
    return (try? encoder.encode(record)).map { Array($0) + [UInt8(ascii: "\n")] } ?? [UInt8(ascii: "\n")]
  }

  /// - Parameter line: without its line feed.
  /// - Throws: `.malformed` for what is no line of this protocol.
  public init(_ line: some Collection<UInt8>) throws(DRError) {
    guard line.count <= Self.lengthLimit,
      let record = try? JSONDecoder().decode(Record.self, from: Data(line))
    else { throw Self.malformed(line) }
    switch record.say {
    case .hello:
      guard let version = record.protocolVersion else { throw Self.malformed(line) }
      self = .hello(version: version, threads: record.threads ?? 0)
    case .missing: self = .missing
    case .file:
      guard let size = record.size, let block = record.block, let blocks = record.blocks, size >= 0, block > 0
      else { throw Self.malformed(line) }
      self = .file(size: size, block: block, blocks: blocks)
    case .block:
      guard let index = record.index, let hash = record.sha256.flatMap({ BlockHash(hexadecimal: $0) })
      else { throw Self.malformed(line) }
      self = .block(BlockDigests.Block(index: index, hash: hash))
    case .alive: self = .alive(bytes: record.bytes ?? 0)
    case .done:
      guard let blocks = record.blocks, let root = record.root.flatMap({ BlockHash(hexadecimal: $0) })
      else { throw Self.malformed(line) }
      self = .done(blocks: blocks, root: root)
    case .error:
      guard let error = record.error else { throw Self.malformed(line) }
      self = .failed(error)
    }
  }

  private static func malformed(_ line: some Collection<UInt8>) -> DRError {
    let shown = String(decoding: line.prefix(120), as: UTF8.self)
    return DRError(
      .malformed, "hear an agent", reason: "it said \"\(shown)\"",
      remedy: "install drkit-agent of this drctl's version there, and let the login shell print nothing")
  }
}
