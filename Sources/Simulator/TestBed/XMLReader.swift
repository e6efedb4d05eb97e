import DRKit

/// Reads the small XML documents that clients of the engine send: elements, attributes, text, CDATA, comments and
/// processing instructions. No DTD, no entities but the five and character references; bounded depth and size.
struct XMLReader {
  private var bytes: ArraySlice<UInt8>
  private var nodes = 0

  static let maximumDepth = 64
  static let maximumNodes = 100_000

  static func read(_ body: [UInt8]) throws(UnreadableBody) -> RequestTree {
    var reader = XMLReader(bytes: body[...])
    try reader.skipMisc()
    let root = try reader.element(depth: 0)
    try reader.skipMisc()
    guard reader.bytes.isEmpty else { throw UnreadableBody(reason: "text after the root element") }
    return root
  }

  private init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  private func fail(_ reason: String) -> UnreadableBody {
    UnreadableBody(reason: OneLine.of(reason, limit: 400))
  }

  private func starts(with text: StaticString) -> Bool {
    text.withUTF8Buffer { bytes.starts(with: $0) }
  }

  private mutating func skipSpace() {
    while let byte = bytes.first, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
      bytes.removeFirst()
    }
  }

  /// Consumes up to and with `end`; the bytes before it.
  private mutating func take(until end: StaticString) throws(UnreadableBody) -> ArraySlice<UInt8> {
    let pattern = end.withUTF8Buffer { Array($0) }
    var index = bytes.startIndex
    while index + pattern.count <= bytes.endIndex {
      if bytes[index] == pattern[0], bytes[index..<(index + pattern.count)].elementsEqual(pattern) {
        let taken = bytes[bytes.startIndex..<index]
        bytes = bytes[(index + pattern.count)...]
        return taken
      }
      index += 1
    }
    throw fail("truncated: no \(end)")
  }

  private mutating func skipMisc() throws(UnreadableBody) {
    if starts(with: "\u{FEFF}") { bytes.removeFirst(3) }
    while true {
      skipSpace()
      if starts(with: "<?") {
        _ = try take(until: "?>")
      } else if starts(with: "<!--") {
        _ = try take(until: "-->")
      } else if starts(with: "<!") {
        throw fail("a document type is not accepted")
      } else {
        return
      }
    }
  }

  private mutating func name() throws(UnreadableBody) -> String {
    let end = bytes.firstIndex { byte in
      !(byte >= 0x80 || byte == 0x2D || byte == 0x2E || byte == 0x3A || byte == 0x5F
        || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte))
    }
    let taken = bytes[bytes.startIndex..<(end ?? bytes.endIndex)]
    guard !taken.isEmpty else { throw fail("a name is missing") }
    bytes = bytes[taken.endIndex...]
    return String(decoding: taken, as: UTF8.self)
  }

  private mutating func element(depth: Int) throws(UnreadableBody) -> RequestTree {
    guard depth < Self.maximumDepth else { throw fail("nested too deeply") }
    nodes += 1
    guard nodes <= Self.maximumNodes else { throw fail("too many elements") }
    guard bytes.popFirst() == UInt8(ascii: "<") else { throw fail("an element is missing") }
    var tree = RequestTree(name: try name())
    while true {
      skipSpace()
      if starts(with: "/>") {
        bytes.removeFirst(2)
        return tree
      }
      if starts(with: ">") {
        bytes.removeFirst()
        break
      }
      let key = try name()
      skipSpace()
      guard bytes.popFirst() == UInt8(ascii: "=") else { throw fail("an attribute without a value") }
      skipSpace()
      let quote = bytes.popFirst()
      guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw fail("an unquoted value") }
      let raw = try take(until: quote == UInt8(ascii: "\"") ? "\"" : "'")
      tree.attributes.append(.init(name: key, value: try unescaped(raw)))
    }
    try content(of: &tree, depth: depth)
    return tree
  }

  private mutating func content(of tree: inout RequestTree, depth: Int) throws(UnreadableBody) {
    var text = ""
    while true {
      guard let first = bytes.first else { throw fail("truncated in <\(tree.name)>") }
      if first != UInt8(ascii: "<") {
        let end = bytes.firstIndex(of: UInt8(ascii: "<")) ?? bytes.endIndex
        text += try unescaped(bytes[bytes.startIndex..<end])
        bytes = bytes[end...]
      } else if starts(with: "</") {
        bytes.removeFirst(2)
        guard try name() == tree.name else { throw fail("<\(tree.name)> is not closed") }
        skipSpace()
        guard bytes.popFirst() == UInt8(ascii: ">") else { throw fail("a broken closing tag") }
        tree.text = text
        return
      } else if starts(with: "<!--") {
        _ = try take(until: "-->")
      } else if starts(with: "<![CDATA[") {
        bytes.removeFirst(9)
        text += String(decoding: try take(until: "]]>"), as: UTF8.self)
      } else if starts(with: "<?") {
        _ = try take(until: "?>")
      } else {
        tree.children.append(try element(depth: depth + 1))
      }
    }
  }

  private func unescaped(_ raw: ArraySlice<UInt8>) throws(UnreadableBody) -> String {
    guard raw.contains(UInt8(ascii: "&")) else { return String(decoding: raw, as: UTF8.self) }
    var out: [UInt8] = []
    var rest = raw
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "&") else {
        out.append(byte)
        continue
      }
      guard let end = rest.firstIndex(of: UInt8(ascii: ";")), end - rest.startIndex <= 10 else {
        throw fail("a broken reference")
      }
      let reference = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
      rest = rest[(end + 1)...]
      switch reference {
      case "amp": out.append(UInt8(ascii: "&"))
      case "lt": out.append(UInt8(ascii: "<"))
      case "gt": out.append(UInt8(ascii: ">"))
      case "quot": out.append(UInt8(ascii: "\""))
      case "apos": out.append(UInt8(ascii: "'"))
      default:
        let value =
          reference.hasPrefix("#x")
          ? UInt32(reference.dropFirst(2), radix: 16)
          : reference.hasPrefix("#") ? UInt32(reference.dropFirst()) : nil
        guard let value, let scalar = Unicode.Scalar(value) else { throw fail("an unknown reference") }
        out += Array(String(Character(scalar)).utf8)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
