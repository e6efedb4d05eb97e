/// Reads a JSON body into the same tree as XML: a member becomes a child, an array becomes children of the same name, and
/// numbers, booleans and strings become text. Bounded depth and size.
struct JSONReader {
  private var bytes: ArraySlice<UInt8>
  private var nodes = 0

  static func read(_ body: [UInt8]) throws(UnreadableBody) -> RequestTree {
    var reader = JSONReader(bytes: body[...])
    reader.skipSpace()
    guard reader.bytes.first == UInt8(ascii: "{") else { throw UnreadableBody(reason: "no JSON object") }
    let trees = try reader.value(named: "", depth: 0)
    reader.skipSpace()
    guard reader.bytes.isEmpty, let root = trees.first else {
      throw UnreadableBody(reason: "text after the JSON object")
    }
    return root
  }

  private init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  private func fail(_ reason: String) -> UnreadableBody { UnreadableBody(reason: reason) }

  private mutating func skipSpace() {
    while let byte = bytes.first, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
      bytes.removeFirst()
    }
  }

  private mutating func expect(_ byte: Unicode.Scalar) throws(UnreadableBody) {
    skipSpace()
    guard bytes.popFirst() == UInt8(ascii: byte) else { throw fail("\"\(byte)\" is missing") }
  }

  /// None for null, several for an array.
  private mutating func value(named name: String, depth: Int) throws(UnreadableBody) -> [RequestTree] {
    guard depth < XMLReader.maximumDepth else { throw fail("nested too deeply") }
    nodes += 1
    guard nodes <= XMLReader.maximumNodes else { throw fail("too many values") }
    skipSpace()
    guard let first = bytes.first else { throw fail("truncated") }
    switch first {
    case UInt8(ascii: "{"): return [try object(named: name, depth: depth)]
    case UInt8(ascii: "["):
      bytes.removeFirst()
      var items: [RequestTree] = []
      skipSpace()
      if bytes.first == UInt8(ascii: "]") {
        bytes.removeFirst()
        return []
      }
      while true {
        items += try value(named: name, depth: depth + 1)
        if try !more(before: UInt8(ascii: "]")) { return items }
      }
    case UInt8(ascii: "\""): return [RequestTree(name: name, text: try string())]
    default:
      let end = bytes.firstIndex { byte in
        !((0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2B || byte == 0x2D
          || byte == 0x2E || byte == 0x45)
      }
      let taken = String(decoding: bytes[bytes.startIndex..<(end ?? bytes.endIndex)], as: UTF8.self)
      bytes = bytes[(end ?? bytes.endIndex)...]
      if taken == "null" { return [] }
      // Of words, `nan` and `inf` would be numbers, too.
      guard taken == "true" || taken == "false" || Double(taken)?.isFinite == true else {
        throw fail("an unknown word")
      }
      return [RequestTree(name: name, text: taken)]
    }
  }

  private mutating func object(named name: String, depth: Int) throws(UnreadableBody) -> RequestTree {
    bytes.removeFirst()
    var tree = RequestTree(name: name)
    skipSpace()
    if bytes.first == UInt8(ascii: "}") {
      bytes.removeFirst()
      return tree
    }
    while true {
      skipSpace()
      let key = try string()
      try expect(":")
      tree.children += try value(named: key, depth: depth + 1)
      if try !more(before: UInt8(ascii: "}")) { return tree }
    }
  }

  /// Whether a comma follows; false after the closing byte.
  private mutating func more(before end: UInt8) throws(UnreadableBody) -> Bool {
    skipSpace()
    switch bytes.popFirst() {
    case UInt8(ascii: ","): return true
    case end: return false
    default: throw fail("a comma or an end is missing")
    }
  }

  private mutating func string() throws(UnreadableBody) -> String {
    guard bytes.popFirst() == UInt8(ascii: "\"") else { throw fail("a string is missing") }
    var out: [UInt8] = []
    while let byte = bytes.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: out, as: UTF8.self)
      case UInt8(ascii: "\\"):
        switch bytes.popFirst() {
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "u"): out += Array(String(Character(try scalar())).utf8)
        case .some(let other) where other == 0x22 || other == 0x2F || other == 0x5C: out.append(other)
        default: throw fail("an unknown escape")
        }
      default: out.append(byte)
      }
    }
    throw fail("truncated in a string")
  }

  private mutating func scalar() throws(UnreadableBody) -> Unicode.Scalar {
    var value = try hex()
    if (0xD800...0xDBFF).contains(value) {
      guard bytes.popFirst() == 0x5C, bytes.popFirst() == 0x75 else { throw fail("half a surrogate pair") }
      let low = try hex()
      guard (0xDC00...0xDFFF).contains(low) else { throw fail("half a surrogate pair") }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw fail("no Unicode scalar") }
    return scalar
  }

  private mutating func hex() throws(UnreadableBody) -> UInt32 {
    let digits = bytes.prefix(4)
    guard digits.count == 4, let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else {
      throw fail("a broken escape")
    }
    bytes.removeFirst(4)
    return value
  }
}
