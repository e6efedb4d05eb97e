import DRKit
import Simulator

/// The XML face of a document, as the engine's JAXB writes it: no namespace, `href` and `id` as attributes.
struct XMLWriter {
  private var out = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"

  static func render(_ document: Document) -> [UInt8] {
    var writer = XMLWriter()
    writer.write(document.root, document.node, indent: "")
    return Array(writer.out.utf8)
  }

  private mutating func write(_ name: String, _ node: Node, indent: String) {
    switch node {
    case .text(let text):
      out += "\(indent)<\(name)>\(text.xmlEscaped)</\(name)>\n"
    case .date(let instant):
      out += "\(indent)<\(name)>\(CivilDate(instant).iso8601)</\(name)>\n"
    case .list(let item, let entities):
      if entities.isEmpty {
        out += "\(indent)<\(name)/>\n"
      } else {
        out += "\(indent)<\(name)>\n"
        for entity in entities { write(item, .entity(entity), indent: indent + "    ") }
        out += "\(indent)</\(name)>\n"
      }
    case .entity(let entity):
      write(name, entity, indent: indent)
    }
  }

  private mutating func write(_ name: String, _ entity: Entity, indent: String) {
    out += "\(indent)<\(name)"
    if let href = entity.href { out += " href=\"\(href.xmlEscaped)\"" }
    if let id = entity.id { out += " id=\"\(id.xmlEscaped)\"" }
    if entity.fields.isEmpty && entity.links.isEmpty && entity.actions.isEmpty {
      out += "/>\n"
      return
    }
    out += ">\n"
    let inner = indent + "    "
    if !entity.actions.isEmpty {
      out += "\(inner)<actions>\n"
      for link in entity.actions { write(link, indent: inner + "    ") }
      out += "\(inner)</actions>\n"
    }
    for field in entity.fields { write(field.name, field.node, indent: inner) }
    for link in entity.links { write(link, indent: inner) }
    out += "\(indent)</\(name)>\n"
  }

  private mutating func write(_ link: Link, indent: String) {
    out += "\(indent)<link href=\"\(link.href.xmlEscaped)\" rel=\"\(link.rel.xmlEscaped)\"/>\n"
  }
}
