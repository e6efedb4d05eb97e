import Simulator

/// Makes bad documents out of good ones: 1 to 8 changes each, of kinds that know something of how documents are built.
struct Mutator {
  /// Bytes that no input is longer than.
  static let longest = 192 << 10

  private var random: Randomness
  private let corpus: [[UInt8]]

  /// - Parameter seed: the input's own.
  init(_ seed: Seed, corpus: [[UInt8]]) {
    random = Randomness(seed)
    self.corpus = corpus
  }

  mutating func input() -> [UInt8] {
    // Now and then the document as it is, and bytes that never were one.
    switch random.below(64) {
    case 0: return random.element(of: corpus) ?? []
    case 1: return noise(Int(random.below(200)))
    default: break
    }
    var bytes = random.element(of: corpus) ?? []
    var rounds = 1 + random.below(3)
    if random.below(8) == 0 { rounds += random.below(6) }
    for _ in 0..<rounds { change(&bytes) }
    if bytes.count > Self.longest { bytes.removeSubrange(Self.longest...) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    switch random.below(26) {
    case 0, 1: flipBits(&bytes)
    case 2, 3: setByte(&bytes)
    case 4: bytes.removeSubrange(stretch(of: bytes))
    case 5: bytes.removeSubrange(random.index(bytes.count + 1)...)
    case 6: bytes.removeSubrange(..<random.index(bytes.count + 1))
    case 7, 8: repeatStretch(&bytes)
    case 9: splice(&bytes)
    case 10: insert(random.element(of: corpus).map { Array($0[stretch(of: $0)]) } ?? [], &bytes)
    case 11, 12, 13: replaceDigits(&bytes)
    case 14: nest(&bytes)
    case 15, 16: insert(random.element(of: Dialect.badText) ?? [], &bytes)
    case 17: bytes = bytes.flatMap { $0 == 0x0a ? [0x0d, 0x0a] : [$0] }
    case 18, 19: swapLines(&bytes)
    case 20, 21, 22: insertWord(&bytes)
    case 23, 24: replaceToken(&bytes)
    default: if random.below(8) == 0 { blowUp(&bytes) } else { setByte(&bytes) }
    }
  }

  // MARK: Bytes

  private mutating func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(random.below(256)) } }

  private mutating func flipBits(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    for _ in 0...random.below(3) { bytes[random.index(bytes.count)] ^= 1 << UInt8(random.below(8)) }
  }

  private mutating func setByte(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    bytes[random.index(bytes.count)] = random.element(of: Dialect.signs) ?? UInt8(random.below(256))
  }

  /// A part of the bytes, mostly a short one.
  private mutating func stretch(of bytes: [UInt8]) -> Range<Int> {
    let start = random.index(bytes.count + 1)
    let limit = random.below(4) == 0 ? bytes.count - start : min(24, bytes.count - start)
    return start..<(start + random.index(limit + 1))
  }

  private mutating func insert(_ part: [UInt8], _ bytes: inout [UInt8]) {
    bytes.insert(contentsOf: part, at: random.index(bytes.count + 1))
  }

  private mutating func repeatStretch(_ bytes: inout [UInt8]) {
    let range = stretch(of: bytes)
    let part = Array(bytes[range])
    var times = 1 + random.below(3)
    if random.below(20) == 0 { times = 1 + random.below(400) }
    for _ in 0..<times where bytes.count < Self.longest {
      bytes.insert(contentsOf: part, at: range.upperBound)
    }
  }

  private mutating func splice(_ bytes: inout [UInt8]) {
    let other = random.element(of: corpus) ?? []
    bytes = Array(bytes.prefix(random.index(bytes.count + 1)) + other.suffix(random.index(other.count + 1)))
  }

  /// One sign or word so often that what is quadratic, or recursive, shows.
  private mutating func blowUp(_ bytes: inout [UInt8]) {
    let part =
      random.below(2) == 0
      ? [random.element(of: Dialect.signs) ?? 0] : random.element(of: Dialect.words) ?? []
    guard !part.isEmpty else { return }
    let size = 1 << (10 + Int(random.below(7)))
    var run: [UInt8] = []
    while run.count < size { run += part }
    insert(run, &bytes)
  }

  // MARK: Tokens

  private mutating func replaceDigits(_ bytes: inout [UInt8]) {
    let starts = bytes.indices.filter { at in
      Dialect.isDigit(bytes[at]) && (at == 0 || !Dialect.isDigit(bytes[at - 1]))
    }
    guard let start = random.element(of: starts) else { return insertWord(&bytes) }
    let end = bytes[start...].firstIndex { !Dialect.isDigit($0) } ?? bytes.endIndex
    var number = random.element(of: Dialect.numbers) ?? []
    if random.below(8) == 0 {
      number = [UInt8](repeating: 0x39, count: 1 << Int(random.below(13)))
    }
    bytes.replaceSubrange(start..<end, with: number)
  }

  private mutating func nest(_ bytes: inout [UInt8]) {
    let (open, close) = random.element(of: Dialect.nests) ?? ([], [])
    var depth = 1 + Int(random.below(80))
    if random.below(6) == 0 { depth = 1 << Int(random.below(14)) }
    var part: [UInt8] = []
    for _ in 0..<depth { part += open }
    if random.below(2) == 0 { for _ in 0..<depth { part += close } }
    insert(part, &bytes)
  }

  private mutating func swapLines(_ bytes: inout [UInt8]) {
    var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).map(Array.init)
    guard lines.count > 1 else { return flipBits(&bytes) }
    let one = random.index(lines.count)
    switch random.below(4) {
    case 0: lines.swapAt(one, random.index(lines.count))
    case 1: lines.insert(lines[one], at: random.index(lines.count))
    case 2: lines.remove(at: one)
    default: lines[one] = [UInt8](repeating: 0x20, count: random.index(9)) + lines[one].drop { $0 == 0x20 }
    }
    bytes = Array(lines.joined(separator: [0x0a]))
  }

  private mutating func insertWord(_ bytes: inout [UInt8]) {
    insert(random.element(of: Dialect.words) ?? [], &bytes)
  }

  /// A run of letters and digits becomes another word.
  private mutating func replaceToken(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    let at = random.index(bytes.count)
    let start = bytes[..<at].lastIndex { !Dialect.isWord($0) }.map { $0 + 1 } ?? 0
    let end = bytes[at...].firstIndex { !Dialect.isWord($0) } ?? bytes.endIndex
    guard start < end else { return insertWord(&bytes) }
    bytes.replaceSubrange(start..<end, with: random.element(of: Dialect.words) ?? [])
  }
}
