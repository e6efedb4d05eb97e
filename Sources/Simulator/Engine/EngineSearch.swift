import DRKit

/// The engine's search language, the part that clients of drkit's kind use (E searchbackend `SyntaxChecker`): an optional
/// entity prefix (`Vms:`), conditions `key op value` joined by `and` and `or` (`and` binds tighter; nothing between two
/// conditions means `and`), bare words (match the name), then `sortby key [asc|desc]`, then `page N`. Values may be quoted and may
/// hold `*`.
public struct EngineSearch: Sendable, Hashable {
  public enum Operator: String, Sendable, Hashable {
    case equal = "="
    case unequal = "!="
    case less = "<"
    case greater = ">"
    case atMost = "<="
    case atLeast = ">="
  }

  public struct Condition: Sendable, Hashable {
    /// Lower case; empty for a bare word.
    public var key: String
    public var comparison: Operator
    public var value: String
  }

  /// Any of these, each of which is all of its conditions; empty: everything.
  public var alternatives: [[Condition]] = []
  public var sortKey: String?
  public var isDescending = false
  /// From 1.
  public var page = 1

  /// What a searchable thing says under a key: none or several values; nil if it knows no such key.
  public typealias Field<Item> = (Item, String) -> [String]?

  /// - Throws: 400 when the text can't be understood, or is longer than 4,096 bytes.
  public init(_ text: String) throws(EngineFault) {
    guard text.utf8.count <= 4_096 else { throw Self.illegal("longer than 4096 bytes") }
    var tokens = try Self.tokens(of: text)
    if tokens.count >= 2, tokens[0].isWord, tokens[1] == .colon { tokens.removeFirst(2) }
    var index = 0
    var current: [Condition] = []
    while index < tokens.count {
      let word = tokens[index].word?.lowercased()
      switch word {
      case "and":
        index += 1
      case "or":
        alternatives.append(current)
        current = []
        index += 1
      case "sortby":
        guard index + 1 < tokens.count, let key = tokens[index + 1].word else {
          throw Self.illegal("sortby names no field")
        }
        sortKey = key.lowercased()
        index += 2
        let order = index < tokens.count ? tokens[index].word?.lowercased() : nil
        if order == "asc" || order == "desc" {
          isDescending = order == "desc"
          index += 1
        }
      case "page":
        guard index + 1 < tokens.count, let number = tokens[index + 1].word.flatMap({ Int($0) }), number >= 1
        else { throw Self.illegal("page is no number from 1") }
        page = number
        index += 2
      default:
        current.append(try Self.condition(tokens, &index))
      }
    }
    if !current.isEmpty { alternatives.append(current) }
  }

  /// The items that match, sorted, and of them the page that `max` makes. A page beyond the first without `max` is empty,
  /// as in the engine.
  /// - Throws: 400 for a key that the items do not know.
  public func apply<Item>(
    to items: [Item], caseSensitive: Bool, max: Int?, field: Field<Item>
  ) throws(EngineFault) -> [Item] {
    var found: [Item] = []
    for item in items {
      if try matches(item, caseSensitive: caseSensitive, field: field) { found.append(item) }
    }
    if let sortKey {
      var keyed: [(Int, Item, String)] = []
      for (index, item) in found.enumerated() {
        guard let values = field(item, sortKey) else { throw Self.illegal("unknown field \(sortKey)") }
        keyed.append((index, item, values.first ?? ""))
      }
      keyed.sort { a, b in
        let order = Self.order(a.2, b.2)
        if order == 0 { return a.0 < b.0 }
        return isDescending ? order > 0 : order < 0
      }
      found = keyed.map(\.1)
    }
    guard let max, max >= 0 else { return page == 1 ? found : [] }
    guard max > 0, page - 1 <= found.count / max else { return [] }
    return Array(found.dropFirst((page - 1) * max).prefix(max))
  }

  private func matches<Item>(
    _ item: Item, caseSensitive: Bool, field: Field<Item>
  ) throws(EngineFault) -> Bool {
    if alternatives.isEmpty { return true }
    for alternative in alternatives {
      var all = true
      for condition in alternative {
        guard let values = field(item, condition.key.isEmpty ? "name" : condition.key) else {
          throw Self.illegal("unknown field \(condition.key)")
        }
        if !condition.holds(for: values, caseSensitive: caseSensitive) { all = false }
      }
      if all { return true }
    }
    return false
  }

  static func illegal(_ why: String) -> EngineFault {
    .bad("The search expression is illegal: \(OneLine.of(why, limit: 400)).")
  }

  /// Numbers by value, everything else by text.
  static func order(_ a: String, _ b: String) -> Int {
    if let left = Int64(a), let right = Int64(b) { return left < right ? -1 : left > right ? 1 : 0 }
    return a < b ? -1 : a > b ? 1 : 0
  }
}

// MARK: Tokens

extension EngineSearch {
  private enum Token: Equatable {
    case word(String)
    case quoted(String)
    case symbol(Operator)
    case colon

    var isWord: Bool { word != nil }
    var word: String? { if case .word(let text) = self { text } else { nil } }
    var value: String? {
      switch self {
      case .word(let text), .quoted(let text): text
      case .symbol, .colon: nil
      }
    }
  }

  private static func tokens(of text: String) throws(EngineFault) -> [Token] {
    var out: [Token] = []
    var rest = Substring(text)
    while let first = rest.first {
      if first.isWhitespace {
        rest.removeFirst()
      } else if first == "\"" {
        rest.removeFirst()
        guard let end = rest.firstIndex(of: "\"") else { throw illegal("a quote is not closed") }
        out.append(.quoted(String(rest[..<end])))
        rest = rest[rest.index(after: end)...]
      } else if let symbol = symbol(rest) {
        out.append(.symbol(symbol))
        rest = rest.dropFirst(symbol.rawValue.count)
      } else if first == ":" {
        out.append(.colon)
        rest.removeFirst()
      } else {
        let end = rest.firstIndex { $0.isWhitespace || "\"=<>!:".contains($0) } ?? rest.endIndex
        guard end > rest.startIndex else { throw illegal("unexpected \"\(first)\"") }
        out.append(.word(String(rest[..<end])))
        rest = rest[end...]
      }
    }
    return out
  }

  private static func symbol(_ text: Substring) -> Operator? {
    Operator(rawValue: String(text.prefix(2))) ?? Operator(rawValue: String(text.prefix(1)))
  }

  private static func condition(_ tokens: [Token], _ index: inout Int) throws(EngineFault) -> Condition {
    guard let first = tokens[index].value else { throw illegal("an operator without a field") }
    if index + 1 < tokens.count, case .symbol(let comparison) = tokens[index + 1] {
      guard index + 2 < tokens.count, let value = tokens[index + 2].value else {
        throw illegal("\(first) is compared with nothing")
      }
      index += 3
      return Condition(key: first.lowercased(), comparison: comparison, value: value)
    }
    index += 1
    return Condition(key: "", comparison: .equal, value: first)
  }
}

extension EngineSearch.Condition {
  /// Whether any of the values satisfies it; `!=` wants that none is equal.
  func holds(for values: [String], caseSensitive: Bool) -> Bool {
    let wanted = caseSensitive ? value : value.lowercased()
    let given = caseSensitive ? values : values.map { $0.lowercased() }
    switch comparison {
    case .equal: return given.contains { Self.fits($0, wanted) }
    case .unequal: return !given.contains { Self.fits($0, wanted) }
    case .less: return given.contains { EngineSearch.order($0, wanted) < 0 }
    case .greater: return given.contains { EngineSearch.order($0, wanted) > 0 }
    case .atMost: return given.contains { EngineSearch.order($0, wanted) <= 0 }
    case .atLeast: return given.contains { EngineSearch.order($0, wanted) >= 0 }
    }
  }

  /// `*` stands for any run of characters. Linear in text times stars: greedy with one step back.
  static func fits(_ text: String, _ pattern: String) -> Bool {
    guard pattern.utf8.contains(UInt8(ascii: "*")) else { return text == pattern }
    let text = Array(text)
    let pattern = Array(pattern)
    var t = 0
    var p = 0
    var star = -1
    var mark = 0
    while t < text.count {
      if p < pattern.count, pattern[p] == "*" {
        star = p
        mark = t
        p += 1
      } else if p < pattern.count, pattern[p] == text[t] {
        t += 1
        p += 1
      } else if star >= 0 {
        mark += 1
        t = mark
        p = star + 1
      } else {
        return false
      }
    }
    while p < pattern.count, pattern[p] == "*" { p += 1 }
    return p == pattern.count
  }
}
