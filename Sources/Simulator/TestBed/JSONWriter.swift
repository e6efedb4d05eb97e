import DRKit

/// The JSON face of a document with the engine's quirks: numbers and booleans are strings, dates are epoch milliseconds,
/// lists are wrapped by the singular, an empty list is `{}`, links stand in `"link": [...]`, output is indented (R
/// `json/CustomObjectMapperFactory.java`, E `api.xjb`).
struct JSONWriter {
  private var out = ""

  static func render(_ document: Document) -> [UInt8] {
    var writer = JSONWriter()
    writer.write(document.node, indent: "")
    return Array(writer.out.utf8)
  }

  private mutating func write(_ node: Node, indent: String) {
    switch node {
    case .text(let text): out += Self.quoted(text)
    case .date(let instant): out += String(CivilDate(instant).epochMilliseconds)
    case .entity(let entity): write(entity, indent: indent)
    case .list(let item, let entities):
      if entities.isEmpty {
        out += "{}"
      } else {
        members(indent) { writer, inner in
          writer.key(item, indent: inner)
          writer.array(entities.map { .entity($0) }, indent: inner)
        }
      }
    }
  }

  private mutating func write(_ entity: Entity, indent: String) {
    var parts: [(String, Node)] = entity.fields.map { ($0.name, $0.node) }
    if let href = entity.href { parts.append(("href", .text(href))) }
    if let id = entity.id { parts.append(("id", .text(id))) }
    if parts.isEmpty && entity.links.isEmpty && entity.actions.isEmpty {
      out += "{}"
      return
    }
    members(indent) { writer, inner in
      var first = true
      func comma(_ writer: inout JSONWriter) {
        if !first { writer.out += ",\n" }
        first = false
      }
      if !entity.actions.isEmpty {
        comma(&writer)
        writer.key("actions", indent: inner)
        var actions = Entity()
        actions.links = entity.actions
        writer.write(actions, indent: inner)
      }
      for (name, node) in parts {
        comma(&writer)
        writer.key(name, indent: inner)
        writer.write(node, indent: inner)
      }
      if !entity.links.isEmpty {
        comma(&writer)
        writer.key("link", indent: inner)
        writer.array(entity.links.map { .entity($0.asEntity) }, indent: inner)
      }
    }
  }

  private mutating func members(_ indent: String, _ body: (inout JSONWriter, String) -> Void) {
    out += "{\n"
    body(&self, indent + "  ")
    out += "\n\(indent)}"
  }

  private mutating func array(_ nodes: [Node], indent: String) {
    out += "[ "
    for (index, node) in nodes.enumerated() {
      if index > 0 { out += ", " }
      write(node, indent: indent)
    }
    out += " ]"
  }

  private mutating func key(_ name: String, indent: String) { out += "\(indent)\(Self.quoted(name)) : " }

  static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        if scalar.value < 0x20 {
          let digits = String(scalar.value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }
}

extension Link {
  fileprivate var asEntity: Entity {
    var entity = Entity(href: href)
    entity.set("rel", rel)
    return entity
  }
}
