import DRKit

/// A place in a reply, with its path, so that every complaint about it names the field.
struct JSONField {
  let value: JSONValue?
  let path: String
  let call: CallName

  /// The reply's root.
  init(_ body: [UInt8], contentType: String?, _ call: CallName) throws(DRError) {
    do {
      value = try JSONParser.parse(body)
    } catch {
      let type = contentType.map { " (\($0.prefix(60)))" } ?? ""
      throw call.error(
        .malformed, "the reply\(type) is no JSON: it \(error.problem) at byte \(error.offset)",
        "Check that the URL names an oVirt 4 engine")
    }
    path = ""
    self.call = call
    guard case .object = value else {
      throw call.error(
        .malformed, "the reply is no JSON object", "Check that the URL names an oVirt 4 engine")
    }
  }

  private init(value: JSONValue?, path: String, call: CallName) {
    self.value = value == .null ? nil : value
    self.path = path
    self.call = call
  }

  /// The member; absent if there is none, or if this is no object.
  subscript(key: String) -> JSONField {
    let at = path.isEmpty ? key : "\(path).\(key)"
    guard case .object(let members) = value else { return JSONField(value: nil, path: at, call: call) }
    return JSONField(value: members[key], path: at, call: call)
  }

  var isPresent: Bool { value != nil }

  /// The elements under `key`; none if the key is absent, as the engine writes an empty collection `{}`.
  func list(_ key: String) throws(DRError) -> [JSONField] {
    let field = self[key]
    switch field.value {
    case nil: return []
    case .array(let elements):
      return elements.enumerated().map {
        JSONField(value: $0.element, path: "\(field.path)[\($0.offset)]", call: call)
      }
    default: throw field.malformed("is no list")
    }
  }

  func malformed(_ problem: String) -> DRError {
    call.error(
      .malformed, "the reply's field \(path) \(problem)",
      "Compare with the engine's own answer (curl …/ovirt-engine/api/…): its version may write it otherwise")
  }

  /// A text, or a number's or truth value's text, as the engine is free to write either; nil if absent.
  func optionalText() throws(DRError) -> String? {
    switch value {
    case nil: return nil
    case .string(let text), .number(let text): return text
    case .bool(let flag): return flag ? "true" : "false"
    default: throw malformed("is no text")
    }
  }

  func text() throws(DRError) -> String {
    guard let text = try optionalText() else { throw malformed("is missing") }
    return text
  }

  func optionalInteger() throws(DRError) -> Int64? {
    guard let text = try optionalText() else { return nil }
    guard let number = Int64(text) else { throw malformed("is no whole number: \"\(text.prefix(40))\"") }
    return number
  }

  /// - Parameter absent: what a missing field means; nil if it must be there.
  func flag(absent: Bool?) throws(DRError) -> Bool {
    switch try optionalText() {
    case "true": return true
    case "false": return false
    case .some(let text): throw malformed("is neither true nor false: \"\(text.prefix(40))\"")
    case nil:
      guard let absent else { throw malformed("is missing") }
      return absent
    }
  }

  func optionalID<Kind>(_ type: Identifier<Kind>.Type = Identifier<Kind>.self)
    throws(DRError) -> Identifier<Kind>?
  {
    guard let text = try optionalText(), !text.isEmpty else { return nil }
    guard let id = Identifier<Kind>(text) else { throw malformed("is no id: \"\(text.prefix(40))\"") }
    return id
  }

  func id<Kind>(_ type: Identifier<Kind>.Type = Identifier<Kind>.self) throws(DRError) -> Identifier<Kind> {
    guard let id = try optionalID(type) else { throw malformed("is missing") }
    return id
  }

  /// One of an enumeration's words; nil if absent.
  func optionalWord<Word: RawRepresentable>(
    _ type: Word.Type = Word.self
  ) throws(DRError) -> Word? where Word.RawValue == String {
    guard let text = try optionalText() else { return nil }
    guard let word = Word(rawValue: text) else {
      throw malformed("has an unknown word: \"\(text.prefix(40))\"")
    }
    return word
  }

  func word<Word: RawRepresentable>(
    _ type: Word.Type = Word.self
  ) throws(DRError) -> Word where Word.RawValue == String {
    guard let word = try optionalWord(type) else { throw malformed("is missing") }
    return word
  }
}
