import DRKit

/// An event of a QEMU monitor: its name (`JOB_STATUS_CHANGE`) and its `data`.
struct QMPEvent: Hashable, Sendable {
  var name: String
  var data: LabJSON
}

/// The QEMU Machine Protocol over a unix socket: one JSON object a line, answers matched by id, events kept in order.
///
/// Blocking, and used by one thread: an answer is read by whoever asked. QEMU buffers what nobody reads yet
/// (the few job events of an idle daemon), so that no thread needs to sit and listen. Real answers:
/// docs/real-systems.md, "QEMU".
final class QMPConnection {
  /// Events that nobody waited for are dropped, oldest first, beyond this number.
  private static let keptEvents = 4_096
  private static let longestLine = 1 << 20

  private let socket: UnixSocket
  private var unread: [UInt8] = []
  private var events: [QMPEvent] = []
  private var lastID: Int64 = 0

  /// Reads the greeting and leaves capability negotiation.
  /// - Throws: `.timedOut`; `.malformed` when the other side is no QEMU monitor.
  init(_ socket: UnixSocket, until deadline: LabDeadline) throws(DRError) {
    self.socket = socket
    let greeting = try message(until: deadline)
    guard greeting["QMP"] != nil else {
      throw DRError(.malformed, "read the QMP greeting", reason: "got \(greeting)")
    }
    _ = try execute("qmp_capabilities", within: .seconds(10))
  }

  /// Sends a command and returns its `return`.
  ///
  /// - Throws: `.refused` with `class: desc` as its reason when QEMU says no, `.timedOut`, `.transient` when the connection
  ///   is gone. After a time-out the command may still take effect; its late answer is dropped.
  @discardableResult
  func execute(_ command: String, _ arguments: LabJSON? = nil, within span: TimeSpan = .seconds(60))
    throws(DRError)
    -> LabJSON
  {
    lastID += 1
    var members: [LabJSON.Member] = [.init(name: "execute", value: .string(command))]
    if let arguments { members.append(.init(name: "arguments", value: arguments)) }
    members.append(.init(name: "id", value: .integer(lastID)))
    let deadline = LabDeadline(in: span)
    do throws(DRError) {
      try socket.send(Array("\(LabJSON.object(members))\n".utf8), until: deadline)
      while true {
        let answer = try message(until: deadline)
        if keep(answer) { continue }
        guard answer["id"]?.integer == lastID else { continue }
        if let value = answer["return"] { return value }
        let error = answer["error"]
        let reason = "\(error?["class"]?.string ?? "no class"): \(error?["desc"]?.string ?? "\(answer)")"
        throw DRError(.refused, "QMP \(command)", reason: reason)
      }
    } catch {
      throw error.operation.hasPrefix("QMP") ? error : error.during("QMP \(command)")
    }
  }

  /// Takes the first event that matches out of the queue, waiting for it if it has not come yet.
  /// - Throws: `.timedOut`, naming what was waited for.
  func event(
    _ purpose: String, within span: TimeSpan, where matches: (QMPEvent) -> Bool
  ) throws(DRError) -> QMPEvent {
    let deadline = LabDeadline(in: span)
    do throws(DRError) {
      while true {
        if let index = events.firstIndex(where: matches) { return events.remove(at: index) }
        _ = keep(try message(until: deadline))
      }
    } catch {
      throw error.during("wait for \(purpose)")
    }
  }

  /// Queues a message if it is an event.
  private func keep(_ message: LabJSON) -> Bool {
    guard let name = message["event"]?.string else { return false }
    events.append(QMPEvent(name: name, data: message["data"] ?? .null))
    if events.count > Self.keptEvents { events.removeFirst() }
    return true
  }

  private func message(until deadline: LabDeadline) throws(DRError) -> LabJSON {
    while true {
      if let end = unread.firstIndex(of: 0x0a) {
        let line = unread[..<end]
        defer { unread.removeSubrange(...end) }
        return try LabJSON(parsing: line)
      }
      guard unread.count < Self.longestLine else {
        throw DRError(.malformed, "read QMP", reason: "a line of more than \(Self.longestLine) bytes")
      }
      unread += try socket.receive(upTo: 65_536, until: deadline)
    }
  }
}

extension DRError {
  /// The same failure, told as part of what was being done.
  func during(_ operation: String) -> DRError {
    var copy = self
    copy.operation = operation
    return copy
  }
}
