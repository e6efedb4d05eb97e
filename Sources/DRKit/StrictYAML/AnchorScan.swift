/// Refuses anchors before the parser sees them: it hashes mapping keys whole, and a few lines of nested aliases used as
/// a key would keep it busy for ever.
enum AnchorScan {
  /// Looks for `&name` where a value may begin, outside of comments and of quoted texts that end on their line. What it
  /// takes for quoted by mistake, the tree builder refuses later.
  static func refuseAnchors(in text: String, file: String) throws(StrictYAMLError) {
    var line = 1
    var column = 0
    var quote: UInt8?
    var previous = UInt8(ascii: "\n")
    var isComment = false
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() {
      defer { previous = byte }
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 0
        quote = nil
        isComment = false
        continue
      }
      // Continuation bytes of UTF-8 belong to the scalar before them.
      if byte & 0xC0 != 0x80 { column += 1 }
      if isComment { continue }
      if let open = quote {
        if byte == open && !(open == UInt8(ascii: "\"") && previous == UInt8(ascii: "\\")) { quote = nil }
        continue
      }
      guard mayStartToken(after: previous) else { continue }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
      case UInt8(ascii: "#"): isComment = true
      case UInt8(ascii: "&") where index + 1 < bytes.count && isNameByte(bytes[index + 1]):
        throw StrictYAMLError(
          file: file, line: line, column: column, field: "", problem: "anchors (&) are not supported",
          remedy: "Write the value out in each place; put a text that holds `&` in quotes")
      default: break
      }
    }
  }

  private static func mayStartToken(after byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "["),
      UInt8(ascii: "{"), UInt8(ascii: ","), UInt8(ascii: ":"):
      true
    default: false
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
