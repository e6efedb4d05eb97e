import DRKit

/// One value of `gluster volume get`. Values that nobody set carry ` (DEFAULT)` since gluster 8, or are `(null)`.
struct VolumeOption {
  var name: String
  /// Without the remark; nil for `(null)` and nothing.
  var value: String?

  init(name: String, raw: String) {
    self.name = name
    var text = raw
    if text.hasSuffix("(DEFAULT)") { text.removeLast("(DEFAULT)".count) }
    while text.last == " " { text.removeLast() }
    value = text.isEmpty || text == "(null)" ? nil : text
  }

  /// gluster's words for a switch (`gf_string2boolean`).
  func flag(default fallback: Bool) throws(DRError) -> Bool {
    switch value?.lowercased() {
    case nil: return fallback
    case "on", "yes", "true", "enable", "1": return true
    case "off", "no", "false", "disable", "0": return false
    default: throw malformed("a switch")
    }
  }

  /// Bytes: a number with nothing or one of `KB`, `MB`, `GB`, `TB`, `PB`, which are powers of 1024 to gluster
  /// (`gf_string2bytesize`).
  func bytes(default fallback: Int64) throws(DRError) -> Int64 {
    guard let (number, unit) = parts else { return fallback }
    let shift: Int64
    switch unit {
    case "", "b": shift = 0
    case "k", "kb": shift = 10
    case "m", "mb": shift = 20
    case "g", "gb": shift = 30
    case "t", "tb": shift = 40
    case "p", "pb": shift = 50
    default: throw malformed("a size")
    }
    guard let count = Int64(number), count >= 0, count <= Int64.max >> shift else {
      throw malformed("a size")
    }
    return count << shift
  }

  /// Seconds, or with `s`, `m`, `h`, `d`, `w` (and gluster's longer forms).
  /// - Parameter limit: the longest that makes sense; more is `.malformed`.
  func time(default fallback: TimeSpan, atMost limit: TimeSpan = .hours(24)) throws(DRError) -> TimeSpan {
    guard let (number, unit) = parts else { return fallback }
    let seconds: Int64
    switch unit {
    case "", "s", "sec", "secs": seconds = 1
    case "m", "min", "mins": seconds = 60
    case "h", "hr", "hrs": seconds = 3_600
    case "d", "day", "days": seconds = 86_400
    case "w", "wk", "week", "weeks": seconds = 604_800
    default: throw malformed("a time")
    }
    guard let count = Int64(number), count >= 0, count <= limit.wholeSeconds / seconds else {
      throw malformed("a time of at most \(limit.wholeSeconds) s")
    }
    return .seconds(count * seconds)
  }

  private var parts: (number: String, unit: String)? {
    guard let value else { return nil }
    let digits = value.prefix { $0.isASCII && $0.isNumber }
    let unit = value.dropFirst(digits.count).drop { $0 == " " }
    return (String(digits), unit.lowercased())
  }

  private func malformed(_ wanted: String) -> DRError {
    DRError(
      .malformed, "read a volume option", name, reason: "\"\(value ?? "")\" is not \(wanted)",
      remedy: XMLTree.remedy)
  }
}
