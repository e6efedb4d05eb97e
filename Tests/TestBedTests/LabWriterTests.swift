import DRKit
import Glibc
import Testing

@testable import TestBed

@Suite struct `The stamping writer` {
  /// Found on a real Gluster volume: a brick was killed, write-behind had acknowledged writes that never arrived, and said
  /// so with the next request only. A writer that repeated just that request left holes.
  @Test func `after an I/O error it repeats all that was not flushed yet`() throws {
    let place = try Directory()
    defer { place.remove() }
    let server = try ForgetfulServer(path: "\(place.path)/nbd", blocks: 512)
    let writer = try StampWriter(
      .init(socket: "\(place.path)/nbd", exports: ["only"], blocks: 512, rate: 1_000, flushEvery: 10))
    let deadline = LabDeadline(in: .seconds(30))
    while writer.statistics.lastSequence < 300 && !deadline.hasPassed {
      LabTime.sleep(nanoseconds: 10_000_000)
    }
    let end = writer.stop()
    #expect(end.hasEnded && end.failure == nil && end.lastSequence >= 300)
    #expect(end.ioErrors >= 2)
    let image = server.image
    let check = StampCheck.run(disk: 0, disks: 1, blocks: 512) { image[Int($0)] }
    #expect(check.isExact && check.lastSequence == end.lastSequence, "\(check)")
  }

  /// Seen once in CI's lab: the first read of an image just created on a sharded volume was refused with EINVAL.
  @Test func `EINVAL of the first reads passes`() throws {
    let place = try Directory()
    defer { place.remove() }
    let server = try ForgetfulServer(
      path: "\(place.path)/nbd", blocks: 512, readErrors: [UInt8(EINVAL), UInt8(EINVAL)])
    let writer = try StampWriter(.init(socket: "\(place.path)/nbd", exports: ["only"], blocks: 512))
    #expect(writer.stop().failure == nil)
    #expect(server.readErrorsLeft == 0)
  }

  @Test(arguments: [[UInt8(EIO)], [UInt8](repeating: UInt8(EINVAL), count: 20)])
  func `another error of the first read, or an EINVAL that stays, is told`(errors: [UInt8]) throws {
    let place = try Directory()
    defer { place.remove() }
    let server = try ForgetfulServer(path: "\(place.path)/nbd", blocks: 512, readErrors: errors)
    let error = try #require(throws: DRError.self) {
      try StampWriter(.init(socket: "\(place.path)/nbd", exports: ["only"], blocks: 512))
    }
    #expect(error.kind == .refused && error.reason == "the server says error \(errors[0])")
    #expect(server.readErrorsLeft == 0)
  }

  @Test func `a plan out of range is refused`() throws {
    for plan in [
      StampWriter.Plan(socket: "/nowhere", exports: []),
      .init(socket: "/nowhere", exports: ["a"], blocks: 100),
      .init(socket: "/nowhere", exports: ["a"], rate: 2_000),
    ] {
      let error = try #require(throws: DRError.self) { try StampWriter(plan) }
      #expect(error.kind == .unfit)
    }
  }
}

/// An NBD server with a write cache, which it loses at the third flush and, in mid-stream, at the 150th write.
private final class ForgetfulServer: Sendable {
  private struct State {
    var stored: [[UInt8]]
    var cache: [(block: Int, bytes: [UInt8])] = []
    var readErrors: [UInt8]
    var flushes = 0
    var writes = 0

    /// True: the cache is kept.
    mutating func remember(_ block: Int, _ bytes: [UInt8]) -> Bool {
      writes += 1
      guard writes != 150 else { return lose() }
      cache.append((block, bytes))
      return true
    }

    mutating func flush() -> Bool {
      flushes += 1
      guard flushes != 3 else { return lose() }
      for entry in cache { stored[entry.block] = entry.bytes }
      cache = []
      return true
    }

    private mutating func lose() -> Bool {
      cache = []
      return false
    }
  }

  private let state: Monitor<State>

  var image: [[UInt8]] { state.update { $0.stored } }

  var readErrorsLeft: Int { state.update { $0.readErrors.count } }

  /// - Parameter readErrors: What the first reads are answered with, one each.
  init(path: String, blocks: Int, readErrors: [UInt8] = []) throws {
    state = Monitor(
      State(
        stored: [[UInt8]](repeating: [UInt8](repeating: 0, count: Stamp.size), count: blocks),
        readErrors: readErrors))
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = try UnixSocket.address(path)
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0 && listen(listener, 1) == 0)
    try LabThread.detach("server") { [state] in
      let peer = UnixSocket(descriptor: accept(listener, nil, nil))
      close(listener)
      _ = try? Self.serve(peer, blocks, state)
    }
  }

  private static func serve(_ peer: UnixSocket, _ blocks: Int, _ state: Monitor<State>) throws(DRError) {
    let patience = LabDeadline(in: .minutes(2))
    func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
    try peer.say(Array("NBDMAGICIHAVEOPT".utf8) + [0, 3])
    _ = try peer.receive(exactly: 4 + 16 + 4 + "only".utf8.count + 2, until: patience)
    let header: [UInt8] = [0, 3, 0xe8, 0x89, 4, 0x55, 0x65, 0xa9, 0, 0, 0, 7]
    var size: [UInt8] = []
    size.append(bigEndian: UInt64(blocks * Stamp.size))
    try peer.say(
      header + [0, 0, 0, 3, 0, 0, 0, 12, 0, 0] + size + [0, 5] + header + [0, 0, 0, 1, 0, 0, 0, 0])
    while true {
      let request = try peer.receive(exactly: 28, until: patience)
      let (block, length) = (number(request[16..<24]) / Stamp.size, number(request[24..<28]))
      var error: UInt8 = 0
      var answer: [UInt8] = []
      switch request[7] {
      case 0:
        error = state.update { $0.readErrors.isEmpty ? 0 : $0.readErrors.removeFirst() }
        if error == 0 {
          answer = state.update { Array($0.stored[block..<(block + length / Stamp.size)].joined()) }
        }
      case 1:
        let bytes = try peer.receive(exactly: length, until: patience)
        if !state.update({ $0.remember(block, bytes) }) { error = UInt8(EIO) }
      case 3:
        if !state.update({ $0.flush() }) { error = UInt8(EIO) }
      default: return
      }
      try peer.say([0x67, 0x44, 0x66, 0x98, 0, 0, 0, error] + request[8..<16] + answer)
    }
  }
}
