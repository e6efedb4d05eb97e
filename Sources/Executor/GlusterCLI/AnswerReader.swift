/// Reads XML 1.0 as far as gluster writes it, strictly: elements, attributes (checked and dropped), text, CDATA, comments,
/// processing instructions and the five entities. A document type is refused: gluster writes none, and entities of a document's
/// own are a way to read files and to fill the memory.
///
/// Not Foundation's `XMLParser`: on Linux (Swift 6.3) it traps on a name that is no UTF-8, crashes on a `<?xml?>` without a version
/// and leaks with every error. The fuzzer found all three.
struct AnswerReader {
  struct Failure: Error, Hashable {
    var reason: String
    /// The names from the root to the innermost element that was open.
    var path: String
  }

  private let bytes: [UInt8]
  private var at = 0
  /// From the root to the innermost element, and the text of each so far.
  private var open: [XMLTree] = []
  private var texts: [[UInt8]] = []
  private var root: XMLTree?
  private var nodes = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  static func read(_ bytes: [UInt8]) throws(Failure) -> XMLTree {
    var reader = AnswerReader(bytes)
    return try reader.document()
  }

  // MARK: Errors

  private func fail(_ problem: String) -> Failure {
    let line = bytes[..<min(at, bytes.count)].count { $0 == 0x0a } + 1
    return Failure(reason: "\(problem) in line \(line) (\(bytes.count) bytes)", path: open.last?.path ?? "")
  }

  private func limit(_ reason: String) -> Failure { Failure(reason: reason, path: open.last?.path ?? "") }

  // MARK: The document

  private mutating func document() throws(Failure) -> XMLTree {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw limit("the \(bytes.count) bytes are no valid UTF-8")
    }
    if let control = bytes.firstIndex(where: { $0 < 0x20 && !Self.isSpace($0) }) {
      at = control
      throw fail("a control character")
    }
    _ = take("\u{feff}")
    try declaration()
    while at < bytes.count { try item() }
    if let last = open.last { throw fail("the element \(last.name) is not closed") }
    guard let root else { throw fail("no element") }
    return root
  }

  /// `<?xml version="1.0" encoding="UTF-8"?>`, if there is one.
  private mutating func declaration() throws(Failure) {
    let start = at
    guard take("<?xml") else { return }
    guard let next = peek, Self.isSpace(next) || next == UInt8(ascii: "?") else {
      at = start
      return
    }
    let fields = try attributes()
    guard fields["version"] != nil, take("?>") else { throw fail("a broken XML declaration") }
    guard fields["encoding"].map({ $0.lowercased() == "utf-8" }) ?? true else {
      throw fail("an encoding other than UTF-8 is declared")
    }
  }

  private mutating func item() throws(Failure) {
    if bytes[at] != UInt8(ascii: "<") {
      try text()
    } else if take("<!--") {
      try skip(past: "--", "a comment")
      guard take(">") else { throw fail("-- in a comment") }
    } else if take("<![CDATA[") {
      guard !open.isEmpty else { throw fail("text outside of the root element") }
      let start = at
      try skip(past: "]]>", "CDATA")
      append(bytes[start..<(at - 3)])
    } else if take("<?") {
      let target = try name()
      guard target.lowercased() != "xml" else {
        throw fail("an XML declaration that is not at the beginning")
      }
      try skip(past: "?>", "a processing instruction")
    } else if take("</") {
      try close()
    } else if take("<!") {
      throw fail("a document type, which is not supported,")
    } else {
      at += 1
      try element()
    }
  }

  // MARK: Elements

  private mutating func element() throws(Failure) {
    if open.isEmpty && root != nil { throw fail("a second root element") }
    let name = try name()
    nodes += 1
    if open.count >= XMLTree.depthLimit {
      throw limit("nested deeper than \(XMLTree.depthLimit) elements")
    }
    if nodes > XMLTree.nodeLimit { throw limit("more than \(XMLTree.nodeLimit) elements") }
    let path = open.last.map { "\($0.path)/\(name)" } ?? name
    if path.utf8.count > XMLTree.pathLimit {
      throw limit("names longer than \(XMLTree.pathLimit) bytes")
    }
    _ = try attributes()
    open.append(XMLTree(name: name, path: path))
    texts.append([])
    if take("/>") { return finish() }
    guard take(">") else { throw fail("a broken tag") }
  }

  private mutating func close() throws(Failure) {
    let name = try name()
    skipSpace()
    guard take(">") else { throw fail("a broken tag") }
    guard let last = open.last, last.name == name else {
      throw fail("an end of the element \(name), which is not open,")
    }
    finish()
  }

  /// The innermost element is whole.
  private mutating func finish() {
    guard var node = open.popLast(), let text = texts.popLast() else { return }
    let start = text.firstIndex { !Self.isSpace($0) } ?? text.endIndex
    let end = text.lastIndex { !Self.isSpace($0) }.map { $0 + 1 } ?? start
    node.text = String(decoding: text[start..<end], as: UTF8.self)
    if open.isEmpty { root = node } else { open[open.count - 1].children.append(node) }
  }

  /// Up to what is no attribute.
  private mutating func attributes() throws(Failure) -> [String: String] {
    var found: [String: String] = [:]
    while true {
      let start = at
      skipSpace()
      guard let next = peek else { throw fail("a tag that is cut off") }
      if next == UInt8(ascii: ">") || next == UInt8(ascii: "/") || next == UInt8(ascii: "?") { return found }
      guard at > start else { throw fail("no space before an attribute") }
      let name = try name()
      skipSpace()
      guard take("=") else { throw fail("an attribute without a value") }
      skipSpace()
      guard found.updateValue(try value(), forKey: name) == nil else { throw fail("an attribute twice") }
    }
  }

  private mutating func value() throws(Failure) -> String {
    guard let quote = peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
      throw fail("an attribute's value without quotes")
    }
    at += 1
    var out: [UInt8] = []
    while let byte = peek {
      if byte == quote {
        at += 1
        return String(decoding: out, as: UTF8.self)
      }
      switch byte {
      case UInt8(ascii: "<"): throw fail("< in an attribute's value")
      case UInt8(ascii: "&"): out += try reference()
      default:
        out.append(byte)
        at += 1
      }
    }
    throw fail("an attribute's value that is cut off")
  }

  // MARK: Text

  private mutating func text() throws(Failure) {
    while let byte = peek, byte != UInt8(ascii: "<") {
      if open.isEmpty && !Self.isSpace(byte) { throw fail("text outside of the root element") }
      if byte == UInt8(ascii: "&") {
        append(try reference()[...])
        continue
      }
      if byte == UInt8(ascii: "]") && take("]]>") { throw fail("]]> in a text") }
      append(bytes[at...at])
      at += 1
    }
  }

  private mutating func append(_ part: ArraySlice<UInt8>) {
    if !texts.isEmpty { texts[texts.count - 1] += part }
  }

  /// `&amp;`, `&#65;` and their like.
  private mutating func reference() throws(Failure) -> [UInt8] {
    // The longest is `&#x10ffff;`; zeros may come before.
    guard let end = bytes[at...].prefix(16).firstIndex(of: UInt8(ascii: ";")) else {
      throw fail("& that begins no entity")
    }
    let word = String(decoding: bytes[(at + 1)..<end], as: UTF8.self)
    guard let scalar = Self.scalar(word) else { throw fail("an unknown entity") }
    at = end + 1
    return Array(String(Character(scalar)).utf8)
  }

  private static func scalar(_ word: String) -> Unicode.Scalar? {
    switch word {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    default:
      guard word.hasPrefix("#") else { return nil }
      let isHex = word.hasPrefix("#x")
      let digits = word.dropFirst(isHex ? 2 : 1)
      // Swift's reading of numbers takes a sign.
      guard digits.utf8.allSatisfy({ $0 != 0x2b && $0 != 0x2d }),
        let code = UInt32(digits, radix: isHex ? 16 : 10),
        code >= 0x20 || [0x09, 0x0a, 0x0d].contains(code), code != 0xfffe, code != 0xffff
      else { return nil }
      return Unicode.Scalar(code)
    }
  }

  // MARK: Bytes

  private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
  }

  private mutating func skipSpace() {
    while let byte = peek, Self.isSpace(byte) { at += 1 }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    let isThere = text.withUTF8Buffer { bytes[at...].starts(with: $0) }
    if isThere { at += text.utf8CodeUnitCount }
    return isThere
  }

  private mutating func skip(past end: StaticString, _ what: String) throws(Failure) {
    while at < bytes.count {
      if take(end) { return }
      at += 1
    }
    throw fail("\(what) that is cut off")
  }

  /// Letters, `_`, `:` and all beyond ASCII; then digits, `-` and `.`, too.
  private mutating func name() throws(Failure) -> String {
    let start = at
    while let byte = peek {
      let isFirst =
        (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
        || byte == 0x3a || byte >= 0x80
      let isLater = (0x30...0x39).contains(byte) || byte == 0x2d || byte == 0x2e
      guard isFirst || (isLater && at > start) else { break }
      at += 1
    }
    guard at > start else {
      throw fail(at < bytes.count ? "a name with an unexpected character" : "a tag that is cut off")
    }
    return String(decoding: bytes[start..<at], as: UTF8.self)
  }
}
