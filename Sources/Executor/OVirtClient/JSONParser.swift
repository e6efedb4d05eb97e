/// RFC 8259, strictly: one value, no trailing bytes, valid UTF-8, no duplicate keys, bounded depth.
struct JSONParser {
  struct Failure: Error, Hashable, Sendable {
    var problem: String
    /// Bytes from the beginning.
    var offset: Int
  }

  /// Deepest nesting of arrays and objects; the engine's documents stay under ten.
  static let depthLimit = 64

  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
    var parser = JSONParser(bytes)
    parser.skipSpace()
    if parser.position == bytes.count { throw parser.failure("is empty") }
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    if parser.position < bytes.count { throw parser.failure("has bytes after its end") }
    return value
  }

  private func failure(_ problem: String) -> Failure { Failure(problem: problem, offset: position) }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private func peek() throws(Failure) -> UInt8 {
    guard position < bytes.count else { throw failure("ends too early") }
    return bytes[position]
  }

  private mutating func take(_ text: StaticString, _ value: JSONValue) throws(Failure) -> JSONValue {
    let wanted = Array(text.description.utf8)
    guard bytes.count - position >= wanted.count, Array(bytes[position..<position + wanted.count]) == wanted
    else { throw failure("has an unknown word") }
    position += wanted.count
    return value
  }

  private mutating func value(depth: Int) throws(Failure) -> JSONValue {
    if depth > Self.depthLimit { throw failure("is nested deeper than \(Self.depthLimit) levels") }
    switch try peek() {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try take("true", .bool(true))
    case UInt8(ascii: "f"): return try take("false", .bool(false))
    case UInt8(ascii: "n"): return try take("null", .null)
    case UInt8(ascii: "-"), 0x30...0x39: return .number(try number())
    default: throw failure("has an unexpected byte")
    }
  }

  private mutating func object(depth: Int) throws(Failure) -> JSONValue {
    var members: [String: JSONValue] = [:]
    position += 1
    skipSpace()
    if try peek() == UInt8(ascii: "}") {
      position += 1
      return .object(members)
    }
    while true {
      skipSpace()
      guard try peek() == UInt8(ascii: "\"") else { throw failure("has a key that is no text") }
      let key = try string()
      if members[key] != nil { throw failure("has a key twice") }
      skipSpace()
      guard try peek() == UInt8(ascii: ":") else { throw failure("lacks a colon") }
      position += 1
      skipSpace()
      members[key] = try value(depth: depth + 1)
      skipSpace()
      let next = try peek()
      position += 1
      if next == UInt8(ascii: "}") { return .object(members) }
      guard next == UInt8(ascii: ",") else { throw failure("lacks a comma") }
    }
  }

  private mutating func array(depth: Int) throws(Failure) -> JSONValue {
    var elements: [JSONValue] = []
    position += 1
    skipSpace()
    if try peek() == UInt8(ascii: "]") {
      position += 1
      return .array(elements)
    }
    while true {
      skipSpace()
      elements.append(try value(depth: depth + 1))
      skipSpace()
      let next = try peek()
      position += 1
      if next == UInt8(ascii: "]") { return .array(elements) }
      guard next == UInt8(ascii: ",") else { throw failure("lacks a comma") }
    }
  }

  private mutating func digits() throws(Failure) {
    guard (0x30...0x39).contains(try peek()) else { throw failure("has a broken number") }
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
  }

  private mutating func number() throws(Failure) -> String {
    let start = position
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    if try peek() == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(try peek()) { position += 1 }
      try digits()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func string() throws(Failure) -> String {
    position += 1
    var out: [UInt8] = []
    while true {
      let byte = try peek()
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: out, as: UTF8.self) else { throw failure("is no valid UTF-8") }
        return text
      case UInt8(ascii: "\\"): try escape(into: &out)
      case 0..<0x20: throw failure("has a control character in a text")
      default: out.append(byte)
      }
    }
  }

  private mutating func escape(into out: inout [UInt8]) throws(Failure) {
    let byte = try peek()
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "u"):
      let first = try codeUnit()
      var code = UInt32(first)
      if (0xD800...0xDBFF).contains(first) {
        guard try peek() == UInt8(ascii: "\\") else { throw failure("has half a surrogate pair") }
        position += 1
        guard try peek() == UInt8(ascii: "u") else { throw failure("has half a surrogate pair") }
        position += 1
        let second = try codeUnit()
        guard (0xDC00...0xDFFF).contains(second) else { throw failure("has half a surrogate pair") }
        code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("has half a surrogate pair") }
      out += Array(String(scalar).utf8)
    default: throw failure("has an unknown escape")
    }
  }

  private mutating func codeUnit() throws(Failure) -> UInt16 {
    guard bytes.count - position >= 4 else { throw failure("ends too early") }
    var code: UInt16 = 0
    for byte in bytes[position..<position + 4] {
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x46: digit = byte - 0x41 + 10
      case 0x61...0x66: digit = byte - 0x61 + 10
      default: throw failure("has a broken escape")
      }
      code = code << 4 | UInt16(digit)
    }
    position += 4
    return code
  }
}
