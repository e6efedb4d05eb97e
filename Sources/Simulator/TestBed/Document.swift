import DRKit

/// What a response says, before it is XML or JSON.
struct Document: Sendable {
  /// The XML root element: `vm`, `vms`, `action`, `fault`, …; JSON has no name for it.
  var root: String
  var node: Node
}

indirect enum Node: Sendable {
  /// Strings, enums, numbers and booleans: all of them are strings in the engine's JSON.
  case text(String)
  /// ISO 8601 in XML, epoch milliseconds as a JSON number.
  case date(Instant)
  case entity(Entity)
  /// In JSON wrapped by the singular: `{"vm": [...]}`; an empty one is `{}`.
  case list(of: String, [Entity])
}

struct Link: Sendable {
  var rel: String
  var href: String
}

struct Entity: Sendable {
  var id: String?
  var href: String?
  var fields: [(name: String, node: Node)] = []
  var links: [Link] = []
  var actions: [Link] = []

  init(id: String? = nil, href: String? = nil) {
    self.id = id
    self.href = href
  }

  /// Adds a field; nil is left out, as the engine leaves out nulls.
  mutating func set(_ name: String, _ value: String?) {
    if let value { fields.append((name, .text(value))) }
  }
  mutating func set(_ name: String, _ value: Bool) { fields.append((name, .text(value ? "true" : "false"))) }
  mutating func set(_ name: String, _ value: Int64) { fields.append((name, .text(String(value)))) }
  mutating func set(_ name: String, _ value: Int) { fields.append((name, .text(String(value)))) }
  mutating func set(_ name: String, _ value: Instant?) {
    if let value { fields.append((name, .date(value))) }
  }
  mutating func set(_ name: String, _ value: Entity?) {
    if let value { fields.append((name, .entity(value))) }
  }
  mutating func set(_ name: String, list item: String, _ values: [Entity]) {
    fields.append((name, .list(of: item, values)))
  }
}
