import DRKit
import Simulator

/// The engine's web service as a value: its sessions; a request and the engine's model in, a response out, at one instant.
/// Routes, authentication, versions, content types and faults as in docs/real-systems.md, "Engine".
///
/// No clock, no waiting, no chance of its own but for its tokens: the test bed serves it in real time, the simulator in
/// virtual time.
public struct EngineService: Sendable {
  var sessions: BedSessions

  /// - Parameters:
  ///   - idle: how long a session may be idle.
  ///   - tokens: where the bearer tokens come from.
  public init(
    credentials: BedCredentials, idle: TimeSpan = .minutes(30), tokens: BedTokens = .random
  ) {
    sessions = BedSessions(credentials: credentials, idle: idle, tokens: tokens)
  }

  /// Ends every session, as a restart of the engine does.
  public mutating func endSessions() { sessions.endAll() }

  public mutating func respond(
    to request: BedRequest, engine: inout EngineModel, now: Instant
  ) -> BedResponse {
    var response = route(request, &engine, now)
    if let correlation = request.header("Correlation-Id") ?? request.parameter("correlation_id") {
      response.headers.append(("Correlation-Id", correlation.headerSafe))
    }
    return response
  }

  private mutating func route(
    _ request: BedRequest, _ engine: inout EngineModel, _ now: Instant
  ) -> BedResponse {
    var path = request.segments[...]
    guard path.popFirst() == "ovirt-engine" else { return .page(404, "Not Found") }
    switch path.popFirst() {
    case "sso":
      guard Array(path) == ["oauth", "token"] else { return .page(404, "Not Found") }
      return token(request, now)
    case "services":
      guard Array(path) == ["sso-logout"] else { return .page(404, "Not Found") }
      return logOut(request)
    case "api":
      guard isAuthenticated(request, now) else { return .unauthorized }
      return api(request, path, &engine, now)
    default:
      return .page(404, "Not Found")
    }
  }

  private func api(
    _ request: BedRequest, _ path: ArraySlice<String>, _ engine: inout EngineModel, _ now: Instant
  ) -> BedResponse {
    var path = path
    if let first = path.first, first.hasPrefix("v"), let version = Int(first.dropFirst()) {
      guard version == 4 else { return BedResponse(status: 400) }
      path.removeFirst()
    }
    if let version = request.header("Version"), version != "4" { return BedResponse(status: 400) }
    guard let face = Face(accept: request.header("Accept")) else { return BedResponse(status: 406) }
    let isAction = path.last == "updateovfstore" || request.method == "DELETE"
    let call = APICall(request: request, path: Array(path), engine: engine, now: now)
    do {
      return try answer(call, &engine).rendered(as: face)
    } catch {
      guard error.detail != nil else { return BedResponse(status: error.status) }
      let fault = EntityViews.fault(error, inAction: isAction)
      return Answer(status: error.status, document: fault).rendered(as: face)
    }
  }

  /// Reads go by method GET, everything else by verb and place.
  private func answer(_ call: APICall, _ engine: inout EngineModel) throws(EngineFault) -> Answer {
    switch call.request.method {
    case "GET": return try call.read()
    case "POST": return try create(call, &engine)
    case "DELETE": return try remove(call, &engine)
    default: throw EngineFault(status: 405, detail: nil)
    }
  }
}

extension String {
  /// Fit for a response header: visible ASCII and spaces, at most 50 characters (the database's column).
  fileprivate var headerSafe: String {
    String(decoding: utf8.filter { (0x20...0x7E).contains($0) }.prefix(50), as: UTF8.self)
  }
}
