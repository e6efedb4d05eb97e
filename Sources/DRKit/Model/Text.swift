/// Values as humans read them. Own code: DRKit has no Foundation, and every build must print the same.
extension Instant {
  /// `2026-11-23T18:06:07Z`; the part below a second is cut off.
  public var text: String {
    let seconds = epochSeconds
    let day = seconds >= 0 ? seconds / 86_400 : -((-seconds + 86_399) / 86_400)
    let second = seconds - day * 86_400
    let (year, month, dayOfMonth) = Instant.civil(day)
    let clock = [second / 3_600, second / 60 % 60, second % 60].map { Instant.padded($0, 2) }.joined(
      separator: ":")
    return "\(Instant.padded(year, 4))-\(Instant.padded(month, 2))-\(Instant.padded(dayOfMonth, 2))T\(clock)Z"
  }

  /// `18:06:07`, UTC.
  public var clockText: String { String(text.dropFirst(11).dropLast()) }

  /// Days since 1970-01-01 to the proleptic Gregorian date (H. Hinnant, "chrono-compatible low-level date algorithms").
  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let z = days + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let mp = (5 * dayOfYear + 2) / 153
    let month = mp < 10 ? mp + 3 : mp - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * mp + 2) / 5 + 1)
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension TimeSpan {
  /// `850 ms`, `12.3 s`, `4m05s`, `2h03m`, `3d04h`.
  public var text: String {
    if nanoseconds < 0 { return "-" + TimeSpan(nanoseconds: -nanoseconds).text }
    func two(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }
    let seconds = wholeSeconds
    if nanoseconds < 1_000_000_000 { return "\(nanoseconds / 1_000_000) ms" }
    if seconds < 60 { return "\(seconds).\(nanoseconds / 100_000_000 % 10) s" }
    if seconds < 3_600 { return "\(seconds / 60)m\(two(seconds % 60))s" }
    if seconds < 86_400 { return "\(seconds / 3_600)h\(two(seconds / 60 % 60))m" }
    return "\(seconds / 86_400)d\(two(seconds / 3_600 % 24))h"
  }
}

/// A number of bytes as humans read it.
public enum ByteText {
  /// `512 B`, `3.4 MiB`, `10.0 TiB`.
  public static func of(_ bytes: Int64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB"]
    guard bytes >= 1_024 else { return "\(bytes) B" }
    // An exbibyte has no tenths in 64 bits.
    var tenths = bytes / 1_024 * 10 + bytes % 1_024 * 10 / 1_024
    var unit = 0
    while tenths >= 10_240, unit < units.count - 1 {
      tenths /= 1_024
      unit += 1
    }
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}

/// Words of others, made fit to be shown.
package enum OneLine {
  /// What a terminal obeys, or breaks a line at: control characters, separators, marks that turn the writing round.
  package static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f...0x9f, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }

  /// - Parameter limit: bytes of UTF-8; what is cut off is shown as `…`, which is not counted.
  /// - Returns: the text with a space for each line's end and tab, and `\u{fffd}` for all else that is obeyed.
  package static func of(_ text: String, limit: Int) -> String {
    if text.utf8.count <= limit, !text.unicodeScalars.contains(where: isObeyed) { return text }
    var out = String.UnicodeScalarView()
    var room = limit
    for old in text.unicodeScalars {
      let scalar = shown(old)
      room -= UTF8.width(scalar)
      if room < 0 {
        out.append("…")
        break
      }
      out.append(scalar)
    }
    return String(out)
  }

  private static func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x09, 0x0a, 0x0d: " "
    default: isObeyed(scalar) ? "\u{fffd}" : scalar
    }
  }
}
