import DRKit

/// A minimal client of the Network Block Device protocol (fixed newstyle, simple replies, one request at a time) over a
/// unix socket: enough for a writer that stamps blocks. Blocking; used by one thread.
///
/// Source: the protocol's text (`NetworkBlockDevice/nbd`, `doc/proto.md`).
final class NBDClient {
  private enum Magic {
    static let server: UInt64 = 0x4e42_444d_4147_4943  // "NBDMAGIC"
    static let option: UInt64 = 0x4948_4156_454f_5054  // "IHAVEOPT"
    static let optionReply: UInt64 = 0x0003_e889_0455_65a9
    static let request: UInt32 = 0x2560_9513
    static let simpleReply: UInt32 = 0x6744_6698
  }

  private enum Command: UInt16 {
    case read = 0
    case write = 1
    case disconnect = 2
    case flush = 3
  }

  /// The export's size in bytes.
  let size: UInt64
  let isReadOnly: Bool
  private let socket: UnixSocket
  private let patience: TimeSpan
  private var lastHandle: UInt64 = 0

  /// Negotiates the export called `name` with `NBD_OPT_GO`.
  ///
  /// - Parameter patience: How long one request may take. A volume that has lost a brick answers late, not never.
  /// - Throws: `.refused` when the server does not know the export; `.malformed` when it is no such server.
  init(_ socket: UnixSocket, export name: String, patience: TimeSpan = .minutes(10)) throws(DRError) {
    self.socket = socket
    self.patience = patience
    let deadline = LabDeadline(in: .seconds(10))
    do throws(DRError) {
      (size, isReadOnly) = try Self.negotiate(socket, name, deadline)
    } catch {
      var named = error.during("open an NBD export")
      named.subject = name
      throw named
    }
  }

  private static func negotiate(
    _ socket: UnixSocket, _ name: String, _ deadline: LabDeadline
  ) throws(DRError) -> (UInt64, Bool) {
    func malformed(_ reason: String) -> DRError { DRError(.malformed, "open an NBD export", reason: reason) }

    var greeting = ByteReader(try socket.receive(exactly: 18, until: deadline))
    guard greeting.integer(UInt64.self) == Magic.server, greeting.integer(UInt64.self) == Magic.option else {
      throw malformed("the other side is no newstyle NBD server")
    }
    let offered = greeting.integer(UInt16.self)
    guard offered & 1 != 0 else { throw malformed("the server is not \"fixed\" newstyle") }

    var request: [UInt8] = []
    request.append(bigEndian: UInt32(offered & 3))
    request.append(bigEndian: Magic.option)
    request.append(bigEndian: UInt32(7))  // NBD_OPT_GO
    request.append(bigEndian: UInt32(4 + name.utf8.count + 2))
    request.append(bigEndian: UInt32(name.utf8.count))
    request += Array(name.utf8)
    request.append(bigEndian: UInt16(0))
    try socket.send(request, until: deadline)

    var found: (UInt64, Bool)?
    while true {
      var head = ByteReader(try socket.receive(exactly: 20, until: deadline))
      guard head.integer(UInt64.self) == Magic.optionReply, head.integer(UInt32.self) == 7 else {
        throw malformed("no option reply")
      }
      let kind = head.integer(UInt32.self)
      let length = Int(head.integer(UInt32.self))
      guard length <= 65_536 else { throw malformed("an option reply of \(length) bytes") }
      let payload = try socket.receive(exactly: length, until: deadline)
      switch kind {
      case 1:  // NBD_REP_ACK
        guard let found else { throw malformed("no size before the acknowledgement") }
        return found
      case 3 where length >= 12:  // NBD_REP_INFO
        var info = ByteReader(payload)
        if info.integer(UInt16.self) == 0 {  // NBD_INFO_EXPORT
          found = (info.integer(UInt64.self), info.integer(UInt16.self) & 2 != 0)
        }
      case 3: continue
      default:
        let words = String(decoding: payload, as: UTF8.self)
        throw DRError(
          .refused, "open an NBD export", reason: words.isEmpty ? "reply type \(kind & 0x7fff_ffff)" : words)
      }
    }
  }

  /// The reason of a `.refused` request. `code`: NBD's error numbers are Linux's.
  static func refusal(_ code: UInt32) -> String { "the server says error \(code)" }

  /// Writes all of `bytes` at `offset`; acknowledged, not yet durable.
  /// - Throws: `.refused` when the server reports an error, the connection being sound (an I/O error of the image below:
  ///   the write may be repeated); `.transient` when the connection is lost; `.timedOut`.
  func write(_ bytes: [UInt8], at offset: UInt64) throws(DRError) {
    try request(.write, offset: offset, length: UInt32(bytes.count), payload: bytes, answer: 0)
  }

  /// Makes every acknowledged write durable.
  func flush() throws(DRError) {
    try request(.flush, offset: 0, length: 0, payload: [], answer: 0)
  }

  func read(at offset: UInt64, count: Int) throws(DRError) -> [UInt8] {
    try request(.read, offset: offset, length: UInt32(count), payload: [], answer: count)
  }

  /// Says goodbye; the server answers nothing.
  func disconnect() throws(DRError) {
    try socket.send(head(.disconnect, offset: 0, length: 0), until: LabDeadline(in: .seconds(5)))
  }

  private func head(_ command: Command, offset: UInt64, length: UInt32) -> [UInt8] {
    lastHandle += 1
    var head: [UInt8] = []
    head.reserveCapacity(28 + Int(length))
    head.append(bigEndian: Magic.request)
    head.append(bigEndian: UInt16(0))
    head.append(bigEndian: command.rawValue)
    head.append(bigEndian: lastHandle)
    head.append(bigEndian: offset)
    head.append(bigEndian: length)
    return head
  }

  @discardableResult
  private func request(
    _ command: Command, offset: UInt64, length: UInt32, payload: [UInt8], answer: Int
  ) throws(DRError) -> [UInt8] {
    let deadline = LabDeadline(in: patience)
    let operation = "NBD \(command)"
    do throws(DRError) {
      try socket.send(head(command, offset: offset, length: length) + payload, until: deadline)
      var reply = ByteReader(try socket.receive(exactly: 16, until: deadline))
      guard reply.integer(UInt32.self) == Magic.simpleReply else {
        throw DRError(.malformed, operation, reason: "no simple reply")
      }
      let code = reply.integer(UInt32.self)
      guard reply.integer(UInt64.self) == lastHandle else {
        throw DRError(.malformed, operation, reason: "the reply answers another request")
      }
      guard code == 0 else {
        throw DRError(.refused, operation, "offset \(offset)", reason: Self.refusal(code))
      }
      return answer == 0 ? [] : try socket.receive(exactly: answer, until: deadline)
    } catch {
      throw error.during(operation)
    }
  }
}

/// Big-endian integers off the front of a byte string whose length was checked by whoever made it.
private struct ByteReader {
  private let bytes: [UInt8]
  private var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value {
    var value: Value = 0
    for _ in 0..<(Value.bitWidth / 8) {
      value = value << 8 | Value(truncatingIfNeeded: bytes[at])
      at += 1
    }
    return value
  }
}

extension [UInt8] {
  mutating func append(bigEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}
