import Yams

/// Reads a text as one YAML document, strictly: size, depth and number of values are limited; duplicate keys, anchors,
/// aliases, merge keys, tags, keys that are no texts and further documents are refused.
public enum StrictDocument {
  /// Deepest nesting of lists and mappings.
  public static let depthLimit = 64
  /// Most values, keys not counted.
  public static let nodeLimit = 200_000
  /// Most bytes of a value's path, such as `machines[0].disk`. Every value carries its own: without a limit, long keys around
  /// many values would fill the memory.
  public static let pathLimit = 1_000

  /// - Parameters:
  ///   - text: the document.
  ///   - file: its name in error texts.
  ///   - limit: most bytes of UTF-8; checked before anything is parsed.
  /// - Returns: the root value.
  public static func parse(
    _ text: String, file: String, limit: Int = 1 << 20
  ) throws(StrictYAMLError) -> StrictNode {
    guard text.utf8.count <= limit else {
      throw StrictYAMLError(
        file: file, line: 1, column: 1, field: "", problem: "is \(text.utf8.count) bytes long",
        remedy: "Use at most \(limit)")
    }
    try AnchorScan.refuseAnchors(in: text, file: file)
    // Yams hands libYAML a pointer that outlives its closure, which dangles for texts small enough to live inside the
    // String value (15 bytes); reserving more moves them to the heap.
    var heapText = text
    heapText.reserveCapacity(64)
    let parser: Parser
    let root: Node?
    do {
      parser = try Parser(yaml: heapText, resolver: .basic, encoding: .utf8)
      root = try parser.singleRoot()
    } catch {
      throw YamsErrors.translate(error, text: text, file: file)
    }
    guard let root else {
      throw StrictYAMLError(
        file: file, line: 1, column: 1, field: "", problem: "the document is empty",
        remedy: "Write at least one `key: value` line")
    }
    var builder = TreeBuilder(file: file)
    // The nodes' anchors are weak references into the parser.
    defer { withExtendedLifetime(parser) {} }
    return try builder.build(root, path: "", depth: 0)
  }
}

/// Copies Yams' tree into values of ours.
private struct TreeBuilder {
  let file: String
  var count = 0

  mutating func build(_ node: Node, path: String, depth: Int) throws(StrictYAMLError) -> StrictNode {
    let line = node.mark?.line ?? 1
    let column = node.mark?.column ?? 1
    func fail(_ problem: String, _ remedy: String) -> StrictYAMLError {
      StrictYAMLError(file: file, line: line, column: column, field: path, problem: problem, remedy: remedy)
    }
    count += 1
    if count > StrictDocument.nodeLimit {
      throw fail("has more than \(StrictDocument.nodeLimit) values", "Split the document")
    }
    if depth > StrictDocument.depthLimit {
      throw fail("is nested deeper than \(StrictDocument.depthLimit) levels", "Flatten the document")
    }
    if path.utf8.count > StrictDocument.pathLimit {
      throw StrictYAMLError(
        file: file, line: line, column: column, field: "", problem: "the keys above this value are too long",
        remedy: "Use at most \(StrictDocument.pathLimit) bytes for all keys on the way to a value")
    }
    if node.anchor != nil { throw fail("anchors (&) are not supported", "Write the value out in each place") }
    let content: StrictNode.Content
    switch node {
    case .alias: throw fail("aliases (*) are not supported", "Write the value out")
    case .scalar(let scalar):
      try checkTag(scalar.tag, or: .str, fail)
      content = .scalar(scalar.string, isPlain: scalar.style == .plain)
    case .sequence(let sequence):
      try checkTag(sequence.tag, or: .seq, fail)
      var nodes: [StrictNode] = []
      for (index, element) in sequence.enumerated() {
        nodes.append(try build(element, path: "\(path)[\(index)]", depth: depth + 1))
      }
      content = .sequence(nodes)
    case .mapping(let mapping):
      try checkTag(mapping.tag, or: .map, fail)
      content = .mapping(try entries(of: mapping, path: path, depth: depth))
    }
    return StrictNode(content: content, file: file, path: path, line: line, column: column)
  }

  private func checkTag(
    _ tag: Tag, or natural: Tag.Name, _ fail: (String, String) -> StrictYAMLError
  ) throws(StrictYAMLError) {
    // The name itself is internal to Yams.
    let name = tag.description
    if !name.isEmpty && name != natural.rawValue {
      throw fail("tags (!) are not supported", "Remove the tag; drkit knows each field's type")
    }
  }

  private mutating func entries(
    of mapping: Node.Mapping, path: String, depth: Int
  ) throws(StrictYAMLError) -> [StrictNode.Entry] {
    var out: [StrictNode.Entry] = []
    var lines: [String: Int] = [:]
    for (key, value) in mapping {
      let line = key.mark?.line ?? 1
      let column = key.mark?.column ?? 1
      func fail(_ problem: String, _ remedy: String) -> StrictYAMLError {
        StrictYAMLError(file: file, line: line, column: column, field: path, problem: problem, remedy: remedy)
      }
      guard case .scalar(let scalar) = key, !StrictNode.isNull(scalar.string) else {
        throw fail("a key is no text", "Write `key: value` with a plain word as key")
      }
      if key.anchor != nil {
        throw fail("anchors (&) are not supported", "Write the value out in each place")
      }
      try checkTag(scalar.tag, or: .str, fail)
      if scalar.string == "<<" && scalar.style == .plain {
        throw fail("merge keys (<<) are not supported", "Write the keys out")
      }
      if let first = lines[scalar.string] {
        throw fail(
          "the key `\(StrictNode.excerpt(scalar.string))` is given more than once (first in line \(first))",
          "Remove one of them")
      }
      lines[scalar.string] = line
      let child = path.isEmpty ? scalar.string : "\(path).\(scalar.string)"
      out.append(
        StrictNode.Entry(
          key: scalar.string, line: line, column: column,
          value: try build(value, path: child, depth: depth + 1)))
    }
    return out
  }
}
