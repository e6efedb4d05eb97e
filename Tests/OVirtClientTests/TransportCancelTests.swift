import DRKit
import Testing

@testable import OVirtClient

@Suite("A transport whose callers give up", .needsOpenSSL, .timeLimit(.minutes(10)))
struct TransportCancelTests {
  /// Where a request stands when it is given up.
  enum Stage: CaseIterable {
    case beforeTheStart
    case inTheHandshake
    case waitingForTheHead
    case withinTheHead
    case withinTheBody

    var steps: [MisbehavingServer.Step] {
      switch self {
      case .beforeTheStart, .inTheHandshake, .waitingForTheHead: []
      case .withinTheHead: [.send("HTTP/1.1 200 OK\r\nX: y")]
      case .withinTheBody: [.send("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"), .flood(100_000)]
      }
    }
  }

  @Test(
    "Cancelling ends a request at every stage, and the next one works", arguments: TransportKind.allCases,
    Stage.allCases)
  func stages(kind: TransportKind, stage: Stage) async throws {
    let server = try await MisbehavingServer(silentHandshakes: stage == .inTheHandshake ? 1 : 0) {
      number, _ in
      number == 0 && stage != .beforeTheStart ? stage.steps : MisbehavingServer.ok("{}")
    }
    let transport = try makeTransport(kind, server)
    let task = Task {
      if stage == .beforeTheStart { while !Task.isCancelled { await Task.yield() } }
      return await outcome(transport, OVirtRequest(.get, "/x"))
    }
    if stage != .beforeTheStart {
      while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
      // Time for the steps to arrive; if they do not, the stage is the one before.
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(stage != .inTheHandshake || server.requests.first?.utf8.first == 0x16, "a TLS hello")
    task.cancel()
    #expect(await task.value == .failure(.cancelled))
    if stage == .inTheHandshake {
      // The library goes on with the handshake, and gives the connection to whoever comes next: who then shares its end, soon.
      let next = await outcome(transport, OVirtRequest(.get, "/x"))
      #expect(next == .failure(.unreachable("the TLS handshake took longer than 10 s")))
    }
    #expect(try await transport.send(OVirtRequest(.get, "/x")).status == 200)
    await transport.shutdown()
    await server.stop()
  }

  @Test(
    "Cancelling ends a request whose connect nobody answers, and the next one works",
    arguments: TransportKind.allCases)
  func unansweredConnect(kind: TransportKind) async throws {
    let closed = try UnansweredPort()
    let transport = try makeTransport(kind, "https://127.0.0.1:\(closed.port)")
    let waiting = try closed.waiting()
    let tasks = (0..<3).map { _ in Task { await outcome(transport, OVirtRequest(.get, "/x")) } }
    try await closed.more(3, than: waiting)
    let clock = ContinuousClock()
    let start = clock.now
    for task in tasks { task.cancel() }
    for task in tasks { #expect(await task.value == .failure(.cancelled)) }
    // Well within the 10 s that the connect itself may take.
    #expect(clock.now - start < .seconds(8))
    closed.drain()
    let server = try await MisbehavingServer(on: closed.descriptor) { _, _ in MisbehavingServer.ok("{}") }
    #expect(try await transport.send(OVirtRequest(.get, "/x")).status == 200)
    await transport.shutdown()
    await server.stop()
  }

  @Test("A shutdown does not wait for a connect that nobody answers", arguments: TransportKind.allCases)
  func shutdownInConnect(kind: TransportKind) async throws {
    let closed = try UnansweredPort()
    let transport = try makeTransport(kind, "https://127.0.0.1:\(closed.port)")
    let waiting = try closed.waiting()
    let task = Task { await outcome(transport, OVirtRequest(.get, "/x")) }
    try await closed.more(1, than: waiting)
    let clock = ContinuousClock()
    let start = clock.now
    await transport.shutdown()
    guard case .failure = await task.value else {
      Issue.record("a reply from nobody")
      return
    }
    #expect(clock.now - start < .seconds(60))
    closed.release()
  }

  @Test(
    "Cancelling at the very moment of the reply gives a reply or `.cancelled`, 300 times",
    arguments: TransportKind.allCases)
  func race(kind: TransportKind) async throws {
    let server = try await MisbehavingServer { _, _ in MisbehavingServer.ok("{}") }
    let transport = try makeTransport(kind, server)
    for round in 0..<300 {
      let task = Task { await outcome(transport, OVirtRequest(.get, "/x")) }
      // From at once to well after the reply.
      for _ in 0..<(round % 60) * 4 { await Task.yield() }
      if round.isMultiple(of: 7) { try await Task.sleep(for: .microseconds(round * 5)) }
      task.cancel()
      switch await task.value {
      case .success(let reply): #expect(reply.status == 200 && reply.body == Array("{}".utf8))
      case .failure(let error): #expect(error == .cancelled)
      }
    }
    #expect(try await transport.send(OVirtRequest(.get, "/x")).status == 200)
    await transport.shutdown()
    await server.stop()
  }

  @Test(
    "Cancels at the moment of the reply, by many callers at once, never wait for each other",
    arguments: TransportKind.allCases)
  func races(kind: TransportKind) async throws {
    let server = try await MisbehavingServer { _, _ in MisbehavingServer.ok("{}") }
    let transport = try makeTransport(kind, server)
    let ended = await withTaskGroup(of: Int.self) { group in
      for caller in 0..<16 { group.addTask { await Self.racer(caller, transport) } }
      return await group.reduce(0, +)
    }
    #expect(ended == 16 * 100)
    #expect(try await transport.send(OVirtRequest(.get, "/x")).status == 200)
    await transport.shutdown()
    await server.stop()
  }

  /// How many of its requests ended as they may.
  private static func racer(_ caller: Int, _ transport: any OVirtTransport) async -> Int {
    var ended = 0
    for round in 0..<100 {
      let task = Task { await outcome(transport, OVirtRequest(.get, "/x")) }
      for _ in 0..<(round * 7 + caller) % 90 { await Task.yield() }
      task.cancel()
      switch await task.value {
      case .success(let reply): if reply.body == Array("{}".utf8) { ended += 1 }
      case .failure(let error): if error == .cancelled { ended += 1 }
      }
    }
    return ended
  }

  @Test(
    "Many callers at once each get their own reply, while others give up", arguments: TransportKind.allCases)
  func crowd(kind: TransportKind) async throws {
    let server = try await MisbehavingServer { _, request in
      MisbehavingServer.ok(String(request.dropFirst(5).prefix { $0 != " " }))
    }
    let transport = try makeTransport(kind, server)
    let replies = await withTaskGroup(of: Int.self) { group in
      for number in 0..<400 { group.addTask { await Self.crowdMember(number, transport) } }
      return await group.reduce(0, +)
    }
    #expect(replies >= 300)
    await transport.shutdown()
    await server.stop()
  }

  /// 1 for a reply.
  private static func crowdMember(_ number: Int, _ transport: any OVirtTransport) async -> Int {
    let task = Task { await outcome(transport, OVirtRequest(.get, "/\(number)")) }
    if number.isMultiple(of: 4) { task.cancel() }
    switch await task.value {
    case .success(let reply):
      #expect(reply.body == Array("\(number)".utf8))
      return 1
    case .failure(let error):
      #expect(error == .cancelled && number.isMultiple(of: 4), "\(error)")
      return 0
    }
  }

  @Test(
    "A shutdown in mid-request ends it with an error; nothing waits for ever",
    arguments: TransportKind.allCases)
  func shutdownInRequest(kind: TransportKind) async throws {
    let server = try await MisbehavingServer { _, _ in [] }
    let transport = try makeTransport(kind, server)
    let task = Task { await outcome(transport, OVirtRequest(.get, "/x")) }
    while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    await transport.shutdown()
    guard case .failure = await task.value else {
      Issue.record("a reply from a silent server")
      return
    }
    await server.stop()
  }

  @Test("A reset before, within the head and within the body is truncated", arguments: TransportKind.allCases)
  func reset(kind: TransportKind) async throws {
    for head in ["", "HTTP/1.1 200 OK\r\nX:", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"] {
      let result = try await outcome(kind, of: [.send(head), .pause(.milliseconds(50)), .reset])
      guard case .failure(.truncated) = result else {
        Issue.record("\(head): \(result)")
        continue
      }
    }
  }

  @Test("A head without end is garbled", arguments: TransportKind.allCases)
  func endlessHead(kind: TransportKind) async throws {
    let result = try await outcome(kind, of: [.send("HTTP/1.1 200 OK\r\nX: "), .flood(5_000_000)])
    guard case .failure(.garbled) = result else {
      Issue.record("\(result)")
      return
    }
  }
}
