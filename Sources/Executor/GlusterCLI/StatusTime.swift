import DRKit

/// The times of `status --xml`, which are in UTC whatever the nodes' zones: gsyncd hands glusterd local and UTC times, the
/// plain table shows the local ones, the XML the others (measured on 10.3 with `TZ=Europe/Vienna`, Tests/Lab/README.md d;
/// `checkpoint_time_utc` of gf_gsync_detailed_status_, also in the releases that say master and slave).
///
/// Without Foundation's calendars.
enum StatusTime {
  /// - Throws: `.malformed` for anything but `yyyy-MM-dd HH:mm:ss`.
  static func instant(_ text: String, _ path: String) throws(DRError) -> Instant {
    // An `Instant` counts nanoseconds: it ends in April 2262.
    guard let seconds = epochSeconds(text), seconds <= Int64.max / 1_000_000_000 else {
      throw DRError(
        .malformed, "read the geo-replication status", path, reason: "\"\(text)\" is no date and time",
        remedy: XMLTree.remedy)
    }
    return Instant(epochSeconds: seconds)
  }

  /// Seconds since 1970 of `yyyy-MM-dd HH:mm:ss` taken as UTC; nil for anything else. Years 1970...9999.
  static func epochSeconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 19, bytes[4] == 0x2d, bytes[7] == 0x2d, bytes[10] == 0x20, bytes[13] == 0x3a,
      bytes[16] == 0x3a
    else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      var value: Int64 = 0
      for byte in bytes[range] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      year >= 1970, (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    return days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
  }

  /// Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let y = month <= 2 ? year - 1 : year
    let era = y / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
