import DRKit

/// Numbers with units. A unit is never implied: a bare number is an error.
extension StrictNode {
  private static let durationUnits: [(String, Int64)] = [
    ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
    ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
  ]
  private static let byteUnits: [(String, Int64)] = [
    ("PiB", 1 << 50), ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
  ]
  /// Network rates are decimal by custom (IEEE 802.3), sizes binary.
  private static let bitRateUnits: [(String, Int64)] = [
    ("Gbit", 1_000_000_000), ("Mbit", 1_000_000), ("kbit", 1_000), ("bit", 1),
  ]

  /// A length of time: `90s`, `3m`, `1h30m`, `250ms`, `2d`; units d h m s ms us ns, each at most once, largest first.
  public func duration(
    in range: ClosedRange<TimeSpan> = .zero...TimeSpan(nanoseconds: Int64.max)
  ) throws(StrictYAMLError) -> TimeSpan {
    let (text, _) = try scalarText("a duration", example: "Write a duration such as 90s")
    return try duration(of: text, in: range)
  }

  /// A range of lengths of time, `3s..12s`; a single one, `5s`, stands for `5s..5s`.
  public func durationRange(
    in range: ClosedRange<TimeSpan> = .zero...TimeSpan(nanoseconds: Int64.max)
  ) throws(StrictYAMLError) -> ClosedRange<TimeSpan> {
    let (text, _) = try scalarText("a range of durations", example: "Write a range such as 3s..12s")
    guard let dots = text.utf8.indices.first(where: { text[$0...].hasPrefix("..") }) else {
      let single = try duration(of: text, in: range)
      return single...single
    }
    let low = try duration(of: String(text[..<dots]), in: range)
    let high = try duration(of: String(text[dots...].dropFirst(2)), in: range)
    guard low <= high else {
      throw error("the range `\(text)` is upside down", remedy: "Write the shorter duration first")
    }
    return low...high
  }

  /// A number of bytes: `64MiB`, `10TiB`, `512B`; binary units only.
  public func byteSize(in range: ClosedRange<Int64> = 0...Int64.max) throws(StrictYAMLError) -> Int64 {
    let (text, _) = try scalarText("a size", example: "Write a size such as 64MiB")
    let units = "B, KiB, MiB, GiB, TiB, PiB"
    let (number, unit) = try split(text, wanted: "a size", units: units)
    guard let factor = Self.byteUnits.first(where: { $0.0 == unit })?.1 else {
      let letter = unit.first.map { String($0).uppercased() } ?? ""
      let binary = Self.byteUnits.first { $0.0.hasPrefix(letter) && $0.1 > 1 }?.0
      throw error(
        "`\(Self.excerpt(unit))` is no unit of size",
        remedy: binary.map { "Sizes are binary: write \(number)\($0)" } ?? "Use one of \(units)")
    }
    return try product(number, factor, of: text, in: range, unit: "B")
  }

  /// A rate as whole bytes per second: `1Gbit/s`, `120Mbit/s` (decimal bits) or `2MiB/s` (binary bytes).
  public func bandwidth(in range: ClosedRange<Int64> = 1...Int64.max) throws(StrictYAMLError) -> Int64 {
    let (text, _) = try scalarText("a bandwidth", example: "Write a bandwidth such as 120Mbit/s")
    let units = "bit/s, kbit/s, Mbit/s, Gbit/s, B/s, KiB/s, MiB/s, GiB/s"
    let (number, unit) = try split(text, wanted: "a bandwidth", units: units)
    let base = unit.hasSuffix("/s") ? String(unit.dropLast(2)) : ""
    if let factor = Self.byteUnits.first(where: { $0.0 == base })?.1 {
      return try product(number, factor, of: text, in: range, unit: "B/s")
    }
    guard let factor = Self.bitRateUnits.first(where: { $0.0 == base })?.1 else {
      throw error("`\(Self.excerpt(unit))` is no unit of bandwidth", remedy: "Use one of \(units)")
    }
    let bits = try product(number, factor, of: text, in: 0...Int64.max, unit: "bit/s")
    return try product(bits / 8, 1, of: text, in: range, unit: "B/s")
  }

  private func duration(of text: String, in range: ClosedRange<TimeSpan>) throws(StrictYAMLError) -> TimeSpan
  {
    let units = "d, h, m, s, ms, us, ns"
    var rest = Substring(text)
    var total: Int64 = 0
    var lastFactor = Int64.max
    repeat {
      let digits = rest.prefix { Self.isDigit($0) }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { !Self.isDigit($0) }
      rest = rest.dropFirst(unit.count)
      if digits.isEmpty {
        throw error(
          "needs a duration, but is `\(Self.excerpt(text))`", remedy: "Write a duration such as 90s")
      }
      if unit.isEmpty {
        throw error(
          "the duration `\(Self.excerpt(text))` has no unit", remedy: "Write \(digits)s for seconds")
      }
      guard let factor = Self.durationUnits.first(where: { $0.0 == unit })?.1 else {
        let fraction = unit.hasPrefix(".") || unit.hasPrefix(",")
        throw error(
          "`\(Self.excerpt(String(unit)))` is no unit of time",
          remedy: fraction ? "Use a smaller unit in place of a fraction: 1500ms" : "Use one of \(units)")
      }
      guard factor < lastFactor else {
        throw error(
          "the units of `\(Self.excerpt(text))` are not in order", remedy: "Write the largest first: 1h30m")
      }
      lastFactor = factor
      let part = (Int64(digits) ?? Int64.max).multipliedReportingOverflow(by: factor)
      let sum = total.addingReportingOverflow(part.partialValue)
      if part.overflow || sum.overflow || Int64(digits) == nil {
        throw error("the duration `\(Self.excerpt(text))` is too long", remedy: "Use less than 290 years")
      }
      total = sum.partialValue
    } while !rest.isEmpty
    let span = TimeSpan(nanoseconds: total)
    guard range.contains(span) else {
      let low = Self.write(range.lowerBound)
      let bounds =
        range.upperBound.nanoseconds == Int64.max
        ? "at least \(low)" : "\(low) to \(Self.write(range.upperBound))"
      throw error("the duration `\(Self.excerpt(text))` is out of range", remedy: "Use \(bounds)")
    }
    return span
  }

  /// A duration the way this module reads it: `1h30m`.
  static func write(_ span: TimeSpan) -> String {
    var rest = span.nanoseconds
    var out = ""
    for (unit, factor) in durationUnits where rest >= factor {
      out += "\(rest / factor)\(unit)"
      rest %= factor
    }
    return out.isEmpty ? "0s" : out
  }

  private func split(
    _ text: String, wanted: String, units: String
  ) throws(StrictYAMLError) -> (number: Int64, unit: String) {
    let digits = text.prefix { Self.isDigit($0) }
    let unit = String(text.dropFirst(digits.count))
    if digits.isEmpty {
      throw error(
        "needs \(wanted), but is `\(Self.excerpt(text))`", remedy: "Write a number and one of \(units)")
    }
    if unit.isEmpty {
      throw error("\(wanted) needs a unit: `\(text)` has none", remedy: "Use one of \(units)")
    }
    if unit.hasPrefix(" ") {
      throw error(
        "there is a space in `\(Self.excerpt(text))`", remedy: "Write the unit right after the number")
    }
    if unit.hasPrefix(".") || unit.hasPrefix(",") {
      throw error(
        "`\(Self.excerpt(text))` is not whole", remedy: "Use a smaller unit in place of a fraction: 1536MiB")
    }
    guard let number = Int64(digits) else {
      throw error("`\(Self.excerpt(text))` is too large", remedy: "Use a larger unit, or less")
    }
    return (number, unit)
  }

  private func product(
    _ number: Int64, _ factor: Int64, of text: String, in range: ClosedRange<Int64>, unit: String
  ) throws(StrictYAMLError) -> Int64 {
    let (value, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow, range.contains(value) else {
      let bounds =
        range.upperBound == Int64.max
        ? "at least \(range.lowerBound)\(unit)" : "\(range.lowerBound)\(unit) to \(range.upperBound)\(unit)"
      throw error("`\(Self.excerpt(text))` is out of range", remedy: "Use \(bounds)")
    }
    return value
  }

  private static func isDigit(_ character: Character) -> Bool {
    character >= "0" && character <= "9" && character.isASCII
  }
}
