import DRKit

extension LabJSON {
  /// Reads one document.
  /// - Throws: `.malformed`, naming the byte offset.
  init(parsing bytes: some Collection<UInt8>) throws(DRError) {
    var reader = LabJSONReader(bytes: Array(bytes))
    self = try reader.document()
  }
}

/// A recursive-descent reader of RFC 8259, with a limit on depth.
private struct LabJSONReader {
  let bytes: [UInt8]
  private var at = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(DRError) -> LabJSON {
    let value = try value(depth: 0)
    skipSpace()
    guard at == bytes.count else { throw fault("text after the end of the document") }
    return value
  }

  private func fault(_ reason: String) -> DRError {
    DRError(.malformed, "read JSON", reason: "byte \(at): \(reason)")
  }

  private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { at += 1 }
  }

  private mutating func take(_ byte: Character) -> Bool {
    skipSpace()
    guard current == byte.asciiValue else { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) throws(DRError) -> LabJSON {
    guard depth < 64 else { throw fault("more than 64 levels") }
    skipSpace()
    guard let byte = current else { throw fault("the document ends early") }
    switch Character(Unicode.Scalar(byte)) {
    case "{": return try object(depth: depth)
    case "[": return try array(depth: depth)
    case "\"": return .string(try string())
    case "t": return try word("true", .bool(true))
    case "f": return try word("false", .bool(false))
    case "n": return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ text: String, _ value: LabJSON) throws(DRError) -> LabJSON {
    guard bytes[at...].starts(with: text.utf8) else { throw fault("unknown word") }
    at += text.utf8.count
    return value
  }

  private mutating func object(depth: Int) throws(DRError) -> LabJSON {
    at += 1
    var members: [LabJSON.Member] = []
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw fault("a member's name is expected") }
      let name = try string()
      guard take(":") else { throw fault("':' is expected") }
      members.append(LabJSON.Member(name: name, value: try value(depth: depth + 1)))
    } while take(",")
    guard take("}") else { throw fault("',' or '}' is expected") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(DRError) -> LabJSON {
    at += 1
    var items: [LabJSON] = []
    if take("]") { return .array(items) }
    repeat { items.append(try value(depth: depth + 1)) } while take(",")
    guard take("]") else { throw fault("',' or ']' is expected") }
    return .array(items)
  }

  private mutating func number() throws(DRError) -> LabJSON {
    let start = at
    while let byte = current, "+-.eE0123456789".utf8.contains(byte) { at += 1 }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if let value = Int64(text) { return .integer(value) }
    guard let value = Double(text) else {
      at = start
      throw fault("a value is expected")
    }
    // A number too large for a Double could not be written again.
    guard value.isFinite else { throw fault("a number is too large") }
    return .number(value)
  }

  private mutating func string() throws(DRError) -> String {
    at += 1
    var units: [UInt8] = []
    while let byte = current {
      at += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: units, as: UTF8.self) else { throw fault("not UTF-8") }
        return text
      case UInt8(ascii: "\\"):
        units += Array(String(Character(try escape())).utf8)
      case 0..<0x20: throw fault("a control character in a string")
      default: units.append(byte)
      }
    }
    throw fault("the string has no end")
  }

  private mutating func escape() throws(DRError) -> Unicode.Scalar {
    guard let byte = current else { throw fault("the string has no end") }
    at += 1
    switch Character(Unicode.Scalar(byte)) {
    case "\"": return "\""
    case "\\": return "\\"
    case "/": return "/"
    case "b": return "\u{8}"
    case "f": return "\u{c}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "u":
      let high = try hexadecimal()
      if let scalar = Unicode.Scalar(high) { return scalar }
      guard high < 0xdc00, bytes[at...].starts(with: "\\u".utf8) else { throw fault("half a surrogate pair") }
      at += 2
      let low = try hexadecimal()
      guard 0xdc00..<0xe000 ~= low,
        let scalar = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
      else { throw fault("half a surrogate pair") }
      return scalar
    default: throw fault("unknown escape")
    }
  }

  private mutating func hexadecimal() throws(DRError) -> UInt32 {
    let text = String(decoding: bytes[at..<min(at + 4, bytes.count)], as: UTF8.self)
    guard text.utf8.count == 4, let value = UInt32(text, radix: 16) else {
      throw fault("four hex digits are expected")
    }
    at += 4
    return value
  }
}
