/// One value of a parsed document, with the place it stands at.
///
/// A node has no type of its own: the reader that is called says what it must be, so that `no` and `1.10` stay texts
/// where a text is wanted. Readers throw `StrictYAMLError` and nothing else.
public struct StrictNode: Sendable {
  struct Entry: Sendable {
    var key: String
    var line: Int
    var column: Int
    var value: StrictNode
  }

  enum Content: Sendable {
    /// `isPlain`: written without quotes and not as a block.
    case scalar(String, isPlain: Bool)
    case sequence([StrictNode])
    case mapping([Entry])
  }

  let content: Content
  public let file: String
  /// The path from the root, such as `machines[0].disk`; empty for the root.
  public let path: String
  /// Counted from 1.
  public let line: Int
  /// Counted from 1.
  public let column: Int

  public var isMapping: Bool {
    if case .mapping = content { true } else { false }
  }
  public var isList: Bool {
    if case .sequence = content { true } else { false }
  }
  /// True for a text, number, … and also for a value left empty.
  public var isScalar: Bool {
    if case .scalar = content { true } else { false }
  }

  /// An error at this value, for rules that the caller checks.
  public func error(_ problem: String, remedy: String = "") -> StrictYAMLError {
    StrictYAMLError(file: file, line: line, column: column, field: path, problem: problem, remedy: remedy)
  }

  /// What the value is, for error texts: `the text "x"`, `a list`, `a mapping`, `empty`.
  var kindWords: String {
    switch content {
    case .scalar(let text, let isPlain):
      if isPlain && Self.isNull(text) { return "empty" }
      return isPlain ? "`\(Self.excerpt(text))`" : "the quoted text \"\(Self.excerpt(text))\""
    case .sequence: return "a list"
    case .mapping: return "a mapping"
    }
  }

  static func isNull(_ text: String) -> Bool {
    text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
  }

  /// At most 40 characters of a text, on one line.
  static func excerpt(_ text: String) -> String {
    let flat = String(text.map { $0.isNewline ? " " : $0 })
    return flat.count > 40 ? flat.prefix(40) + "…" : flat
  }

  /// The scalar's text; throws for lists, mappings and empty values.
  /// - Parameter wanted: what the caller needs, with its article: `a duration`.
  func scalarText(_ wanted: String, example: String) throws(StrictYAMLError) -> (text: String, isPlain: Bool)
  {
    guard case .scalar(let text, let isPlain) = content else {
      throw error("needs \(wanted), but is \(kindWords)", remedy: example)
    }
    if isPlain && Self.isNull(text) {
      throw error("needs \(wanted), but is empty", remedy: "\(example), or remove the key")
    }
    return (text, isPlain)
  }
}

extension StrictNode {
  /// The elements of a list, each read by `element`, in the document's order.
  /// - Parameter counts: how many elements there may be.
  public func list<Element>(
    count counts: ClosedRange<Int> = 0...Int.max,
    _ element: (StrictNode) throws(StrictYAMLError) -> Element
  ) throws(StrictYAMLError) -> [Element] {
    guard case .sequence(let nodes) = content else {
      throw error("needs a list, but is \(kindWords)", remedy: "Write one `- …` line for each element, or []")
    }
    guard counts.contains(nodes.count) else {
      let bounds =
        counts.upperBound == Int.max
        ? "at least \(counts.lowerBound)"
        : counts.lowerBound == counts.upperBound
          ? "exactly \(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
      throw error("has \(nodes.count) elements", remedy: "Give \(bounds)")
    }
    var out: [Element] = []
    out.reserveCapacity(nodes.count)
    for node in nodes { out.append(try element(node)) }
    return out
  }

  /// A list whose elements must differ; an error names the second of two equal ones.
  public func distinctList<Element: Hashable>(
    count counts: ClosedRange<Int> = 0...Int.max,
    _ element: (StrictNode) throws(StrictYAMLError) -> Element
  ) throws(StrictYAMLError) -> [Element] {
    var seen: [Element: Int] = [:]
    return try list(count: counts) { (node) throws(StrictYAMLError) in
      let value = try element(node)
      if let line = seen[value] {
        throw node.error(
          "\(node.kindWords) is given more than once (first in line \(line))", remedy: "Remove one")
      }
      seen[value] = node.line
      return value
    }
  }

  /// The value as a mapping with fixed keys.
  /// - Parameter keys: every key that this mapping may have. Any other is an error that suggests the nearest of them.
  public func mapping(keys: [String]) throws(StrictYAMLError) -> StrictMapping {
    let entries = try freeEntries()
    for entry in entries where !keys.contains(entry.key) {
      let remedy: String
      if let near = NearestWord.to(entry.key, among: keys) {
        remedy = "Did you mean `\(near)`?"
      } else if keys.isEmpty {
        remedy = "No keys are known here"
      } else {
        remedy = "Known keys: \(keys.sorted().joined(separator: ", "))"
      }
      throw StrictYAMLError(
        file: file, line: entry.line, column: entry.column, field: entry.value.path,
        problem: "unknown key `\(Self.excerpt(entry.key))`", remedy: remedy)
    }
    return StrictMapping(node: self, keys: keys, entries: entries)
  }

  /// The value as a mapping whose keys are names of the writer's choice, in the document's order.
  public func namedEntries() throws(StrictYAMLError) -> [(name: String, value: StrictNode)] {
    try freeEntries().map { ($0.key, $0.value) }
  }

  private func freeEntries() throws(StrictYAMLError) -> [Entry] {
    guard case .mapping(let entries) = content else {
      throw error("needs a mapping, but is \(kindWords)", remedy: "Write `key: value` lines")
    }
    return entries
  }
}
