import DRKit
import Synchronization

/// Turns the times of a status, which are local to the node and name no zone, into instants.
///
/// Every node writes its rows in its own zone; we ask the zone of the node that the runner reaches, so the primary's nodes
/// must share one (preflight material: gluster can't say). Asked by `date` through the same runner, once for every
/// wall-clock hour that turns up, so that a change to or from summer time is seen; in the hour that occurs twice, `date`
/// picks one and the result may be an hour off.
final class NodeClock: Sendable {
  private let runner: any CommandRunner
  private let deadline: TimeSpan
  /// Offset from UTC in seconds, by `yyyy-MM-dd HH`.
  private let offsets = Mutex<[String: Int64]>([:])

  init(runner: any CommandRunner, deadline: TimeSpan) {
    self.runner = runner
    self.deadline = deadline
  }

  /// - Parameter text: `yyyy-MM-dd HH:mm:ss`.
  /// - Throws: `.malformed`; what the runner throws.
  func instant(_ text: String) async throws(DRError) -> Instant {
    guard let local = CivilTime.epochSeconds(text) else {
      throw DRError(
        .malformed, "read a time of the geo-replication status", reason: "\"\(text)\" is no date and time")
    }
    let hour = String(text.prefix(13))
    if let known = offsets.withLock({ $0[hour] }) { return Instant(epochSeconds: local - known) }
    let offset = try await ask(text)
    offsets.withLock { known in
      // A status shows times of the last hours: a year of them is plenty.
      if known.count > 10_000 { known.removeAll() }
      known[hour] = offset
    }
    return Instant(epochSeconds: local - offset)
  }

  private func ask(_ text: String) async throws(DRError) -> Int64 {
    // GNU date knows the offset *at* that time; one that can't read `-d` still knows today's.
    for arguments in [["-d", text, "+%z"], ["+%z"]] {
      let result = try await runner.run(Command("date", arguments, deadline: deadline, outputLimit: 4096))
      if result.isSuccess, let offset = CivilTime.offset(result.text) { return offset }
    }
    throw DRError(
      .malformed, "ask for the node's time zone", reason: "`date +%z` gives no offset",
      remedy: "see what `date +%z` says on the primary node")
  }
}

/// Dates without Foundation's calendars.
enum CivilTime {
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

  /// Seconds east of UTC of `+hhmm`; nil for anything else.
  static func offset(_ text: String) -> Int64? {
    let bytes = Array(text.utf8.prefix { $0 > 0x20 })
    guard bytes.count == 5, bytes[0] == 0x2b || bytes[0] == 0x2d,
      bytes[1...].allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    let digits = bytes[1...].map { Int64($0 - 0x30) }
    let seconds = (digits[0] * 10 + digits[1]) * 3_600 + (digits[2] * 10 + digits[3]) * 60
    guard seconds <= 15 * 3_600 else { return nil }
    return bytes[0] == 0x2d ? -seconds : seconds
  }
}
