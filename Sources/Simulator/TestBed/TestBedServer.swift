import DRKit
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Simulator

/// A test bed's HTTP server: `EngineREST` behind a loopback socket.
public struct TestBedServer: Sendable {
  /// Where to listen. Only loopback addresses are accepted: the bed has no TLS and gives its whole state to one password.
  public struct Address: Sendable, Hashable {
    public var host: String
    /// 0 for a free one.
    public var port: Int

    public init(host: String = "127.0.0.1", port: Int = 0) {
      self.host = host
      self.port = port
    }

    /// Reads `host:port`, or `[::1]:port`.
    public init?(_ text: String) {
      guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
        (0...65_535).contains(port)
      else { return nil }
      var host = String(text[..<colon])
      if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
      guard !host.isEmpty else { return nil }
      self.init(host: host, port: port)
    }

    public var isLoopback: Bool {
      if host == "localhost" || host == "::1" { return true }
      let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
      return parts.count == 4 && parts[0] == 127 && parts.allSatisfy { $0 != nil }
    }
  }

  /// Bytes of a request's body.
  public static let maximumBody = 1 << 20

  public let rest: EngineREST
  private let address: Address
  private let idleTimeout: TimeSpan
  private let onListening: @Sendable (Int) async -> Void

  /// - Parameters:
  ///   - model: the engine to serve.
  ///   - performer: does the engine's long work; nil for plain `delays`.
  ///   - sessionIdle: how long a login lasts without use.
  ///   - idleTimeout: of a connection.
  ///   - log: one line for each request, without secrets.
  ///   - onListening: told the bound port.
  /// - Throws: `.unfit` for an address that is not loopback.
  public init(
    model: EngineModel, performer: (any WorkPerformer)? = nil, delays: WorkDelays = WorkDelays(),
    listen address: Address = Address(), credentials: BedCredentials = .standard,
    sessionIdle: TimeSpan = .minutes(30), idleTimeout: TimeSpan = .seconds(60),
    log: @escaping @Sendable (String) -> Void = { _ in },
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) throws(DRError) {
    guard address.isLoopback else {
      throw DRError(
        .unfit, "start the test bed", address.host, reason: "not a loopback address",
        remedy: "listen on 127.0.0.1 or ::1")
    }
    rest = EngineREST(
      model: model, credentials: credentials, performer: performer, delays: delays, idle: sessionIdle,
      log: log)
    self.address = address
    self.idleTimeout = idleTimeout
    self.onListening = onListening
  }

  /// The same for a described site, with its delays.
  /// - Throws: also `.unfit` for a description that contradicts itself.
  public init(
    bed: BedDescription = .standard, performer: (any WorkPerformer)? = nil,
    listen address: Address = Address(), credentials: BedCredentials = .standard,
    sessionIdle: TimeSpan = .minutes(30), idleTimeout: TimeSpan = .seconds(60),
    log: @escaping @Sendable (String) -> Void = { _ in },
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) throws(DRError) {
    try self.init(
      model: try bed.model(now: WallClock.now), performer: performer, delays: bed.delays, listen: address,
      credentials: credentials, sessionIdle: sessionIdle, idleTimeout: idleTimeout, log: log,
      onListening: onListening)
  }

  /// Serves until the task is cancelled or, if `handlesSignals`, the process gets SIGTERM or SIGINT; running requests
  /// finish.
  public func run(handlesSignals: Bool = true) async throws {
    var logger = Logger(label: "testbed", factory: { _ in SwiftLogNoOpLogHandler() })
    logger.logLevel = .critical
    let server = HTTPServerBuilder.http1(
      configuration: .init(
        idleTimeout: .nanoseconds(idleTimeout.nanoseconds),
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100)))
    let onListening = onListening
    let application = Application(
      responder: BedResponder(rest: rest), server: server,
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port), serverName: "testbed"),
      onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) }, logger: logger)
    try await withThrowingTaskGroup { group in
      group.addTask { await rest.performWork() }
      group.addTask {
        if handlesSignals { try await application.runService() } else { try await application.run() }
      }
      defer { group.cancelAll() }
      // Work ends only by cancellation, so the first to return or throw is the server.
      try await group.next()
    }
  }
}

private struct BedResponder: HTTPResponder {
  typealias Context = BasicRequestContext
  let rest: EngineREST

  func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
    let buffer: ByteBuffer
    do {
      buffer = try await request.body.collect(upTo: TestBedServer.maximumBody)
    } catch {
      return Response(status: .contentTooLarge, headers: [.connection: "close"])
    }
    let answer = await rest.respond(
      to: BedRequest(
        request.method.rawValue, request.head.path ?? "/",
        headers: request.headers.map { ($0.name.rawName, $0.value) }, body: Array(buffer.readableBytesView)))
    var headers = HTTPFields()
    for header in answer.headers {
      if let name = HTTPField.Name(header.name) { headers.append(HTTPField(name: name, value: header.value)) }
    }
    return Response(
      status: HTTPResponse.Status(code: answer.status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
  }
}
