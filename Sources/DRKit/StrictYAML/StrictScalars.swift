import DRKit

/// Plain scalar types.
extension StrictNode {
  /// A text, quoted or not; never empty.
  /// - Parameter length: the most characters allowed.
  public func string(length: Int = 10_000) throws(StrictYAMLError) -> String {
    let (text, _) = try scalarText("a text", example: "Write a text")
    if text.isEmpty { throw error("needs a text, but is empty", remedy: "Write a text, or remove the key") }
    if text.count > length {
      throw error("is \(text.count) characters long", remedy: "Use at most \(length)")
    }
    return text
  }

  /// A whole decimal number without quotes; `_` may part groups of digits (`10_000`).
  public func int(in range: ClosedRange<Int> = Int.min...Int.max) throws(StrictYAMLError) -> Int {
    let example = "Write a whole number such as \(range.contains(3) ? 3 : range.lowerBound)"
    let text = try numberText("a whole number", example: example)
    guard let digits = Self.ungrouped(text), !Self.hasLeadingZero(digits) else {
      throw error("needs a whole number, but is `\(Self.excerpt(text))`", remedy: example)
    }
    guard let value = Int(digits), range.contains(value) else {
      throw error(
        "\(Self.excerpt(text)) is out of range", remedy: "Use \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A decimal number without quotes, with or without a fraction: `0.25`, `3`.
  public func double(in range: ClosedRange<Double>) throws(StrictYAMLError) -> Double {
    let example =
      "Write a number from \(range.lowerBound) to \(range.upperBound), such as \(range.lowerBound)"
    let text = try numberText("a number", example: example)
    let body = text.hasPrefix("-") ? text.dropFirst() : Substring(text)
    let parts = body.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let isDecimal = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    guard isDecimal, text.utf8.count <= 40, let value = Double(text) else {
      throw error("needs a number, but is `\(Self.excerpt(text))`", remedy: example)
    }
    guard range.contains(value) else {
      throw error("\(text) is out of range", remedy: "Use \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A number from 0 (never) to 1 (always).
  public func probability() throws(StrictYAMLError) -> Double {
    if case .scalar(let text, _) = content, text.hasSuffix("%") {
      throw error("needs a probability, but is `\(Self.excerpt(text))`", remedy: "Write 0.05 for 5%")
    }
    return try double(in: 0...1)
  }

  /// `true` or `false`; the other spellings of YAML 1.1 are refused, as their readers disagree.
  public func bool() throws(StrictYAMLError) -> Bool {
    let (text, isPlain) = try scalarText("true or false", example: "Write true or false")
    switch (text, isPlain) {
    case ("true", true): return true
    case ("false", true): return false
    default:
      throw error("needs true or false, but is \(kindWords)", remedy: "Write true or false, without quotes")
    }
  }

  /// One of an enumeration's words.
  public func choice<Choice: RawRepresentable & CaseIterable>(
    of type: Choice.Type = Choice.self
  ) throws(StrictYAMLError) -> Choice where Choice.RawValue == String {
    let words = Choice.allCases.map(\.rawValue)
    let word = try choice(among: words)
    guard let value = Choice(rawValue: word) else { throw error("unknown word `\(word)`") }
    return value
  }

  /// One of `words`.
  public func choice(among words: [String]) throws(StrictYAMLError) -> String {
    let example = "Write one of: \(words.joined(separator: ", "))"
    let (text, _) = try scalarText("a word", example: example)
    if words.contains(text) { return text }
    let near = NearestWord.to(text, among: words)
    throw error(
      "unknown word `\(Self.excerpt(text))`", remedy: near.map { "Did you mean `\($0)`?" } ?? example)
  }

  /// An id as oVirt writes it: 8-4-4-4-12 hexadecimal digits.
  public func identifier<Kind>(_ type: Identifier<Kind>.Type = Identifier<Kind>.self)
    throws(StrictYAMLError) -> Identifier<Kind>
  {
    let example = "Write 8-4-4-4-12 hexadecimal digits"
    let (text, _) = try scalarText("an id", example: example)
    guard let id = Identifier<Kind>(text) else {
      throw error("needs an id, but is `\(Self.excerpt(text))`", remedy: example)
    }
    return id
  }

  private func numberText(_ wanted: String, example: String) throws(StrictYAMLError) -> String {
    let (text, isPlain) = try scalarText(wanted, example: example)
    guard isPlain else {
      throw error("needs \(wanted), but is \(kindWords)", remedy: "Write it without quotes")
    }
    return text
  }

  /// The digits of `10_000`, with their sign; nil if it is no such number.
  static func ungrouped(_ text: String) -> String? {
    let body = text.hasPrefix("-") ? text.dropFirst() : Substring(text)
    let groups = body.split(separator: "_", omittingEmptySubsequences: false)
    guard groups.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
      return nil
    }
    return (text.hasPrefix("-") ? "-" : "") + groups.joined()
  }

  /// `007` is 7 to one reader and octal to another.
  private static func hasLeadingZero(_ digits: String) -> Bool {
    let body = digits.drop { $0 == "-" }
    return body.count > 1 && body.first == "0"
  }
}
