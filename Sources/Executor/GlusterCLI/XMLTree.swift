import DRKit

/// An element of a gluster answer: its name, text and child elements, in order. Attributes are dropped: gluster says
/// nothing in them that it does not say in elements.
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
    do {
      self = try AnswerReader.read(bytes)
    } catch {
      throw DRError(.malformed, "read XML", error.path, reason: error.reason, remedy: Self.remedy)
    }
  }

  init(name: String, path: String) {
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
