/// A place in a file's tokens.
struct Place: Sendable {
  let tokens: [Token]
  let index: Int

  var token: Token { tokens[index] }
  var before: Token? { index > 0 ? tokens[index - 1] : nil }
  /// The text of the token `offset` further; empty past the end, and for a literal.
  func text(_ offset: Int) -> String {
    let at = index + offset
    return at < tokens.count && tokens[at].kind != .literal ? tokens[at].text : ""
  }

  func begins(with sequence: [String]) -> Bool {
    sequence.indices.allSatisfy { text($0) == sequence[$0] }
  }

  /// The tokens between the parenthesis at `offset` and the one that closes it.
  func parentheses(at offset: Int) -> ArraySlice<Token> {
    var depth = 0
    for at in (index + offset)..<tokens.count where tokens[at].kind == .sign {
      if tokens[at].text == "(" { depth += 1 }
      if tokens[at].text == ")" { depth -= 1 }
      if depth == 0 { return tokens[(index + offset + 1)..<at] }
    }
    return tokens[(index + offset)...]
  }
}

/// Something that must not be written in some folders.
struct BannedAPI: Sendable {
  /// As CONTRIBUTING.md names it.
  var name: String
  /// Where it must not stand.
  var folders: [String]
  /// Where it may, inside those.
  var except: [String]
  var isAt: @Sendable (Place) -> Bool

  init(
    _ name: String, in folders: [String], except: [String] = [], isAt: @escaping @Sendable (Place) -> Bool
  ) {
    self.name = name
    self.folders = folders
    self.except = except
    self.isAt = isAt
  }

  /// Tokens that follow each other.
  init(_ name: String, in folders: [String], except: [String] = [], _ sequence: String...) {
    self.init(name, in: folders, except: except) { $0.begins(with: sequence) }
  }

  func violations(in file: SourceFile) -> [Violation] {
    guard folders.contains(where: file.isUnder), !except.contains(where: file.isUnder) else { return [] }
    return file.tokens.indices.compactMap { index in
      guard isAt(Place(tokens: file.tokens, index: index)) else { return nil }
      return Violation(path: file.path, line: file.tokens[index].line, text: name)
    }
  }
}
