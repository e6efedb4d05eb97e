import DRKit

/// The engine's log, read. The engine gives it newest first, after an index that it leaves out, and with `max` no more than
/// that; `page N` in the search text has the next ones (docs/real-systems.md, "Engine", Events). What comes meanwhile pushes
/// the rest on by as many: rows are seen twice then, never missed.
extension OVirtManager {
  /// Rows of a page: about half a mebibyte of JSON.
  static let logPage = 500
  /// A log that grew by more than this since the cut is not read.
  static let logPages = 40

  public func newestEvent() async throws(DRError) -> Int64 {
    let call = CallName("find the newest event")
    let rows = try await read("/events", query: [.init("max", "1")], call).list("event")
    var newest: Int64 = 0
    for row in rows { newest = max(newest, try Self.index(of: row)) }
    return newest
  }

  public func machineEvents(after index: Int64) async throws(DRError) -> [MachineEvent] {
    let call = CallName("read the events", "after \(index)")
    var found: [Int64: MachineEvent] = [:]
    for page in 1...Self.logPages {
      var query = [OVirtRequest.Item("max", "\(Self.logPage)")]
      // One more than is wanted: the event that was the newest must be there still, or the log is another one.
      if index > 1 { query.append(.init("from", "\(index - 1)")) }
      if page > 1 { query.append(.init("search", "page \(page)")) }
      let rows = try await read("/events", query: query, call).list("event")
      var isWhole = false
      for row in rows {
        let number = try Self.index(of: row)
        if number <= index {
          isWhole = isWhole || number == index
        } else {
          found[number] = try Self.event(row, number)
        }
      }
      if isWhole || (index == 0 && rows.count < Self.logPage) {
        return found.values.sorted { $0.index < $1.index }
      }
      if rows.count < Self.logPage {
        throw call.error(
          .missing, "the engine's log does not reach back to that event",
          "Events of a run stay if nobody dismisses them or sets the engine's database back while it lasts")
      }
    }
    throw call.error(
      .refused, "there are more than \(Self.logPages * Self.logPage)",
      "See what fills the engine's log so fast")
  }

  private static func index(of row: JSONField) throws(DRError) -> Int64 {
    // The same number twice (E types `EventMapper.java`).
    let field = row["index"].isPresent ? row["index"] : row["id"]
    guard let number = try field.optionalInteger() else { throw field.malformed("is missing") }
    guard number > 0 else { throw field.malformed("is no event's number: \(number)") }
    return number
  }

  /// Nil for what is about no machine, or none of what a run has to know.
  private static func event(_ row: JSONField, _ index: Int64) throws(DRError) -> MachineEvent? {
    guard let code = try row["code"].optionalInteger() else { throw row["code"].malformed("is missing") }
    guard let kind = kind(ofCode: code), let machine = try row["vm"]["id"].optionalID(VirtualMachineID.self)
    else { return nil }
    return MachineEvent(
      index: index, kind: kind, machine: machine, at: try row["time"].instant(),
      correlationID: try row["correlation_id"].optionalText(),
      text: try row["description"].optionalText() ?? "")
  }

  /// C `AuditLogType.java`, with the words of its `AuditLogMessages.properties`.
  static func kind(ofCode code: Int64) -> MachineEvent.Kind? {
    switch code {
    // Started by a user, running (also on another host than the preferred one, or stateless), restarted by the engine, resumed.
    case 153, 32, 152, 538, 506, 537, 40: .started
    // Down, down with an error, powered off, not gracefully, with its host's reboot, as part of a cold reboot, suspended.
    case 61, 119, 33, 76, 143, 9611, 503: .stopped
    case 63: .migrated
    // Completed; completed though the guest does not write to it.
    case 68, 170: .snapshotTaken
    // Deleted, in part, of one disk.
    case 356, 359, 375: .snapshotRemoved
    // Added, attached, plugged.
    case 97, 2016, 2000: .diskAttached
    // Detached, unplugged, removed.
    case 2018, 2002, 80: .diskDetached
    default: nil
    }
  }
}

extension JSONField {
  /// A date, which the engine writes as milliseconds of the epoch.
  func instant() throws(DRError) -> Instant {
    guard let milliseconds = try optionalInteger() else { throw malformed("is missing") }
    let (nanoseconds, isTooMuch) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    if isTooMuch { throw malformed("is no date: \(milliseconds)") }
    return Instant(nanoseconds: nanoseconds)
  }
}
