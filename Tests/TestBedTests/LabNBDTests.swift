import DRKit
import Testing

@testable import TestBed

@Suite struct `NBD against a scripted server` {
  private static let hello = Array("NBDMAGICIHAVEOPT".utf8) + [0, 3]
  /// Flags, NBD_OPT_GO for the export "d1" without information requests.
  private static let go: [UInt8] =
    [0, 0, 0, 3] + Array("IHAVEOPT".utf8) + [0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 2] + Array("d1".utf8) + [0, 0]

  private static func reply(_ kind: [UInt8], _ payload: [UInt8]) -> [UInt8] {
    [0, 3, 0xe8, 0x89, 4, 0x55, 0x65, 0xa9, 0, 0, 0, 7] + kind + [0, 0, 0, UInt8(payload.count)] + payload
  }

  /// 1 MiB, flags: has flags, flush.
  private static let information = reply([0, 0, 0, 3], [0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 5])
  private static let acknowledgement = reply([0, 0, 0, 1], [])

  private static func open(_ peer: UnixSocket) throws(DRError) {
    try peer.say(hello)
    try peer.hear(go)
    // A block size, which nobody asked for, comes first.
    try peer.say(reply([0, 0, 0, 3], [0, 3, 0, 0, 0, 1, 0, 0, 16, 0, 2, 0, 0, 0]))
    try peer.say(information + acknowledgement)
  }

  private static func answer(_ handle: UInt8, error: UInt8 = 0) -> [UInt8] {
    [0x67, 0x44, 0x66, 0x98, 0, 0, 0, error, 0, 0, 0, 0, 0, 0, 0, handle]
  }

  private static func request(_ command: UInt8, handle: UInt8, offset: UInt8, length: UInt8) -> [UInt8] {
    [0x25, 0x60, 0x95, 0x13, 0, 0, 0, command, 0, 0, 0, 0, 0, 0, 0, handle]
      + [0, 0, 0, 0, 0, 0, offset, 0, 0, 0, 0, length]
  }

  @Test func `it negotiates, writes, flushes, reads and says goodbye in the protocol's bytes`() throws {
    let peer = try LabPeer { (peer) throws(DRError) in
      try Self.open(peer)
      try peer.hear(Self.request(1, handle: 1, offset: 2, length: 3) + [7, 8, 9])
      try peer.say(Array(Self.answer(1)[..<5]))
      try peer.say(Array(Self.answer(1)[5...]))
      try peer.hear(Self.request(3, handle: 2, offset: 0, length: 0))
      try peer.say(Self.answer(2))
      try peer.hear(Self.request(0, handle: 3, offset: 2, length: 3))
      try peer.say(Self.answer(3) + [7, 8, 9])
      try peer.hear(Self.request(2, handle: 4, offset: 0, length: 0))
    }
    let client = try NBDClient(peer.socket, export: "d1")
    #expect(client.size == 1 << 20 && !client.isReadOnly)
    try client.write([7, 8, 9], at: 512)
    try client.flush()
    #expect(try client.read(at: 512, count: 3) == [7, 8, 9])
    try client.disconnect()
    try peer.finish()
  }

  @Test func `an I/O error is a refusal and leaves the connection usable, a hang-up is not`() throws {
    let peer = try LabPeer { (peer) throws(DRError) in
      try Self.open(peer)
      try peer.hear(Self.request(1, handle: 1, offset: 0, length: 1) + [1])
      try peer.say(Self.answer(1, error: 28))
      try peer.hear(Self.request(1, handle: 2, offset: 0, length: 1) + [1])
      try peer.say(Self.answer(2))
      try peer.hear(Self.request(3, handle: 3, offset: 0, length: 0))
    }
    let client = try NBDClient(peer.socket, export: "d1")
    let refusal = try #require(throws: DRError.self) { try client.write([1], at: 0) }
    #expect(refusal.kind == .refused && refusal.reason.contains("28"))
    try client.write([1], at: 0)
    let gone = try #require(throws: DRError.self) { try client.flush() }
    #expect(gone.kind == .transient)
    try peer.finish()
  }

  @Test func `an answer to another request is malformed`() throws {
    let peer = try LabPeer { (peer) throws(DRError) in
      try Self.open(peer)
      try peer.hear(Self.request(3, handle: 1, offset: 0, length: 0))
      try peer.say(Self.answer(9))
    }
    let client = try NBDClient(peer.socket, export: "d1")
    let error = try #require(throws: DRError.self) { try client.flush() }
    #expect(error.kind == .malformed)
    try peer.finish()
  }

  @Test func `an unknown export is refused in the server's words`() throws {
    let peer = try LabPeer { (peer) throws(DRError) in
      try peer.say(Self.hello)
      try peer.hear(Self.go)
      try peer.say(Self.reply([0x80, 0, 0, 6], Array("export 'd1' not present".utf8)))
    }
    let error = try #require(throws: DRError.self) { try NBDClient(peer.socket, export: "d1") }
    #expect(error.kind == .refused && error.reason == "export 'd1' not present" && error.subject == "d1")
    try peer.finish()
  }

  @Test(arguments: [
    Array("NBDMAGIC\0\0\u{42}\u{2}".utf8) + [0x81, 0x86, 0x12, 0x53, 0, 0],
    Array("HTTP/1.1 400 Bad Request\r\n".utf8), Array("NBDMAGICIHAVEOPT".utf8) + [0, 0],
  ])
  func `what is no fixed newstyle server is malformed`(words: [UInt8]) throws {
    let peer = try LabPeer { (peer) throws(DRError) in try peer.say(words) }
    let error = try #require(throws: DRError.self) { try NBDClient(peer.socket, export: "d1") }
    #expect(error.kind == .malformed)
    try peer.finish()
  }
}
