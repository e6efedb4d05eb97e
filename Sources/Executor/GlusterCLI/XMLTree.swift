import DRKit
import Foundation
import FoundationXML

/// An element of a gluster answer: its name, text and child elements, in order. Attributes are dropped: gluster says
/// nothing in them that it does not say in elements.
///
/// On `XMLParser`: Foundation's document class crashes on truncated input and reads external entities (measured on Swift
/// 6.3.1, Linux).
struct XMLTree: Hashable, Sendable {
  var name: String
  /// The element's own text, trimmed; empty if it has none.
  var text: String
  var children: [XMLTree]
  /// The names from the root, with `/`, for error texts.
  var path: String

  /// Elements deeper than this, or more than `nodeLimit`, are refused (`volume info` of 1,000 bricks has about 5,000).
  static let depthLimit = 32
  static let nodeLimit = 200_000
  /// Bytes of an element's path: every element carries its own.
  static let pathLimit = 1_000

  /// What an administrator can do about an answer that makes no sense.
  static let remedy =
    "run the same gluster command by hand and compare: this version of gluster may answer otherwise"

  /// - Throws: `.malformed`, saying where.
  init(parsing bytes: [UInt8]) throws(DRError) {
    // FoundationXML traps on a name that is no UTF-8 (found by the fuzzer, swift-corelibs-foundation 6.3).
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw DRError(
        .malformed, "read XML", reason: "the \(bytes.count) bytes are no valid UTF-8", remedy: Self.remedy)
    }
    let builder = Builder()
    let parser = XMLParser(data: Data(bytes))
    parser.delegate = builder
    let isParsed = parser.parse()
    if let limit = builder.limit {
      throw DRError(.malformed, "read XML", builder.place, reason: limit, remedy: Self.remedy)
    }
    // `parse()` says true for truncated and for empty input: the error and the balance tell.
    if !isParsed || parser.parserError != nil || !builder.open.isEmpty {
      throw DRError(
        .malformed, "read XML", builder.place,
        reason: "not well-formed or truncated near line \(parser.lineNumber) (\(bytes.count) bytes)",
        remedy: Self.remedy)
    }
    guard let root = builder.root else {
      throw DRError(
        .malformed, "read XML", reason: "no root element in \(bytes.count) bytes", remedy: Self.remedy)
    }
    self = root
  }

  fileprivate init(name: String, path: String) {
    self.name = name
    self.path = path
    self.text = ""
    self.children = []
  }

  /// The first child of that name.
  func child(_ name: String) -> XMLTree? { children.first { $0.name == name } }

  /// The first child that has one of the names, in their order: one field, two vocabularies.
  func child(_ names: [String]) -> XMLTree? {
    for name in names { if let found = child(name) { return found } }
    return nil
  }

  func all(_ name: String) -> [XMLTree] { children.filter { $0.name == name } }

  /// Descends by names.
  /// - Throws: `.malformed`, naming the path of what is missing.
  func require(_ names: String...) throws(DRError) -> XMLTree {
    var node = self
    for name in names {
      guard let next = node.child(name) else {
        throw DRError(
          .malformed, "read XML", "\(node.path)/\(name)", reason: "the element is missing",
          remedy: Self.remedy)
      }
      node = next
    }
    return node
  }

  /// The text as a number.
  /// - Throws: `.malformed` for anything else, naming the path.
  func integer() throws(DRError) -> Int64 {
    guard let value = Int64(text) else {
      throw DRError(
        .malformed, "read XML", path, reason: "\"\(text.prefix(80))\" is no whole number", remedy: Self.remedy
      )
    }
    return value
  }

  /// The text; nil for what gluster writes when it does not know: nothing, `N/A`, `-`.
  var known: String? {
    text.isEmpty || text == "N/A" || text == "-" ? nil : text
  }
}

/// Collects the parser's events. Used by one thread, for the length of one `parse()`.
private final class Builder: NSObject, XMLParserDelegate {
  var open: [XMLTree] = []
  var root: XMLTree?
  var nodes = 0
  var limit: String?

  var place: String { open.last?.path ?? root?.path ?? "" }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    nodes += 1
    if open.count >= XMLTree.depthLimit { limit = "nested deeper than \(XMLTree.depthLimit) elements" }
    if nodes > XMLTree.nodeLimit { limit = "more than \(XMLTree.nodeLimit) elements" }
    if name.utf8.count + place.utf8.count > XMLTree.pathLimit {
      limit = "names longer than \(XMLTree.pathLimit) bytes"
    }
    if limit != nil { return parser.abortParsing() }
    open.append(XMLTree(name: name, path: open.last.map { "\($0.path)/\(name)" } ?? name))
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    guard !open.isEmpty else { return }
    open[open.count - 1].text += string
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    guard var node = open.popLast() else { return }
    node.text = node.text.trimmingCharacters(in: .whitespacesAndNewlines)
    if open.isEmpty { root = node } else { open[open.count - 1].children.append(node) }
  }
}
