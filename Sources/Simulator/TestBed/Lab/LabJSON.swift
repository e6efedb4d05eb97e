/// A JSON document as lab mode needs it: QMP messages, vdsm's JSON descriptions, the report. Members keep their order.
enum LabJSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([LabJSON])
  case object([Member])

  struct Member: Hashable, Sendable {
    var name: String
    var value: LabJSON
  }

  /// The member's value; nil for an absent member and for anything that is no object.
  subscript(name: String) -> LabJSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  var string: String? {
    if case .string(let text) = self { text } else { nil }
  }
  var integer: Int64? {
    if case .integer(let value) = self { value } else { nil }
  }
  var array: [LabJSON]? {
    if case .array(let items) = self { items } else { nil }
  }
}

extension LabJSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByNilLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(integerLiteral value: Int64) { self = .integer(value) }
  init(nilLiteral: ()) { self = .null }
  init(arrayLiteral elements: LabJSON...) { self = .array(elements) }
  init(dictionaryLiteral elements: (String, LabJSON)...) {
    self = .object(elements.map { Member(name: $0.0, value: $0.1) })
  }
}

// MARK: - Writing

extension LabJSON: CustomStringConvertible {
  /// On one line, as QMP wants it.
  var description: String {
    var out = ""
    write(to: &out, indent: nil)
    return out
  }

  /// With two spaces of indentation, for people.
  var pretty: String {
    var out = ""
    write(to: &out, indent: 0)
    return out + "\n"
  }

  private func write(to out: inout String, indent: Int?) {
    switch self {
    case .null: out += "null"
    case .bool(let value): out += value ? "true" : "false"
    case .integer(let value): out += String(value)
    case .number(let value): out += value.isFinite ? "\(value)" : "null"
    case .string(let text): Self.quote(text, to: &out)
    case .array(let items):
      Self.enclose("[", "]", items, to: &out, indent: indent) { item, out, indent in
        item.write(to: &out, indent: indent)
      }
    case .object(let members):
      Self.enclose("{", "}", members, to: &out, indent: indent) { member, out, indent in
        Self.quote(member.name, to: &out)
        out += indent == nil ? ":" : ": "
        member.value.write(to: &out, indent: indent)
      }
    }
  }

  private static func enclose<Item>(
    _ open: String, _ close: String, _ items: [Item], to out: inout String, indent: Int?,
    each: (Item, inout String, Int?) -> Void
  ) {
    out += open
    let deeper = indent.map { $0 + 2 }
    for (index, item) in items.enumerated() {
      if index > 0 { out += "," }
      if let deeper { out += "\n" + String(repeating: " ", count: deeper) }
      each(item, &out, deeper)
    }
    if let indent, !items.isEmpty { out += "\n" + String(repeating: " ", count: indent) }
    out += close
  }

  private static func quote(_ text: String, to out: inout String) {
    out += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    out += "\""
  }
}
