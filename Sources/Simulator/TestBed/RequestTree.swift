/// What a request's body says, from XML or JSON alike: attributes, JSON members and child elements are all found by name.
struct RequestTree: Sendable, Equatable {
  var name: String
  var attributes: [Member] = []
  var children: [RequestTree] = []
  var text: String?

  struct Member: Sendable, Equatable {
    var name: String
    var value: String
  }

  init(name: String, text: String? = nil) {
    self.name = name
    self.text = text
  }

  /// The first child of that name.
  subscript(_ name: String) -> RequestTree? { children.first { $0.name == name } }

  /// Every child of that name: the items of a list.
  func all(_ name: String) -> [RequestTree] { children.filter { $0.name == name } }

  /// An attribute, or else the text of a child (JSON knows no attributes); spaces around it are dropped.
  func value(_ name: String) -> String? {
    if let attribute = attributes.first(where: { $0.name == name }) { return attribute.value }
    guard let child = self[name], child.children.isEmpty else { return nil }
    return child.text?.trimmed
  }
}

/// A body that can't be read; the reason never quotes the body.
struct UnreadableBody: Error, Equatable {
  var reason: String
}

extension String {
  var trimmed: String {
    var view = Substring(self)
    while view.first?.isWhitespace == true { view.removeFirst() }
    while view.last?.isWhitespace == true { view.removeLast() }
    return String(view)
  }
}
