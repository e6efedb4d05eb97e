import DRKit

/// An instant in the proleptic Gregorian calendar, UTC, to the millisecond (which is what the engine's database keeps).
struct CivilDate: Sendable, Hashable {
  let epochMilliseconds: Int64

  init(_ instant: Instant) {
    let nanoseconds = instant.nanoseconds
    let floor = nanoseconds / 1_000_000 - (nanoseconds % 1_000_000 < 0 ? 1 : 0)
    epochMilliseconds = floor
  }

  /// `2026-11-23T18:05:00.123Z`.
  var iso8601: String {
    let inDay = (epochMilliseconds % 86_400_000 + 86_400_000) % 86_400_000
    let day = (epochMilliseconds - inDay) / 86_400_000
    // Days to civil: H. Hinnant, "chrono-compatible low-level date algorithms".
    let z = day + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let dayOfMonth = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return "\(pad(year, 4))-\(pad(month, 2))-\(pad(dayOfMonth, 2))T\(pad(inDay / 3_600_000, 2)):"
      + "\(pad(inDay / 60_000 % 60, 2)):\(pad(inDay / 1_000 % 60, 2)).\(pad(inDay % 1_000, 3))Z"
  }

  private func pad(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
