/// A piece of Swift source that the rules can look at: comments are gone, a string literal is one token.
struct Token: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    /// An identifier, keyword or number.
    case word
    /// One character that is none of the others.
    case sign
    /// A string literal's text between the quotes, interpolations left out (their tokens follow it).
    case literal
  }

  var kind: Kind
  var text: String
  var line: Int
  /// Nothing stands between it and the token before.
  var isGlued = false
  /// Of a literal: its length in the source, quotes and interpolations with it.
  var width = 0
}

/// Cuts Swift source into tokens; precise enough that a rule neither fires in a comment or a string nor is hidden by one.
struct SwiftTokens {
  private let bytes: [UInt8]
  private var at = 0
  private var line = 1
  private var tokens: [Token] = []
  /// Where the last token ended.
  private var end = -1

  private init(_ source: String) { bytes = Array(source.utf8) }

  static func of(_ source: String) -> [Token] {
    var lexer = SwiftTokens(source)
    lexer.code(inside: false)
    return lexer.tokens
  }

  private func peek(_ offset: Int = 0) -> UInt8 { at + offset < bytes.count ? bytes[at + offset] : 0 }

  private mutating func next() -> UInt8 {
    let byte = bytes[at]
    at += 1
    if byte == UInt8(ascii: "\n") { line += 1 }
    return byte
  }

  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x80...: true
    default: false
    }
  }

  /// To the end of the source, or, inside an interpolation, to its closing parenthesis.
  private mutating func code(inside: Bool) {
    var depth = 0
    while at < bytes.count {
      let byte = peek()
      switch byte {
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"):
        while at < bytes.count, peek() != UInt8(ascii: "\n") { _ = next() }
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"):
        comment()
      case UInt8(ascii: "\""):
        literal(hashes: 0)
      case UInt8(ascii: "#"):
        var hashes = 1
        while peek(hashes) == UInt8(ascii: "#") { hashes += 1 }
        if peek(hashes) == UInt8(ascii: "\"") { literal(hashes: hashes) } else { sign() }
      case _ where isWord(byte):
        word()
      case UInt8(ascii: "("):
        depth += 1
        sign()
      case UInt8(ascii: ")"):
        if inside && depth == 0 {
          _ = next()
          return
        }
        depth -= 1
        sign()
      case 0x20, 0x09, 0x0a, 0x0d:
        _ = next()
      default:
        sign()
      }
    }
  }

  private mutating func sign() {
    let (start, isGlued) = (line, at == end)
    tokens.append(Token(kind: .sign, text: String(UnicodeScalar(next())), line: start, isGlued: isGlued))
    end = at
  }

  private mutating func word() {
    let from = at
    while at < bytes.count, isWord(peek()) { at += 1 }
    let text = String(decoding: bytes[from..<at], as: UTF8.self)
    tokens.append(Token(kind: .word, text: text, line: line, isGlued: from == end))
    end = at
  }

  private mutating func comment() {
    var depth = 0
    repeat {
      if peek() == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
        depth += 1
        at += 2
      } else if peek() == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
        depth -= 1
        at += 2
      } else {
        _ = next()
      }
    } while depth > 0 && at < bytes.count
  }

  private func isQuotes(_ count: Int, hashes: Int) -> Bool {
    for offset in 0..<count where peek(offset) != UInt8(ascii: "\"") { return false }
    for offset in 0..<hashes where peek(count + offset) != UInt8(ascii: "#") { return false }
    return true
  }

  private mutating func literal(hashes: Int) {
    let (index, start) = (tokens.count, at)
    tokens.append(Token(kind: .literal, text: "", line: line))
    at += hashes
    let quotes = isQuotes(3, hashes: 0) ? 3 : 1
    at += quotes
    var text: [UInt8] = []
    while at < bytes.count {
      if isQuotes(quotes, hashes: hashes) {
        at += quotes + hashes
        break
      }
      // A literal of one line that was never closed ends with its line.
      if quotes == 1, peek() == UInt8(ascii: "\n") { break }
      guard peek() == UInt8(ascii: "\\"), (0..<hashes).allSatisfy({ peek(1 + $0) == UInt8(ascii: "#") })
      else {
        text.append(next())
        continue
      }
      at += 1 + hashes
      guard at < bytes.count else { break }
      if peek() == UInt8(ascii: "(") {
        at += 1
        code(inside: true)
      } else {
        text.append(next())
      }
    }
    tokens[index].text = String(decoding: text, as: UTF8.self)
    tokens[index].width = String(decoding: bytes[start..<min(at, bytes.count)], as: UTF8.self).count
  }
}
