import DRKit

/// An oVirt 4 engine as DRKit's `VirtualizationManager`, over its REST API in JSON.
///
/// JSON rather than XML: no parser of untrusted C code, and the same documents (R `json/JSONProvider.java`).
/// Each port call is one request, but for the update of OVF_STORE, which waits for its job, and a doubtful
/// event, which is looked up. What the engine does is in docs/real-systems.md, "Engine", with the letters
/// used for its sources.
public struct OVirtManager: VirtualizationManager {
  /// Sent as `Correlation-Id` with every request of the task: the engine stores it on its jobs and events. Takes
  /// precedence over the manager's own.
  @TaskLocal public static var correlationID: String?

  let session: OVirtSession
  let clock: any DRClock
  private let correlationID: String?

  /// - Parameters:
  ///   - clock: paces the polls of a job.
  ///   - correlationID: used where the task has none; usually the run's id.
  public init(session: OVirtSession, clock: any DRClock, correlationID: String? = nil) {
    self.session = session
    self.clock = clock
    self.correlationID = correlationID
  }

  /// The usual way: a manager with a session and a transport of its own. Call `close()` at the end.
  /// - Throws: `.unfit` for a bad URL or CA file. Nothing is sent yet.
  public init(
    url: String, authority: CertificateAuthority, credentials: OVirtCredentials, clock: any DRClock,
    transport kind: TransportKind = .standard, correlationID: String? = nil
  ) throws(DRError) {
    let address = try EngineAddress(url: url)
    let transport = try kind.make(address: address, authority: authority)
    self.init(
      session: OVirtSession(address: address, credentials: credentials, transport: transport), clock: clock,
      correlationID: correlationID)
  }

  /// Logs out and closes the connections.
  public func close() async { await session.close() }

  /// Logs in, if need be, and asks for the API's root: proves URL, trust and credentials in one go.
  /// - Returns: the engine's full version, such as `4.5.5-1.el9`; empty if it does not say.
  public func checkAccess() async throws(DRError) -> String {
    let root = try await read("", CallName("reach the engine's API"))
    return try root["product_info"]["version"]["full_version"].optionalText() ?? ""
  }

  // MARK: - Requests

  /// `GET {api}/path`; nothing but 200 is success.
  func read(
    _ path: String, query: [OVirtRequest.Item] = [], _ call: CallName
  ) async throws(DRError) -> JSONField {
    let reply = try await send(.get, path, query: query, nil, call)
    guard reply.status == 200 else { throw EngineFault.error(reply, call) }
    return try JSONField(reply.body, contentType: reply.header("Content-Type"), call)
  }

  /// As `read`, with nil for what does not exist.
  func readIfPresent(_ path: String, _ call: CallName) async throws(DRError) -> JSONField? {
    do throws(DRError) {
      return try await read(path, call)
    } catch {
      if error.kind == .missing { return nil }
      throw error
    }
  }

  /// `POST`, or another method that changes things; 200, 201 and 202 are success unless the answer holds a fault.
  func change(
    _ method: OVirtRequest.Method, _ path: String, _ body: JSONValue?, _ call: CallName
  ) async throws(DRError) -> OVirtReply {
    let reply = try await send(method, path, body, call)
    guard (200...202).contains(reply.status) else { throw EngineFault.error(reply, call) }
    try EngineFault.check(action: reply, call)
    return reply
  }

  private func send(
    _ method: OVirtRequest.Method, _ path: String, query: [OVirtRequest.Item] = [], _ body: JSONValue?,
    _ call: CallName
  ) async throws(DRError) -> OVirtReply {
    var request = OVirtRequest(method, "/ovirt-engine/api" + path, query: query, body: body?.encoded)
    if let id = Self.headerID(Self.correlationID ?? correlationID) {
      request.headers.append(.init("Correlation-Id", id))
    }
    return try await session.send(request, call)
  }

  /// What the engine accepts as correlation id: at most 50 letters, digits, `-`, `_`; others are dropped.
  private static func headerID(_ text: String?) -> String? {
    guard let text else { return nil }
    let kept = text.unicodeScalars.filter {
      $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "-" || $0 == "_")
    }
    let id = String(String.UnicodeScalarView(kept.prefix(50)))
    return id.isEmpty ? nil : id
  }
}
