/// A mapping whose keys have been checked against the known ones.
///
/// ```swift
/// let map = try node.mapping(keys: ["name", "size", "rate"])
/// let name = try map.required("name").string()
/// let size = try map.required("size").byteSize(in: 1...Int64.max)
/// let rate = try map.optional("rate")?.bandwidth() ?? 125_000_000
/// ```
public struct StrictMapping: Sendable {
  /// The mapping itself, for errors about the whole of it.
  public let node: StrictNode
  let keys: [String]
  let entries: [StrictNode.Entry]

  /// The value of `key`; an error at the mapping if it is not there.
  public func required(_ key: String) throws(StrictYAMLError) -> StrictNode {
    if let found = try optional(key) { return found }
    throw node.error("the key `\(key)` is missing", remedy: "Add `\(key): …`")
  }

  /// The value of `key`, or nil if the key is not there. A key that is there but empty is not nil: its reader throws.
  public func optional(_ key: String) throws(StrictYAMLError) -> StrictNode? {
    guard keys.contains(key) else {
      throw node.error(
        "drkit asks for the key `\(key)`, which it did not declare", remedy: "Report this as a bug")
    }
    return entries.first { $0.key == key }?.value
  }

  public func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

  /// The only one of `choices` that is there, with its value; for mappings that take one of several forms.
  public func exactlyOne(of choices: [String]) throws(StrictYAMLError) -> (key: String, value: StrictNode) {
    let present = entries.filter { choices.contains($0.key) }
    let words = choices.map { "`\($0)`" }.joined(separator: ", ")
    guard let first = present.first else {
      throw node.error("one of \(words) is missing", remedy: "Give exactly one of them")
    }
    if present.count > 1 {
      throw present[1].value.error(
        "`\(present[1].key)` can't stand beside `\(first.key)`", remedy: "Give exactly one of \(words)")
    }
    return (first.key, first.value)
  }
}
